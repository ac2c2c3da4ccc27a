/** Proves the rules of leases: what renews one, what ends with it, who may come back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import {
  alice,
  cancel,
  complete,
  create,
  type DecideScenario,
  type Frame,
  given,
  publish,
  remove,
  type Step,
  start,
  startTime,
  step,
} from "./decide-specification.ts";
import { leaseOf } from "./leases.ts";

const message = (content: string): Frame => ({ type: "user_message", payload: { content } });
const say = (runId = "run_1") => publish(runId, [message("a")]);
const heartbeat = (runId = "run_1") => publish(runId, []);
const delta = (sequenceNumber: number): Step =>
  publish(
    "run_1",
    [
      {
        type: "assistant_message_delta",
        sequenceNumber,
        payload: { messageId: "m", delta: "x" },
      },
    ],
    { rolloutId: "rol_made1" },
  );
const expire = step({ kind: "expire_run" });
const seconds = (count: number) => count * 1_000;
const lapse = "run_completed";

/** A thread on which a run of 60 s was started and then, after `wait` seconds, `tried` is done. */
function after(wait: number, ...steps: Step[]) {
  const before = given(start("run_1", { leaseSeconds: 60 }), ...steps);
  before.scenario.wait(seconds(wait));
  return before;
}

/** The same thread, its run's lease ended and said so. */
function lapsed() {
  const before = after(100);
  before.scenario.do(expire);
  return before;
}

const ends = (scenario: DecideScenario): Event[] =>
  scenario.events.filter(({ type }) => type === "run_completed");

test("RUN13 a lease that was not renewed ends its run, and not before", () => {
  after(58).when(expire).gives();
  const { scenario } = after(59).when(expire).gives(lapse).leaves({ activeRunId: null });
  const end = scenario.events.at(-1);
  assert.deepEqual(end?.payload, { status: "interrupted", reason: "lease_expired" });
  assert.equal(end?.runSequence, undefined);
  given(start("run_1")).when(expire).gives();
});

test("RUN13 the next command finds the thread free, whoever gives it", () => {
  after(60).when(start("run_2")).gives(lapse, "run_started 1").leaves({ activeRunId: "run_2" });
  after(60).when(remove()).gives(lapse, "thread_deleted");
  after(60).when(cancel()).refuses("RUN_NOT_ACTIVE");
  const startCompaction = step({
    ...{ kind: "start_compaction", rolloutId: "rol_made1" },
    ...{ hasMessages: true, instructions: null },
  } as const);
  after(60, say()).when(startCompaction).gives(lapse, "compaction_started");
});

test("RUN13 ROL7 a compaction that is open when its run lapses has failed", () => {
  const { events } = after(60, publish("run_1", [{ type: "compaction_started", payload: {} }]))
    .when(expire)
    .gives("compaction_completed", lapse);
  assert.equal(events[0]?.payload.status, "failed");
});

test("RUN14 durable and transient frames and empty batches renew it, each for the whole lease", () => {
  for (const sign of [say(), heartbeat(), delta(1)]) {
    const renewed = given(start("run_1", { leaseSeconds: 60 }));
    renewed.scenario.wait(seconds(50));
    renewed.scenario.do(sign);
    renewed.scenario.wait(seconds(58));
    renewed.when(expire).gives();
    renewed.scenario.wait(seconds(1));
    renewed.when(expire).gives(lapse);
  }
});

test("RUN14 a request of duplicates only, and frames without a run, renew nothing", () => {
  const first = publish("run_1", [
    { type: "run_started", payload: { leaseSeconds: 60 }, runSequence: 1 },
  ]);
  for (const sign of [first, publish(null, [message("b")])]) {
    const { scenario } = given(first);
    scenario.wait(seconds(50));
    scenario.do(sign);
    scenario.wait(seconds(9));
    scenario.do(expire);
    assert.equal(ends(scenario).length, 1);
  }
});

test("RUN14 a renewal without an event is stored when a quarter of the lease has passed", () => {
  after(10).when(heartbeat()).gives();
  after(15).when(heartbeat()).gives("lease_renewed");
  after(15).when(delta(1)).gives("~assistant_message_delta 1", "lease_renewed");
  after(15).when(say()).gives("user_message 2", 'renamed "a"');
  const { decision } = after(15).when(heartbeat()).gives("lease_renewed");
  assert.equal(decision.head.run?.renewedAt, startTime + seconds(16));
  assert.equal(decision.head.thread.updatedAt, startTime);
});

test("RUN15 a durable frame or an empty batch of a lapsed run opens it again", () => {
  const { scenario } = after(100)
    .when(say())
    .gives(lapse, "run_started", "user_message 2", 'renamed "a"');
  const opened = scenario.events.find(({ payload }) => payload.resumed);
  assert.deepEqual([opened?.runId, opened?.payload], ["run_1", { resumed: true }]);
  const { head } = scenario.state;
  assert.equal(head?.run?.leaseSeconds, 60);
  assert.equal(head?.run?.startedAt, startTime);
  after(100)
    .when(heartbeat())
    .gives(lapse, "run_started")
    .answers({ appended: 0, runSequence: 1 })
    .leaves({ activeRunId: "run_1" });
  const again = after(100);
  again.scenario.do(heartbeat());
  again.scenario.wait(seconds(100));
  again.when(complete("run_1")).gives(lapse, "run_started", "run_completed 2");
});

test("RUN15 run_started of a lapsed run is its reopening, without a number of its own", () => {
  const reopened = lapsed()
    .when(start("run_1", { leaseSeconds: 30 }))
    .gives("run_started")
    .answers({ appended: 1, runSequence: 1 });
  assert.deepEqual(reopened.events[0]?.payload, { leaseSeconds: 30, resumed: true });
  assert.equal(reopened.decision.head.run?.leaseSeconds, 30);
  const numbered = publish("run_1", [{ type: "run_started", payload: {}, runSequence: 2 }]);
  lapsed().when(numbered).gives("run_started 2").answers({ runSequence: 2 });
  const first = publish("run_1", [{ type: "run_started", payload: {}, runSequence: 1 }]);
  lapsed().when(first).gives().answers({ duplicates: 1 });
});

test("RUN15 a late transient frame opens nothing", () => {
  after(100).when(delta(1)).refuses("RUN_NOT_ACTIVE");
});

test("RUN15 RUN6 once another run or a compaction has begun it is fenced, as when it was cancelled", () => {
  for (const steps of [[start("run_2")], [start("run_2"), complete("run_2")]]) {
    for (const tried of [say(), heartbeat(), start("run_1")]) {
      const outcome = after(100);
      for (const one of steps) outcome.scenario.do(one);
      outcome.when(tried).refuses("RUN_FENCED");
    }
  }
  const compacted = after(100, say());
  compacted.scenario.wait(seconds(100));
  compacted.scenario.do(expire);
  compacted.scenario.do(
    step({
      ...{ kind: "start_compaction", rolloutId: "rol_made1" },
      ...{ hasMessages: true, instructions: null },
    } as const),
  );
  compacted.scenario.do(
    step({ kind: "end_compaction", compactionId: "cmp_made1", payload: { summary: "s" } }),
  );
  compacted.when(say()).refuses("RUN_FENCED");
  given(start("run_1"), cancel()).when(heartbeat()).refuses("RUN_FENCED");
});

test("RUN16 after a start no lease lapses before its grace, whatever the wall clock says", () => {
  const run = given(start("run_1", { leaseSeconds: 60 })).scenario.state.head;
  assert.ok(run);
  const clocks = (now: number) => ({ now, steadyNow: 5_000, steadyStart: 4_000 });
  const untilAt = (now: number) => leaseOf(run, null, clocks(now))?.until;
  assert.equal(untilAt(startTime + seconds(10)), 4_000 + seconds(60));
  assert.equal(untilAt(startTime + seconds(100_000)), 4_000 + seconds(60), "the clock ran ahead");
  assert.equal(untilAt(startTime - seconds(100_000)), 5_000 + seconds(60), "it was set back");
  const long = given(start("run_1", { leaseSeconds: 900 })).scenario.state.head;
  assert.equal(leaseOf(long, null, clocks(startTime + seconds(100)))?.until, 5_000 + seconds(800));
  assert.equal(leaseOf(long, null, clocks(startTime + seconds(1_000)))?.until, 4_000 + seconds(60));
});

test("RUN16 what this process has heard counts, stored or not", () => {
  const { head } = given(start("run_1", { leaseSeconds: 60 })).scenario.state;
  const clocks = { now: startTime, steadyNow: 90_000, steadyStart: 0 };
  const known = { runId: "run_1", until: 200_000, expiresAt: 1 };
  assert.equal(leaseOf(head, known, clocks), known);
  assert.equal(leaseOf(head, { ...known, runId: "run_0" }, clocks)?.until, 150_000);
});

test("RUN17 a run is registered once, in a thread that is made for it", () => {
  const body = { agent: "coder", title: "T", prompt: "do it", leaseSeconds: 30 };
  const register = step({ kind: "register_run", runId: "run_1", body });
  const made = given()
    .when(register)
    .gives("thread_created", "run_started 1", "user_message")
    .leaves({ agentId: "coder", title: "T", activeRunId: "run_1" });
  assert.deepEqual(made.events[0]?.payload, { agentId: "coder", leaseSeconds: 30 });
  assert.deepEqual(made.events[1]?.payload, { content: "do it" });
  given(register).when(register).gives();
  given(register).when(start("run_1")).gives().answers({ duplicates: 1, runSequence: 1 });
  given(register, complete("run_1")).when(register).gives();
  given(create()).when(register).gives("run_started 1", "user_message", 'renamed "do it"');
  given(start("run_0")).when(register).refuses("THREAD_BUSY", { activeRunId: "run_0" });
  given(create(), remove()).when(register).refuses("THREAD_DELETED");
  assert.equal(given(register).scenario.state.head?.thread.ownerUserId, alice.userId);
});
