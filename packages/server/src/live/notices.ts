/** The server's own frames about a thread (THR3, THR9, DEL5). Pure. */
import type { BusMessage } from "./live-bus.ts";

/** A message that is a notice. */
export type Notice = Extract<BusMessage, { kind: "renamed" | "archived" | "deleted" }>;

/** The notice as a frame; a title made from a message is content (ORG9). */
export function noticeOf(
  notice: Notice,
  threadId: string,
  withoutContent: boolean,
): { readonly type: string; readonly text: string } {
  switch (notice.kind) {
    case "renamed": {
      const isHidden = withoutContent && notice.titleSource === "message";
      return frameOf("thread_renamed", threadId, { title: isHidden ? null : notice.title });
    }
    case "archived":
      return frameOf("thread_archived", threadId, { archived: notice.archived });
    case "deleted":
      return frameOf("thread_deleted", threadId, {});
  }
}

function frameOf(type: string, threadId: string, fields: object) {
  return { type, text: JSON.stringify({ type, threadId, ...fields }) };
}
