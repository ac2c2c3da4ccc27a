/** Keys that count anywhere on the page, unless somebody is typing or a dialog or menu is open. */
import { useEffect, useState } from "react";
import { useActions } from "../actions/use-actions.ts";
import { useServices } from "../live/services.ts";
import { ShortcutsDialog } from "./shortcuts-dialog.tsx";
import { backToList } from "./use-focus-flow.ts";

/** `?` shows the keys, `z` undoes what was just archived, Escape goes back to the list. */
export function GlobalKeys() {
  const { address } = useServices();
  const { toasts } = useActions();
  const [isHelpOpen, setHelpOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isElsewhere(event)) return;
      if (event.key === "?") setHelpOpen(true);
      else if (event.key === "z") toasts.actOnNewest();
      else if (event.key === "Escape") backToList(address);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [address, toasts]);
  return isHelpOpen ? <ShortcutsDialog onClose={() => setHelpOpen(false)} /> : null;
}

/** Whether the key is for a field, a dialog, a menu or the browser. */
function isElsewhere({ target, altKey, ctrlKey, metaKey, isComposing }: KeyboardEvent): boolean {
  if (altKey || ctrlKey || metaKey || isComposing) return true;
  const isField =
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"));
  return isField || document.querySelector("dialog[open], :popover-open") !== null;
}
