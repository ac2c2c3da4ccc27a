/** What can be done with the open thread: a menu, and while it runs a button that ends the run. */
import type { Thread } from "@spool/protocol/resources";
import { CircleStop, Ellipsis } from "lucide-react";
import { texts } from "../texts.ts";
import { Menu } from "../ui/menu.tsx";
import { titleOf } from "./actions.ts";
import { ThreadMenuItems } from "./thread-menu-items.tsx";
import { useActions, usePending } from "./use-actions.ts";
import "./thread-actions.css";

/** For the head of the thread. */
export function ThreadActions({ thread }: { readonly thread: Thread }) {
  const actions = useActions();
  const isCancelling = usePending("cancel", thread.id);
  const label = isCancelling ? texts.actions.cancelling : texts.actions.cancelRun;
  return (
    <span className="thread-actions">
      {thread.activeRunId !== null && (
        <button
          type="button"
          className="cancel-run"
          disabled={isCancelling}
          onClick={() => void actions.cancelRun(thread)}
        >
          <CircleStop aria-hidden="true" size={16} />
          <span className="label">{label}</span>
        </button>
      )}
      <Menu
        label={texts.actions.menuOf(titleOf(thread))}
        button={<Ellipsis aria-hidden="true" size={18} />}
      >
        <ThreadMenuItems thread={thread} isWhole />
      </Menu>
    </span>
  );
}
