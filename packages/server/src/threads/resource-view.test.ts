/** Rows as resources, and what an admin does not see of them (THR1, THR2, ORG9). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Rollout, Run, Thread } from "@spool/protocol/resources";
import { validatorOf } from "@spool/protocol/validator";
import { applyChange, type RunRow, type ThreadRow } from "../store/rows.ts";
import { rolloutView, runView, threadView } from "./resource-view.ts";

const { head } = applyChange({ orgId: "acme", threadId: "thr_a" }, null, {
  kind: "thread_created",
  ownerUserId: "olivia",
  rolloutId: "rol_a",
  agentId: null,
  title: "Title",
  executionMode: null,
  metadata: { team: "x" },
  parentThreadId: null,
  parentToolCallId: null,
  createdAt: 0,
});
const { thread, rollout } = head;
const run: RunRow = {
  runId: "run_a",
  status: "running",
  reason: null,
  startedAt: 0,
  completedAt: null,
  runSequence: 1,
  firstSequence: 1,
  lastSequence: 1,
  renewedAt: 0,
  leaseSeconds: 900,
  endedBy: null,
  metadata: { secret: true },
};

test("THR1 views fit the protocol's schemas and have no field beyond them", () => {
  for (const [schema, view] of [
    [Thread, threadView(thread, "owner")],
    [Rollout, rolloutView(rollout, "thr_a")],
    [Run, runView(run, "owner", null)],
  ] as const) {
    assert.equal(validatorOf(schema)(view), null);
    assert.deepEqual(Object.keys(view).toSorted(), Object.keys(schema.properties).toSorted());
  }
  assert.equal(threadView(thread, "owner").createdAt, "1970-01-01T00:00:00.000Z");
});

test("THR2 an open compaction counts before the run it is in", () => {
  const statusOf = (more: Partial<ThreadRow>) => threadView({ ...thread, ...more }, "owner").status;
  const compaction = { compactionId: "cmp_a", runId: "run_a" };
  assert.equal(statusOf({}), "idle");
  assert.equal(statusOf({ activeRunId: "run_a" }), "running");
  assert.equal(statusOf({ activeRunId: "run_a", compaction }), "compacting");
  assert.equal(statusOf({ compaction }), "compacting");
});

test("ORG9 a title made from a message and a run's metadata are hidden from an admin", () => {
  const made: ThreadRow = { ...thread, titleSource: "message" };
  assert.equal(threadView(made, "owner").title, "Title");
  assert.equal(threadView(made, "metadata").title, null);
  assert.equal(threadView(thread, "metadata").title, "Title");
  assert.deepEqual(runView(run, "owner", null).metadata, { secret: true });
  assert.deepEqual(runView(run, "metadata", null).metadata, {});
});

test("THR1 an empty rollout has no sequences and no events", () => {
  const empty = rolloutView(rollout, "thr_a");
  assert.deepEqual(
    [empty.eventCount, empty.firstSequence, empty.lastSequence, empty.active],
    [0, null, null, true],
  );
  const full = rolloutView({ ...rollout, firstSequence: 3, lastSequence: 7, completedAt: 5 }, "t");
  assert.deepEqual([full.eventCount, full.active], [5, false]);
});
