/** What can be done with a thread of the list, as a menu in its row. */
import type { Thread } from "@spool/protocol/resources";

/** The row's menu; nothing yet. */
export function RowActions(_: { readonly thread: Thread }) {
  return null;
}
