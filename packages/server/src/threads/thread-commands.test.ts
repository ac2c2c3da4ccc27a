/**
 * Proves how commands reach the disk and what leaves when, over the real embedded store: nothing
 * before the flush it was decided on, and everything in the order in which it was accepted.
 */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { CommandServer } from "../testing/command-server.ts";
import { settled } from "../testing/eventually.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import {
  cancel,
  complete,
  create,
  type Frame,
  key,
  publish,
  start,
  update,
} from "./decide-specification.ts";

const message = (content: string, more: Frame = {}) => ({
  type: "user_message",
  payload: { content },
  ...more,
});
const delta = (sequenceNumber: number, messageId = "m") => ({
  type: "assistant_message_delta",
  payload: { messageId, delta: "x" },
  sequenceNumber,
});
const runStarted = { type: "run_started", payload: {} };
/** A run whose rollout the publisher named, so that it can send transient frames at once. */
const named = { rolloutId: "rol_own" };
const begin = publish("run_1", [runStarted], named);
const live = (...frames: Frame[]) => publish("run_1", frames, named);

test("LOG1 LOG3 LOG4 answers, refusals and duplicates leave after the flush they were decided on", async (t) => {
  const server = await new CommandServer(t).open();
  const release = server.hold();
  const answers = [
    server.give("start", start("run_1")),
    server.give("duplicate", start("run_1")),
    server.give("empty batch", publish("run_1", [])),
    server.give("out of order", publish("run_1", [message("x", { runSequence: 9 })])),
    server.give("foreign rollout", publish("run_1", [message("x")], { rolloutId: "rol_9" })),
    server.give("own thread", create()),
    server.give("second run", start("run_2")),
    server.give("cancel", cancel()),
    server.give("fenced", publish("run_1", [message("x")])),
  ];
  await settled();
  assert.deepEqual([server.left, server.heard], [[], []]);
  assert.equal(await server.store.load(key), null);
  assert.deepEqual(await server.events(), []);
  release();
  await Promise.all(answers);
  assert.deepEqual(server.left, [
    "start",
    "duplicate",
    "empty batch",
    "out of order OUT_OF_ORDER",
    "foreign rollout ROLLOUT_NOT_ACTIVE",
    "own thread",
    "second run THREAD_BUSY",
    "cancel",
    "fenced RUN_FENCED",
  ]);
  assert.deepEqual(server.heard, ["1", "cancel_requested", "2"]);
  assert.equal((await server.events()).length, 2);
});

test("LOG4 what was decided on the first flush does not wait for the second", async (t) => {
  const server = await new CommandServer(t).open();
  const releaseFirst = server.hold();
  const first = [server.give("start", start("run_1")), server.give("again", start("run_1"))];
  await settled();
  const later = publish("run_1", [message("x")]);
  const second = [server.give("message", later), server.give("once more", start("run_1"))];
  releaseFirst();
  const releaseSecond = server.hold();
  await settled();
  assert.deepEqual(server.left, ["start", "again"]);
  assert.equal((await server.store.load(key))?.head.thread.sequence, 1);
  releaseSecond();
  await Promise.all([...first, ...second]);
  assert.deepEqual(server.left, ["start", "again", "message", "once more"]);
});

test("PUB18 a transient frame behind a durable one waits for its flush, one alone does not", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin);
  const release = server.hold();
  await server.give("alone", live(delta(1)));
  assert.deepEqual([server.left, server.heard], [["alone"], ["1", "~1"]]);
  const answers = [
    server.give("durable", live(message("x"))),
    server.give("behind", live(delta(2))),
    server.give("duplicate", live(delta(2))),
  ];
  await settled();
  assert.deepEqual([server.left, server.heard], [["alone"], ["1", "~1"]]);
  release();
  await Promise.all(answers);
  assert.deepEqual(server.heard, ["1", "~1", "2", "renamed", "~2"]);
});

test("PUB18 LIVE5 watchers hear everything in the order accepted, whatever the flushes do", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin);
  await server.do(update({ title: "T" }));
  const random = new SeededRandom(3);
  const expected = ["1", "renamed"];
  const answers: Promise<void>[] = [];
  for (let number = 1, sequence = 2; number <= 300; number += 1) {
    if (random.below(3) === 0) {
      answers.push(server.give("durable", live(message("x"))));
      expected.push(`${sequence}`);
      sequence += 1;
    } else {
      answers.push(server.give("transient", live(delta(number))));
      expected.push(`~${number}`);
    }
    if (random.below(5) === 0) await settled(random.below(4));
  }
  await Promise.all(answers);
  assert.deepEqual(server.heard, expected);
});

test("LOG5 who was answered reads their own write", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(start("run_1"));
  for (const content of ["a", "b", "c"]) {
    const { head } = await server.do(publish("run_1", [message(content)]));
    assert.deepEqual((await server.store.load(key))?.head, head);
    assert.equal((await server.events()).at(-1)?.payload.content, content);
  }
});

for (const [what, first] of [
  ["a new thread", []],
  ["a thread that is there", [create()]],
  ["a thread whose run has just ended", [start("run_0"), complete("run_0")]],
] as const) {
  test(`RUN2 RUN4 of 200 runs that start at once on ${what} exactly one does`, async (t) => {
    const server = await new CommandServer(t).open();
    for (const step of first) await server.do(step);
    const runs = Array.from({ length: 200 }, (_, index) => `run_x${index}`);
    await Promise.all(runs.map((runId) => server.give(runId, start(runId))));
    const busy = server.left.filter((name) => name.endsWith(" THREAD_BUSY"));
    assert.equal(busy.length, 199);
    const [winner] = server.left.filter((name) => !name.includes(" "));
    const started = (await server.events()).filter((event) => event.runId?.startsWith("run_x"));
    assert.deepEqual(
      started.map((event) => event.runId),
      [winner],
    );
  });
}

test("PUB4 PUB20 RUN8 a run goes on after a restart, and what is sent again is duplicates", async (t) => {
  const server = await new CommandServer(t).open();
  const frames = [runStarted, message("a"), message("b")].map((frame, index) => ({
    ...frame,
    runSequence: index + 1,
  }));
  await server.do(publish("run_0", [runStarted, { ...message("old") }]));
  await server.do(cancel());
  await server.do(publish("run_1", frames));
  await server.close();
  await server.open();
  // The first has to look its run up; the others wait for their turn behind it.
  const answers = [
    server.do(publish("run_0", [{ ...runStarted, runSequence: 1 }])),
    server.do(publish("run_1", frames)),
    server.do(publish("run_1", [message("c", { runSequence: 4 })])),
    server.do(complete("run_1")),
  ];
  const results = await Promise.all(answers);
  assert.deepEqual(
    results.map(({ answer }) => [answer?.appended, answer?.duplicates, answer?.runSequence]),
    [
      [0, 1, 2],
      [0, 3, 3],
      [1, 0, 4],
      [1, 0, 5],
    ],
  );
  const contents = (await server.events()).map((event) => event.payload.content);
  assert.deepEqual(contents.slice(4), ["a", "b", "c", undefined]);
});

test("PUB11 a run-less message is known by its id after a restart", async (t) => {
  const server = await new CommandServer(t).open();
  const say = (...ids: string[]) =>
    publish(
      null,
      ids.map((messageId) => ({ type: "user_message", payload: { content: "x", messageId } })),
    );
  await server.do(create());
  await server.do(say("a", "b"));
  await server.close();
  await server.open();
  const [{ answer }, again] = await Promise.all([server.do(say("a", "c")), server.do(say("c"))]);
  assert.deepEqual([answer?.appended, answer?.duplicates], [1, 1]);
  assert.equal(again.answer?.duplicates, 1);
});

test("ROL3 LOG2 compaction leaves the closed rollout's bytes as they were, and readable", async (t) => {
  const server = await new CommandServer(t).open();
  const bytes = async () => {
    const rollouts = await server.store.listRollouts({ key, before: null, limit: 10 });
    return Promise.all(
      rollouts.reverse().map(async (row) => {
        return text(server.store.readRollout(key, row, { start: 0, end: row.bytes }));
      }),
    );
  };
  const compact = publish("run_1", [
    { type: "compaction_started", payload: {} },
    { type: "compaction_completed", payload: { summary: "s" } },
  ]);
  await server.do(start("run_1"));
  await server.do(publish("run_1", [message("a"), message("b")]));
  const [before = ""] = await bytes();
  await server.do(compact);
  const [closed = ""] = await bytes();
  assert.ok(closed.startsWith(before) && closed.includes("compaction_started"));
  await server.do(publish("run_1", [message("c")]));
  await server.do(compact);
  await server.do(complete("run_1"));
  await server.close();
  await server.open();
  const rollouts = await bytes();
  assert.equal(rollouts.length, 3);
  assert.equal(rollouts[0], closed);
  const lines = rollouts.join("").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    await server.events(),
  );
});

test("REST3 the result says whether anything changed", async (t) => {
  const server = await new CommandServer(t).open();
  assert.equal((await server.do(create())).changed, true);
  assert.equal((await server.do(create())).changed, false);
  assert.equal((await server.do(begin, "thr_2")).changed, true);
  assert.equal((await server.do(create())).answer, null);
});
