/** Copies a text as it is, and says that it did. */
import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { texts } from "../texts.ts";

/** How long it says so, in milliseconds. */
const saidForMs = 2_000;

/** A button that copies `text`; where the browser refuses, it says that instead. */
export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const [said, setSaid] = useState<"copied" | "refused" | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), saidForMs);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setSaid("copied"),
      () => setSaid("refused"),
    );
  const words = said === null ? (label ?? texts.items.copy) : texts.items[said];
  return (
    <button type="button" className="quiet" title={words} onClick={() => void copy()}>
      {said === "copied" ? (
        <Check aria-hidden="true" size={14} />
      ) : (
        <Copy aria-hidden="true" size={14} />
      )}
      <span className="hidden" aria-live="polite">
        {words}
      </span>
    </button>
  );
}
