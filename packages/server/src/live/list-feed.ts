/**
 * A caller's own thread list, live: each thread that changed, in its last state, at most once per
 * 50 ms. What waits is one row per thread, so a slow peer costs no more than its list is long.
 */
import type { Thread } from "@spool/protocol/resources";
import type { ThreadRow } from "../store/rows.ts";
import { type LiveBus, listTopic } from "./live-bus.ts";
import { liveLimits } from "./live-limits.ts";

/** Whose list it is, and where its frames go; `send` takes JSON text. */
export type ListFeedParts = {
  readonly owner: { readonly orgId: string; readonly userId: string };
  readonly bus: LiveBus;
  readonly threadView: (row: ThreadRow) => Thread;
  readonly send: (text: string) => void;
  /** True while the peer cannot take more; rows wait then. */
  readonly isFull: () => boolean;
};

/** Starts the feed; returns what ends it. */
export function startListFeed(parts: ListFeedParts): () => void {
  const { owner, bus, threadView, send, isFull } = parts;
  const changed = new Map<string, ThreadRow>();
  let timer: NodeJS.Timeout | null = null;
  const flush = () => {
    timer = null;
    for (const [threadId, row] of changed) {
      if (isFull()) {
        schedule();
        return;
      }
      changed.delete(threadId);
      const isGone = row.deletedAt !== null;
      const frame = isGone
        ? { type: "thread_deleted", list: true, threadId }
        : { type: "thread_upserted", list: true, threadId, thread: threadView(row) };
      send(JSON.stringify(frame));
    }
  };
  const schedule = () => {
    timer ??= setTimeout(flush, liveLimits.listFeedMs);
  };
  const topic = listTopic({ orgId: owner.orgId, ownerUserId: owner.userId });
  const unsubscribe = bus.subscribe(topic, (messages) => {
    for (const message of messages) {
      if (message.kind !== "row") continue;
      // Again at the end: the last to change is told last.
      changed.delete(message.row.threadId);
      changed.set(message.row.threadId, message.row);
    }
    schedule();
  });
  return () => {
    unsubscribe();
    if (timer !== null) clearTimeout(timer);
  };
}
