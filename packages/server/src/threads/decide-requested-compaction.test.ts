/** Proves the rules of a requested compaction: when it begins, what waits for it, what ends it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  admin,
  as,
  bob,
  cancel,
  complete,
  create,
  given,
  publish,
  remove,
  type Step,
  start,
  step,
  update,
} from "./decide-specification.ts";

const said = publish(null, [{ type: "user_message", payload: { content: "a", messageId: "m1" } }]);
const begin = (more: { rolloutId?: string; hasMessages?: boolean; instructions?: string } = {}) =>
  step({
    kind: "start_compaction",
    rolloutId: more.rolloutId ?? "rol_made1",
    hasMessages: more.hasMessages ?? true,
    instructions: more.instructions ?? null,
  });
const end = (payload: Record<string, unknown>, compactionId = "cmp_made1"): Step =>
  step({ kind: "end_compaction", compactionId, payload });
const summary = { status: "completed", summary: "so far" };
const failure = { status: "failed", error: "no model" };
const compacting = [create(), said, begin()];

test("ROL12 it starts in the old rollout, and its end is the first event of the next", () => {
  const { scenario } = given(...compacting)
    .when(end(summary))
    .gives("compaction_completed")
    .leaves({ compaction: null, activeRolloutId: "rol_made2", sequence: 3 });
  const [, started, completed] = scenario.events;
  assert.deepEqual(
    [started?.type, started?.rolloutId, started?.runId, started?.payload],
    ["compaction_started", "rol_made1", null, { compactionId: "cmp_made1", reason: "requested" }],
  );
  assert.deepEqual(
    [completed?.rolloutId, completed?.runId, completed?.payload],
    ["rol_made2", null, { compactionId: "cmp_made1", ...summary }],
  );
});

test("ROL12 the start tells what was asked for", () => {
  const { events } = given(create(), said)
    .when(begin({ instructions: "keep the names" }))
    .gives("compaction_started");
  assert.equal(events[0]?.payload.instructions, "keep the names");
});

test("ROL12 without a message since the last one, or on another rollout, nothing happens", () => {
  given(create(), said)
    .when(begin({ hasMessages: false }))
    .gives();
  given(...compacting, end(summary))
    .when(begin())
    .gives();
});

test("ROL13 it is refused while a run is active or another compaction is under way", () => {
  given(start("run_1"), publish("run_1", [{ type: "user_message", payload: { content: "a" } }]))
    .when(begin())
    .refuses("THREAD_BUSY", { reason: "run_active", activeRunId: "run_1" });
  given(...compacting)
    .when(begin())
    .refuses("THREAD_BUSY", { reason: "compacting", activeRunId: null });
});

test("ROL13 while it is under way durable frames and an unforced deletion are refused", () => {
  const late = publish(null, [{ type: "user_message", payload: { content: "b" } }]);
  given(...compacting)
    .when(late)
    .refuses("THREAD_BUSY", { reason: "compacting" });
  given(...compacting)
    .when(start("run_1"))
    .refuses("THREAD_BUSY", { reason: "compacting" });
  given(...compacting)
    .when(remove())
    .refuses("THREAD_BUSY", { reason: "compacting" });
  given(...compacting)
    .when(remove(true))
    .gives("thread_deleted");
  given(...compacting)
    .when(update({ title: "b" }))
    .gives('renamed "b"');
  given(...compacting)
    .when(cancel())
    .refuses("RUN_NOT_ACTIVE");
});

test("ROL13 PUB4 duplicates stay 200 meanwhile", () => {
  given(...compacting)
    .when(said)
    .gives()
    .answers({ appended: 0, duplicates: 1 });
  const run = [start("run_1"), complete("run_1")];
  given(...run, said, begin({ rolloutId: "rol_made1" }))
    .when(
      publish("run_1", [
        { type: "run_started", payload: {}, runSequence: 1 },
        { type: "run_completed", payload: { status: "completed" }, runSequence: 2 },
      ]),
    )
    .gives()
    .answers({ appended: 0, duplicates: 2 });
});

test("ROL14 a failed one leaves its rollout active and the thread idle", () => {
  const { scenario } = given(...compacting)
    .when(end(failure))
    .gives("compaction_completed")
    .leaves({ compaction: null, activeRolloutId: "rol_made1" });
  assert.equal(scenario.events.at(-1)?.rolloutId, "rol_made1");
});

test("ROL15 a late result is dropped: after a failure, of an older attempt, of a run's compaction", () => {
  given(...compacting, end(failure))
    .when(end(summary))
    .gives();
  given(...compacting, end(failure), begin())
    .when(end(summary))
    .gives();
  const ownOne = publish("run_1", [{ type: "compaction_started", payload: { compactionId: "c" } }]);
  given(start("run_1"), ownOne).when(end(summary, "c")).gives();
  given(...compacting, remove(true))
    .when(end(summary))
    .refuses("THREAD_DELETED");
});

test("ROL12 ORG8 only the owner may ask for it", () => {
  given(create(), said).when(as(admin, begin())).refuses("NOT_OWNER");
  given(create(), said).when(as(bob, begin())).refuses("THREAD_NOT_FOUND");
  given().when(begin()).refuses("THREAD_NOT_FOUND");
});
