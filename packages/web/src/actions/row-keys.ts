/** Keys that do something with the thread whose row has the focus. */
import type { Thread } from "@spool/protocol/resources";
import type { KeyboardEvent } from "react";

/** Whether the key meant an action; nothing yet. */
export function rowKeys(_event: KeyboardEvent, _thread: Thread): boolean {
  return false;
}
