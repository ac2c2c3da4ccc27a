/**
 * Proves the rules of runs: what begins one, one at a time, what ends it, and what one that has
 * ended, was cancelled or never began still takes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  admin,
  as,
  cancel,
  complete,
  create,
  type Frame,
  given,
  publish,
  start,
  startTime,
} from "./decide-specification.ts";

const message = (content: string, more: Frame = {}) => ({
  type: "user_message",
  payload: { content },
  ...more,
});
const runStarted = { type: "run_started", payload: {} };
const runCompleted = { type: "run_completed", payload: { status: "completed" } };
/** Frames of one publisher with their numbers, from `first` on. */
const numbered = (first: number, ...frames: Frame[]) =>
  frames.map((frame, index) => ({ ...frame, runSequence: first + index }));

test("RUN1 THR8 run_started under an unknown id makes the thread and names what it can", () => {
  const payload = {
    agentId: "a",
    executionMode: "local",
    parentThreadId: "thr_p",
    parentToolCallId: "c",
    leaseSeconds: 60,
    metadata: { k: 1 },
  };
  const begun = given().when(
    publish("run_1", [{ type: "run_started", payload }], { rolloutId: "rol_own" }),
  );
  const { decision } = begun
    .gives("thread_created", "run_started 1")
    .leaves({
      ownerUserId: "alice",
      activeRunId: "run_1",
      activeRolloutId: "rol_own",
      agentId: "a",
      executionMode: "local",
      parentThreadId: "thr_p",
      parentToolCallId: "c",
      title: null,
      createdAt: startTime,
    })
    .answers({ rolloutId: "rol_own", sequence: 1, runSequence: 1, appended: 1 });
  assert.equal(decision.head.run?.leaseSeconds, 60);
  assert.deepEqual(decision.head.run?.metadata, { k: 1 });
});

test("RUN1 a thread that exists keeps its own fields over those of a run", () => {
  const payload = { agentId: "b", executionMode: "local", parentThreadId: "thr_x" };
  given(create({ agentId: "a" }))
    .when(start("run_1", payload))
    .gives("run_started 1")
    .leaves({ agentId: "a", executionMode: "local", parentThreadId: null });
});

test("RUN2 RUN4 run_started while another run is active is THREAD_BUSY", () => {
  const refusal = given(start("run_1"), publish("run_1", [message("a")]))
    .when(start("run_2"))
    .refuses("THREAD_BUSY", {
      reason: "run_active",
      activeRunId: "run_1",
      since: new Date(startTime).toISOString(),
      leaseExpiresAt: new Date(startTime + 901_000).toISOString(),
    });
  assert.equal(refusal.retryAfterSeconds, 1);
  for (const end of [complete("run_1"), cancel()]) {
    given(start("run_1"), end)
      .when(start("run_2"))
      .gives("run_started 1")
      .leaves({ activeRunId: "run_2" });
  }
});

test("RUN3 run_started of the active run is a duplicate, numbered or not", () => {
  for (const frames of [[runStarted], numbered(1, runStarted), numbered(9, runStarted)]) {
    given(start("run_1"), publish("run_1", [message("a")]))
      .when(publish("run_1", frames))
      .gives()
      .answers({ duplicates: 1, runSequence: 2 });
  }
});

test("RUN5 a run that never started takes no frame", () => {
  given(create())
    .when(publish("run_1", [message("a")]))
    .refuses("RUN_NOT_ACTIVE");
  given(start("run_1"))
    .when(publish("run_2", [message("a")]))
    .refuses("RUN_NOT_ACTIVE");
  given(create()).when(publish("run_1", [])).refuses("RUN_NOT_ACTIVE");
});

test("RUN5 a run its publisher completed takes no frame and does not start again", () => {
  for (const frames of [[message("a")], [runStarted], numbered(3, message("a")), []]) {
    given(start("run_1"), complete("run_1"))
      .when(publish("run_1", frames))
      .refuses("RUN_NOT_ACTIVE");
    given(start("run_1"), complete("run_1"), start("run_2"))
      .when(publish("run_1", frames))
      .refuses("RUN_NOT_ACTIVE");
  }
});

test("RUN6 a cancelled run is fenced, at once and for good", () => {
  const frames = [[message("a")], [runStarted], numbered(2, message("a")), [], [runCompleted]];
  for (const tried of frames) {
    given(start("run_1"), cancel()).when(publish("run_1", tried)).refuses("RUN_FENCED");
    const later = given(start("run_1"), as(admin, cancel()), start("run_2"));
    later.when(publish("run_1", tried)).refuses("RUN_FENCED");
    later.scenario.restart();
    later.when(publish("run_1", tried)).refuses("RUN_FENCED");
  }
});

test("RUN9 an empty batch of the active run is accepted with nothing appended", () => {
  given(start("run_1"))
    .when(publish("run_1", []))
    .gives()
    .answers({ appended: 0, duplicates: 0, delivered: 0, sequence: 1, runSequence: 1 });
});

test("RUN11 an ended run has the status and reason of its run_completed", () => {
  for (const status of ["completed", "failed", "cancelled", "interrupted"]) {
    const { scenario } = given(start("run_1"), complete("run_1", { status, reason: "because" }));
    const run = scenario.run("run_1");
    assert.deepEqual([run?.status, run?.reason, run?.endedBy], [status, "because", "publisher"]);
    assert.equal(run?.completedAt, startTime + 1_000);
  }
  const { scenario } = given(start("run_1"), cancel());
  const run = scenario.run("run_1");
  assert.deepEqual([run?.status, run?.reason, run?.endedBy], ["cancelled", null, "server"]);
});

test("RUN12 frames that name another rollout than the active one are refused", () => {
  const details = { activeRolloutId: "rol_made1" };
  const old = { rolloutId: "rol_old" };
  given(start("run_1"))
    .when(publish("run_1", [message("a")], old))
    .refuses("ROLLOUT_NOT_ACTIVE", details);
  given(start("run_1"))
    .when(publish("run_1", [], old))
    .refuses("ROLLOUT_NOT_ACTIVE", details);
  given(start("run_1"))
    .when(publish(null, [message("a")], old))
    .refuses("ROLLOUT_NOT_ACTIVE", details);
  given(create())
    .when(publish("run_1", [runStarted], old))
    .refuses("ROLLOUT_NOT_ACTIVE", details);
  given(start("run_1"))
    .when(publish("run_1", [message("a")], { rolloutId: "rol_made1" }))
    .gives("user_message 2", 'renamed "a"');
});
