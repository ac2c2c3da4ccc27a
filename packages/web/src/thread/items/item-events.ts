/** Which events an item was made of, and what its folds are remembered by. Pure. */
import type { Event } from "@spool/protocol/resources";
import type { Item } from "../conversation.ts";

/** The item's events, oldest first; one at least. */
export function eventsOf(item: Item): Event[] {
  switch (item.kind) {
    case "tool":
      return [item.call, item.result].filter((event) => event !== null);
    case "compaction":
      return [item.started, item.completed].filter((event) => event !== null);
    default:
      return [item.event];
  }
}

/**
 * When the event happened: as its publisher said, else when it was stored. Of an imported thread
 * only the first tells anything.
 */
export function momentOf({ occurredAt, createdAt }: Event): string {
  return occurredAt && !Number.isNaN(Date.parse(occurredAt)) ? occurredAt : createdAt;
}

/**
 * A name for the item's folds, unique in its thread: the same while a message or a call is being
 * written and afterwards, so that what was unfolded stays so.
 */
export function foldNameOf(item: Item): string {
  if (item.kind === "tool") return writingName("call", item.runId, item.toolCallId);
  const messageId = item.kind === "message" ? item.event.payload.messageId : undefined;
  return typeof messageId === "string" ? writingName("message", item.runId, messageId) : item.key;
}

/** The same of what is being written in a run. */
export function writingName(kind: "message" | "call", runId: string | null, id: string): string {
  return `${kind} ${runId} ${id}`;
}
