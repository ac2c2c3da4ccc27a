/**
 * Proves the rules of transient frames: live only, inside an active run, numbered upwards, silent
 * about what has had its last word; and that the memory of them behaves when a state is dropped.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cancel,
  complete,
  create,
  type Frame,
  given,
  publish,
  start,
  startTime,
} from "./decide-specification.ts";
import { TransientMemory } from "./transient-memory.ts";

const delta = (sequenceNumber: number, messageId = "m") => ({
  type: "assistant_message_delta",
  payload: { messageId, delta: "x" },
  sequenceNumber,
});
const output = (sequenceNumber: number, toolCallId = "c") => ({
  type: "tool_output_delta",
  payload: { toolCallId, delta: "x" },
  sequenceNumber,
});
const answer = (messageId = "m") => ({
  type: "assistant_message",
  payload: { content: "x", messageId },
});
const result = (toolCallId = "c") => ({
  type: "tool_result",
  payload: { toolCallId, output: "x" },
});
const rolloutId = "rol_made1";
const live = (runId: string, frames: readonly Frame[], rollout = rolloutId) =>
  publish(runId, frames, { rolloutId: rollout });

test("PUB13 THR5 a transient frame is shown, stored nowhere, and moves nothing", () => {
  const shown = given(start("run_1"))
    .when(live("run_1", [delta(1)]))
    .gives("~assistant_message_delta 1");
  shown
    .leaves({ sequence: 1, updatedAt: startTime })
    .answers({ delivered: 1, appended: 0, sequence: 1 });
  assert.deepEqual(shown.decision.changes, []);
  assert.deepEqual(shown.decision.effects, [
    {
      kind: "transient",
      type: "assistant_message_delta",
      runId: "run_1",
      rolloutId,
      sequenceNumber: 1,
      occurredAt: null,
      payload: { messageId: "m", delta: "x" },
    },
  ]);
});

test("PUB18 transient and durable frames of a batch are shown in the order given", () => {
  given(start("run_1"))
    .when(live("run_1", [delta(1), answer(), output(2), result(), delta(3, "n")]))
    .gives(
      "~assistant_message_delta 1",
      "assistant_message 2",
      "~tool_output_delta 2",
      "tool_result 3",
      "~assistant_message_delta 3",
    )
    .answers({ appended: 2, delivered: 3, duplicates: 0 });
});

test("PUB15 numbers rise within a run, gaps allowed; one not above the highest is not shown", () => {
  given(start("run_1"), live("run_1", [delta(5)]))
    .when(live("run_1", [delta(5), delta(4), delta(9), delta(9), delta(10)]))
    .gives("~assistant_message_delta 9", "~assistant_message_delta 10")
    .answers({ delivered: 2, duplicates: 3 });
});

test("PUB15 each run counts for itself, and a restart forgets", () => {
  const { scenario } = given(
    start("run_1"),
    live("run_1", [delta(5)]),
    complete("run_1"),
    start("run_2"),
  );
  assert.equal(scenario.do(live("run_2", [delta(1)])).answer?.delivered, 1);
  scenario.restart();
  assert.equal(scenario.do(live("run_2", [delta(1)])).answer?.delivered, 1);
  assert.equal(scenario.do(live("run_2", [delta(1)])).answer?.duplicates, 1);
});

test("PUB16 what is finished is not spoken of again, in the same batch or later", () => {
  given(start("run_1"))
    .when(live("run_1", [answer(), delta(1), result(), output(2)]))
    .gives("assistant_message 2", "tool_result 3")
    .answers({ duplicates: 2, delivered: 0 });
  given(start("run_1"), publish("run_1", [answer(), result()]))
    .when(live("run_1", [delta(1), output(2), delta(3, "n"), output(4, "d")]))
    .gives("~assistant_message_delta 3", "~tool_output_delta 4")
    .answers({ duplicates: 2, delivered: 2 });
});

test("PUB15 PUB16 what one run has shown and finished is nothing to the next", () => {
  const { scenario } = given(
    start("run_1"),
    live("run_1", [delta(5, "n"), answer()]),
    complete("run_1"),
    start("run_2"),
    publish("run_2", [answer("n")]),
  );
  const { answer: counts } = scenario.do(live("run_2", [delta(1), delta(2, "n")]));
  assert.deepEqual([counts?.delivered, counts?.duplicates], [1, 1]);
});

test("PUB16 a message and a call may have the same id", () => {
  given(start("run_1"), publish("run_1", [answer("1")]))
    .when(live("run_1", [output(1, "1"), delta(2, "1")]))
    .gives("~tool_output_delta 1");
  const both = { ...output(1, "1"), payload: { toolCallId: "1", messageId: "m", delta: "x" } };
  given(start("run_1"), publish("run_1", [answer("m")]))
    .when(live("run_1", [both]))
    .gives("~tool_output_delta 1");
});

test("PUB16 a tool_call or an unnamed message finishes nothing", () => {
  const call = { type: "tool_call", payload: { toolCallId: "c", name: "n", input: {} } };
  const unnamed = { type: "assistant_message", payload: { content: "x" } };
  given(start("run_1"), publish("run_1", [call, unnamed]))
    .when(live("run_1", [output(1), delta(2)]))
    .gives("~tool_output_delta 1", "~assistant_message_delta 2");
});

test("PUB16 the run's last 1,000 finished messages, and calls, are remembered", () => {
  const others = Array.from({ length: 1_000 }, (_, index) => answer(`m${index + 1}`));
  const before = [
    publish("run_1", [answer("m0")]),
    publish("run_1", others),
    publish("run_1", [result()]),
  ];
  given(start("run_1"), ...before)
    .when(live("run_1", [delta(1, "m0"), delta(2, "m1"), delta(3, "m999"), output(4)]))
    .gives("~assistant_message_delta 1")
    .answers({ duplicates: 3 });
});

test("PUB17 a transient frame outside an active run is RUN_NOT_ACTIVE, a late one too", () => {
  for (const past of [
    [create()],
    [start("run_2")],
    [start("run_1"), complete("run_1")],
    [start("run_1"), cancel()],
    [start("run_1"), cancel(), start("run_2")],
  ]) {
    given(...past)
      .when(live("run_1", [delta(1)]))
      .refuses("RUN_NOT_ACTIVE");
  }
  const done = { type: "run_completed", payload: { status: "completed" } };
  given(start("run_1"))
    .when(live("run_1", [done, delta(1)]))
    .refuses("RUN_NOT_ACTIVE");
});

test("PUB17 the active run is checked before duplicates", () => {
  given(start("run_1"), live("run_1", [delta(5), answer()]), complete("run_1"))
    .when(live("run_1", [delta(5)]))
    .refuses("RUN_NOT_ACTIVE");
});

test("PUB12 a transient frame alone makes no thread", () => {
  given()
    .when(live("run_1", [delta(1)]))
    .refuses("THREAD_NOT_FOUND");
  const started = { type: "run_started", payload: {} };
  given()
    .when(live("run_1", [started, delta(1)], "rol_own"))
    .gives("thread_created", "run_started 1", "~assistant_message_delta 1");
});

test("RUN12 PUB15 a stale rollout is refused, but not for what was shown before", () => {
  const compact = [
    { type: "compaction_started", payload: {}, runSequence: 2 },
    { type: "compaction_completed", payload: { summary: "s" }, runSequence: 3 },
    delta(5),
  ];
  const past = [start("run_1"), live("run_1", compact)];
  given(...past)
    .when(live("run_1", [delta(6)]))
    .refuses("ROLLOUT_NOT_ACTIVE", {
      activeRolloutId: "rol_made2",
    });
  given(...past)
    .when(live("run_1", compact))
    .gives()
    .answers({ duplicates: 3 });
  given(...past)
    .when(live("run_1", [delta(6)], "rol_made2"))
    .gives("~assistant_message_delta 6");
});

test("PUB13 a transient frame behind a compaction in its batch belongs to the new rollout", () => {
  const { decision } = given(start("run_1"))
    .when(
      live("run_1", [
        delta(1),
        { type: "compaction_completed", payload: { summary: "s" } },
        delta(2),
      ]),
    )
    .gives(
      "~assistant_message_delta 1",
      "compaction_started",
      "compaction_completed 2",
      "~assistant_message_delta 2",
    );
  const rollouts = decision.effects.flatMap((effect) =>
    effect.kind === "transient" ? [effect.rolloutId] : [],
  );
  assert.deepEqual(rollouts, ["rol_made1", "rol_made2"]);
});

test("PUB15 PUB16 a copy of the memory goes its own way", () => {
  const { decision } = given(start("run_1"))
    .when(live("run_1", [delta(3), answer()]))
    .gives("~assistant_message_delta 3", "assistant_message 2");
  const memory = new TransientMemory();
  const before = memory.copy();
  memory.remember(decision.effects);
  const after = memory.copy();
  const late = { type: "assistant_message_delta", payload: { messageId: "m" } };
  for (const seen of [memory, after]) {
    assert.equal(seen.highest("run_1"), 3);
    assert.equal(seen.isFinished("run_1", late), true);
    assert.equal(seen.highest("run_2"), 0);
    assert.equal(seen.isFinished("run_2", late), false);
  }
  assert.equal(before.runId, null);
  assert.equal(before.highest("run_1"), 0);
});
