/**
 * What holds of the runs in every history, whatever publishers, time and crashes do (RUN4). Used by
 * the tests that make histories at random.
 */
import assert from "node:assert/strict";
import type { Event } from "@spool/protocol/resources";

/** The part of an event that tells of its run. */
export type RunEvent = Pick<Event, "type" | "runId" | "runSequence" | "payload">;

/**
 * One run at a time, each start followed by exactly one end before the next; only a run that lapsed
 * starts again, while nothing else has begun. Its numbers are 1, 2, 3, …
 */
export function assertRuns(events: readonly RunEvent[]): void {
  const numbers = new Map<string, number>();
  let active: string | null = null;
  let lapsed: string | null = null;
  for (const { type, runId, runSequence, payload } of events) {
    if (runId === null) {
      assert.equal(runSequence, undefined);
      continue;
    }
    if (type === "run_started") {
      assert.equal(active, null, "a run starts when none is active");
      assert.equal(payload.resumed === true, numbers.has(runId), "a run starts once");
      if (payload.resumed === true) assert.equal(runId, lapsed, "only a lapsed run goes on");
      else numbers.set(runId, 0);
      active = runId;
      lapsed = null;
    }
    assert.equal(runId, active, "an event of a run stands inside it");
    if (runSequence !== undefined) {
      assert.equal(runSequence, (numbers.get(runId) ?? 0) + 1);
      numbers.set(runId, runSequence);
    }
    if (type !== "run_completed") continue;
    active = null;
    lapsed = payload.reason === "lease_expired" ? runId : null;
  }
}
