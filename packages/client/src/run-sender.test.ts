/** Repetition, order and numbers, over a link whose answers the test gives. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../server/src/testing/eventually.ts";
import type { FrameHandler } from "./live-link.ts";
import { durableEntry, transientEntry } from "./publish-frames.ts";
import { RunSender } from "./run-sender.ts";
import type { SpoolError } from "./spool-error.ts";

type Message = {
  readonly rolloutId?: string;
  readonly events: { type: string; runSequence?: number; sequenceNumber?: number }[];
};

/** A sender, what it sent, and the means to answer it. */
function sending(finished: readonly string[] = []) {
  const messages: Message[] = [];
  const handlers: FrameHandler[] = [];
  const link = {
    isLive: true,
    ask: (textOf: (id: number) => string, onAnswer: FrameHandler) => {
      messages.push(JSON.parse(textOf(messages.length + 1)));
      return handlers.push(onAnswer);
    },
  };
  const outcomes: string[] = [];
  const retries: string[] = [];
  const sender: RunSender = new RunSender({
    link,
    threadId: "thr_a",
    runId: "run_a",
    random: () => 0,
    isFinished: (item) => finished.includes(item),
    onRetry: ({ code }) => retries.push(code),
    onAnswer: () => {},
    onFail: ({ code }) => outcomes.push(`failed ${code}`),
  });
  const add = (name: string) => {
    const reject = ({ code }: SpoolError) => outcomes.push(`${name} ${code}`);
    const resolve = () => outcomes.push(name);
    sender.queue.push(durableEntry({ type: name, payload: {} }, { resolve, reject }));
    sender.send();
  };
  const addDelta = (messageId: string) => {
    const payload = { messageId, delta: "x" };
    sender.queue.push(transientEntry({ type: "assistant_message_delta", payload }, 0));
    sender.send();
  };
  const publish = (rolloutId = "rol_a") =>
    handlers.shift()?.({ type: "published", data: { rolloutId } }, "");
  const refuse = (code: string, details: object = {}) =>
    handlers.shift()?.({ type: "error", error: { code, message: code, details } }, "");
  const lose = () => {
    handlers.length = 0;
    sender.lost();
  };
  const sent = () =>
    messages.map(({ events }) =>
      events.map(({ type, runSequence, sequenceNumber }) => {
        return runSequence === undefined ? `~${sequenceNumber}` : `${type}:${runSequence}`;
      }),
    );
  return { sender, messages, sent, outcomes, retries, add, addDelta, publish, refuse, lose };
}

for (const code of ["RATE_LIMITED", "OVERLOADED", "STORAGE_UNAVAILABLE", "INTERNAL"]) {
  test(`LOG22 ${code}: everything goes out again, with its numbers, once all is answered`, async () => {
    const { sent, outcomes, retries, add, publish, refuse } = sending();
    for (const name of ["a", "b", "c"]) add(name);
    publish();
    refuse(code);
    add("d");
    assert.deepEqual(sent(), [["a:1"], ["b:2"], ["c:3"]]);
    refuse("OUT_OF_ORDER");
    await eventually("it was sent again", () => sent().length === 4);
    assert.deepEqual(sent()[3], ["b:2", "c:3", "d:4"]);
    publish();
    assert.deepEqual([outcomes, retries], [["a", "b", "c", "d"], [code]]);
  });
}

test("a server that fails every time is given up", async () => {
  const { outcomes, sent, add, refuse } = sending();
  add("a");
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await eventually("it was sent", () => sent().length === attempt);
    refuse("INTERNAL");
  }
  assert.deepEqual(outcomes, ["a INTERNAL", "failed INTERNAL"]);
});

test("PUB4 what was not answered goes out again, but nothing about a finished message", () => {
  const finished: string[] = [];
  const { sent, outcomes, add, addDelta, publish, lose } = sending(finished);
  add("a");
  publish();
  addDelta("m1");
  addDelta("m2");
  add("b");
  assert.deepEqual(sent().slice(1), [["~1"], ["~2"], ["b:2"]]);
  finished.push("message m1");
  lose();
  assert.deepEqual(sent()[4], ["~2", "b:2"]);
  publish();
  add("c");
  assert.deepEqual(sent()[5], ["c:3"]);
  assert.deepEqual(outcomes, ["a", "b"]);
});

test("PUB14 transient frames wait until the rollout is known, which is asked for if need be", () => {
  const { messages, sent, add, addDelta, publish } = sending();
  addDelta("m1");
  assert.deepEqual(sent(), [[]]);
  publish("rol_1");
  assert.equal(messages[1]?.rolloutId, "rol_1");
  add("b");
  assert.equal(messages[2]?.rolloutId, undefined);
});

test("RUN12 a rollout that is not active any more is asked for anew", async () => {
  const { messages, sent, addDelta, publish, refuse } = sending();
  addDelta("m1");
  publish("rol_1");
  refuse("ROLLOUT_NOT_ACTIVE", { activeRolloutId: "rol_2" });
  await eventually("it was asked", () => sent().length === 3);
  publish("rol_2");
  assert.deepEqual([messages[3]?.rolloutId, sent()[3]], ["rol_2", ["~2"]]);
});

test("PUB17 transient frames outside their run are lost, and nothing else is", () => {
  const { sent, outcomes, add, addDelta, publish, refuse } = sending();
  addDelta("m1");
  refuse("THREAD_NOT_FOUND");
  add("a");
  publish();
  addDelta("m2");
  refuse("RUN_NOT_ACTIVE");
  add("b");
  publish();
  assert.deepEqual(sent(), [[], ["a:1"], ["~1"], ["b:2"]]);
  assert.deepEqual(outcomes, ["a", "b"]);
});

test("PUB19 a frame taken out gives its number to the next, unless that might be too late", async () => {
  const first = sending();
  for (const name of ["a", "b", "c"]) first.add(name);
  first.publish();
  first.refuse("INVALID_FRAME", { index: 0 });
  first.refuse("OUT_OF_ORDER");
  await eventually("it was sent again", () => first.sent().length === 4);
  assert.deepEqual(first.sent()[3], ["c:2"]);
  first.publish();
  assert.deepEqual(first.outcomes, ["a", "b INVALID_FRAME", "c"]);

  const second = sending();
  for (const name of ["a", "b"]) second.add(name);
  second.refuse("INVALID_FRAME", { index: 0 });
  second.lose();
  const refusals = ["a INVALID_FRAME", "b INVALID_FRAME", "failed INVALID_FRAME"];
  assert.deepEqual(second.outcomes, refusals);
});

test("PUB5 a number the server does not expect ends the run: its history is another one", () => {
  const { outcomes, add, refuse } = sending();
  add("a");
  add("b");
  refuse("OUT_OF_ORDER", { expected: 7 });
  assert.deepEqual(outcomes, ["a OUT_OF_ORDER", "b OUT_OF_ORDER", "failed OUT_OF_ORDER"]);
});
