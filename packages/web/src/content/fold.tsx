/** Something folded behind a line; what is inside exists only while it is open. */
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { useFold } from "./fold-memory.ts";

type Props = {
  /** Its name within the item. */
  readonly name: string;
  readonly className?: string;
  readonly summary: ReactNode;
  readonly isOpenAtFirst?: boolean;
  readonly children: ReactNode;
};

/** A `<details>` that remembers whether it is open. */
export function Fold({ name, className = "", summary, isOpenAtFirst = false, children }: Props) {
  const [isOpen, setOpen] = useFold(name, isOpenAtFirst);
  return (
    <details
      className={`fold ${className}`}
      open={isOpen}
      onToggle={(event) => {
        // Those of folds inside bubble up in React.
        if (event.target === event.currentTarget) setOpen(event.currentTarget.open);
      }}
    >
      <summary>
        <ChevronRight className="fold-mark" aria-hidden="true" size={14} />
        {summary}
      </summary>
      {isOpen && <div className="fold-body">{children}</div>}
    </details>
  );
}
