/**
 * Proves what deciding asks the store for, and what the state keeps in memory: look-ups happen once,
 * ended runs are known without one, and nothing grows without bound.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clocksOf } from "../testing/fake-clock.ts";
import type { Command } from "./command.ts";
import {
  cancel,
  complete,
  create,
  given,
  key,
  publish,
  remove,
  start,
  startTime,
  update,
} from "./decide-specification.ts";
import { loadedState, needsOf, withLookedUp } from "./state.ts";

const fresh = { known: null, clocks: clocksOf(startTime) };

const commandOf = (step: { command: Command }): Command => step.command;
const say = (messageId?: string) =>
  publish(null, [
    { type: "user_message", payload: { content: "x", ...(messageId && { messageId }) } },
  ]);

test("RUN5 a run that is not known is looked up, the active one and ended ones are not", () => {
  const { state } = given(start("run_1"), complete("run_1"), start("run_2")).scenario;
  assert.deepEqual(needsOf(state, commandOf(start("run_3"))), { runId: "run_3" });
  for (const runId of ["run_1", "run_2"])
    assert.equal(needsOf(state, commandOf(start(runId))), null);
  const looked = withLookedUp(state, { runId: "run_3" }, null);
  assert.equal(needsOf(looked, commandOf(start("run_3"))), null);
  assert.equal(looked.knownRuns.get("run_3"), null);
});

test("PUB11 message ids are looked up once a run-less frame names one", () => {
  const { state } = given(create()).scenario;
  assert.equal(needsOf(state, commandOf(say())), null);
  assert.deepEqual(needsOf(state, commandOf(say("m"))), { messageIds: true });
  const head = state.head;
  assert.ok(head);
  const looked = withLookedUp(state, { messageIds: true }, { head, run: null, messageIds: ["a"] });
  assert.deepEqual([...(looked.messageIds ?? [])], ["a"]);
  assert.equal(needsOf(looked, commandOf(say("m"))), null);
});

test("PUB11 no more than 1,000 message ids are kept, however many a store gives", () => {
  const { state } = given(create()).scenario;
  const head = state.head;
  assert.ok(head);
  const messageIds = Array.from({ length: 1_200 }, (_, index) => `m${index}`);
  const looked = withLookedUp(state, { messageIds: true }, { head, run: null, messageIds });
  assert.deepEqual([...(looked.messageIds ?? [])], messageIds.slice(200));
});

test("REST3 other commands, and those on an unknown thread, need nothing", () => {
  const { state } = given(create()).scenario;
  for (const step of [create(), update({ title: "T" }), remove(), cancel()]) {
    assert.equal(needsOf(state, step.command), null);
  }
  assert.equal(needsOf(loadedState(key, null, fresh), commandOf(start("run_1"))), null);
});

test("RUN5 RUN6 a thread of many runs keeps the last of them, and looks the others up", () => {
  const steps = Array.from({ length: 40 }, (_, index) => [
    start(`run_${index}`),
    complete(`run_${index}`),
  ]);
  const { scenario } = given(...steps.flat());
  assert.equal(scenario.state.knownRuns.size, 32);
  assert.deepEqual(needsOf(scenario.state, commandOf(start("run_0"))), { runId: "run_0" });
  assert.equal(needsOf(scenario.state, commandOf(start("run_39"))), null);
  given(...steps.flat())
    .when(start("run_0"))
    .refuses("RUN_NOT_ACTIVE");
});

test("RUN5 of the runs that are known, the one that ended last is forgotten last", () => {
  const { scenario } = given(create());
  const endOthers = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) {
      scenario.do(start(`run_${index}`));
      scenario.do(complete(`run_${index}`));
    }
  };
  scenario.state = withLookedUp(scenario.state, { runId: "run_x" }, null);
  endOthers(0, 31);
  scenario.do(start("run_x"));
  scenario.do(complete("run_x"));
  endOthers(31, 62);
  assert.equal(scenario.state.knownRuns.get("run_x")?.status, "completed");
  assert.equal(scenario.state.knownRuns.size, 32);
});

test("LOG6 a state is what the store holds, an unknown thread included", () => {
  assert.equal(loadedState(key, null, fresh).head, null);
  const { head } = given(create()).scenario.state;
  assert.ok(head);
  const state = loadedState(key, { head, run: null, messageIds: null }, fresh);
  assert.equal(state.head?.thread.createdAt, startTime);
  assert.equal(state.messageIds, null);
});
