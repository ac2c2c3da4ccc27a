/**
 * How a history that was imported in the middle of something is closed: whoever ran or compacted
 * does so elsewhere. The events say of themselves what they are, so that a later import can tell
 * them from history (MOVE8). Pure.
 */
import type { Event } from "@spool/protocol/resources";
import { timestampOf } from "@spool/protocol/times";
import { type EventLine, encodeEvent } from "../store/event-line.ts";
import { applyChange, type ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";

const imported = "imported";
const compactionError = "the thread was imported while the compaction was under way";

/** The most events that close a history: of a compaction and of the run it is in. */
export const closingEventsMax = 2;

/** The events that close what is open at `head`, `now` being milliseconds since the epoch. */
export function closingEvents(key: ThreadKey, start: ThreadHead, now: number): EventLine[] {
  const lines: EventLine[] = [];
  let head = start;
  const append = (type: string, runId: string | null, payload: Event["payload"]) => {
    const { thread } = head;
    const line = encodeEvent({
      sequence: thread.sequence + 1,
      type,
      threadId: thread.threadId,
      rolloutId: thread.activeRolloutId,
      runId,
      createdAt: timestampOf(Math.max(now, thread.updatedAt)),
      payload,
    });
    lines.push(line);
    ({ head } = applyChange(key, head, { kind: "event", ...line }));
  };
  const { compaction } = start.thread;
  if (compaction !== null) {
    const { compactionId, runId } = compaction;
    const payload = { compactionId, status: "failed", error: compactionError, reason: imported };
    append("compaction_completed", runId, payload);
  }
  if (start.run !== null) {
    append("run_completed", start.run.runId, { status: "interrupted", reason: imported });
  }
  return lines;
}

/** Whether an event closed an imported history. A publisher's own has a number, these have none. */
export function isClosing({ type, runSequence, payload }: Event): boolean {
  if (runSequence !== undefined || payload.reason !== imported) return false;
  if (type === "run_completed") return payload.status === "interrupted";
  return type === "compaction_completed" && payload.status === "failed";
}
