/** The keys of a thread that has the focus in the list. */
import type { Thread } from "@spool/protocol/resources";
import type { KeyboardEvent } from "react";
import type { Actions } from "./actions.ts";

/**
 * F2 renames, `e` archives or takes out of the archive, Delete asks to delete. False when the key is
 * none of them. A key that is held down acts once.
 */
export function rowKeys(
  event: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "nativeEvent">,
  thread: Thread,
  actions: Pick<Actions, "ask" | "setArchived">,
): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return false;
  const act = actionOf(event.key, thread, actions);
  if (act === null) return false;
  if (!event.nativeEvent.repeat) act();
  return true;
}

function actionOf(
  key: string,
  thread: Thread,
  actions: Pick<Actions, "ask" | "setArchived">,
): (() => void) | null {
  if (key === "F2") return () => actions.ask({ kind: "rename", thread });
  if (key === "Delete") return () => actions.ask({ kind: "delete", thread });
  if (key === "e") return () => void actions.setArchived(thread, !thread.archived);
  return null;
}
