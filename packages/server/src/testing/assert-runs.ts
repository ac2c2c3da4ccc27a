/**
 * What holds of the runs in every history, whatever publishers, time and crashes do (RUN4). Used by
 * the tests that make histories at random.
 */
import assert from "node:assert/strict";
import type { Event } from "@spool/protocol/resources";

/** The part of an event that tells of its run. */
export type RunEvent = Pick<Event, "type" | "runId" | "runSequence" | "payload">;

/** One run at a time, each start with one end before the next, its numbers 1, 2, 3, … */
export function assertRuns(events: readonly RunEvent[]): void {
  const numbers = new Map<string, number>();
  let active: string | null = null;
  /** The run whose lease lapsed, until something else begins. */
  let lapsed: string | null = null;
  for (const { type, runId, runSequence, payload } of events) {
    if (type === "compaction_started") lapsed = null;
    if (runId === null) {
      assert.equal(runSequence, undefined);
      continue;
    }
    if (type === "run_started") {
      assert.equal(active, null, "a run starts when none is active");
      assert.equal(numbers.has(runId), payload.resumed === true, "a run starts once");
      if (payload.resumed) assert.equal(runId, lapsed, "only a lapsed run is reopened");
      active = runId;
      lapsed = null;
      numbers.set(runId, numbers.get(runId) ?? 0);
    }
    assert.equal(runId, active, "an event of a run stands inside it");
    if (runSequence !== undefined) {
      assert.equal(runSequence, (numbers.get(runId) ?? 0) + 1);
      numbers.set(runId, runSequence);
    }
    if (type !== "run_completed") continue;
    active = null;
    lapsed = payload.reason === "lease_expired" && runSequence === undefined ? runId : null;
  }
}
