/**
 * Proves the rules of publishing durable frames: numbers and duplicates, all or nothing, what is
 * stored of a frame, and who may publish. Runs, compaction, transient frames and the order of
 * checks have files of their own.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  admin,
  as,
  bob,
  cancel,
  complete,
  create,
  type Frame,
  given,
  publish,
  remove,
  start,
  startTime,
  update,
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

test("PUB12 frames without their run_started on an unknown thread find no thread", () => {
  given()
    .when(publish(null, [message("a")]))
    .refuses("THREAD_NOT_FOUND");
  given()
    .when(publish("run_1", [message("a")]))
    .refuses("THREAD_NOT_FOUND");
  given()
    .when(publish("run_1", [message("a"), runStarted]))
    .refuses("THREAD_NOT_FOUND");
  given().when(publish("run_1", [])).refuses("THREAD_NOT_FOUND");
});

test("PUB3 each durable frame takes the next number, given or not", () => {
  given(start("run_1"))
    .when(publish("run_1", [message("a"), message("b")]))
    .gives("user_message 2", 'renamed "a"', "user_message 3")
    .answers({ runSequence: 3, appended: 2, duplicates: 0, sequence: 3 });
  given(start("run_1"), publish("run_1", [message("a")]))
    .when(publish("run_1", numbered(3, message("b"))))
    .gives("user_message 3");
});

test("PUB3 a run goes from start to end within one batch", () => {
  given()
    .when(publish("run_1", numbered(1, runStarted, message("a"), runCompleted)))
    .gives("thread_created", "run_started 1", "user_message 2", 'renamed "a"', "run_completed 3")
    .answers({ runSequence: 3, sequence: 3, appended: 3 });
});

test("PUB4 a number the run already holds is a duplicate", () => {
  const sent = [start("run_1"), publish("run_1", [message("a")])];
  given(...sent)
    .when(publish("run_1", numbered(1, runStarted, message("a"))))
    .gives()
    .answers({ appended: 0, duplicates: 2, sequence: 2, runSequence: 2 });
  given(...sent)
    .when(publish("run_1", numbered(2, message("another text"))))
    .gives()
    .answers({ duplicates: 1 });
});

test("PUB4 a batch may hold duplicates and new frames", () => {
  given(start("run_1"), publish("run_1", [message("a")]))
    .when(publish("run_1", numbered(1, runStarted, message("a"), message("b"), runCompleted)))
    .gives("user_message 3", "run_completed 4")
    .answers({ appended: 2, duplicates: 2, runSequence: 4 });
});

test("PUB4 the same number twice in one batch counts once", () => {
  given(start("run_1"))
    .when(publish("run_1", [...numbered(2, message("a")), ...numbered(2, message("a"))]))
    .gives("user_message 2", 'renamed "a"')
    .answers({ appended: 1, duplicates: 1 });
});

test("PUB4 without numbers the same frame again is another frame", () => {
  given(start("run_1"), publish("run_1", [message("a")]))
    .when(publish("run_1", [message("a")]))
    .gives("user_message 3");
});

test("PUB5 a number beyond the next is OUT_OF_ORDER, and nothing is kept", () => {
  const expected = (next: number) => ({ expected: next });
  given(start("run_1"))
    .when(publish("run_1", numbered(3, message("a"))))
    .refuses("OUT_OF_ORDER", expected(2));
  given(start("run_1"))
    .when(publish("run_1", [...numbered(2, message("a")), ...numbered(4, message("b"))]))
    .refuses("OUT_OF_ORDER", expected(3));
  given()
    .when(publish("run_1", numbered(2, runStarted)))
    .refuses("OUT_OF_ORDER", expected(1));
});

test("PUB7 PUB10 a frame without a run takes no number, also beside an active run", () => {
  const custom = { type: "custom", payload: { name: "note", data: 1 } };
  given(start("run_1"))
    .when(publish(null, [message("a"), custom]))
    .gives("user_message", 'renamed "a"', "custom")
    .leaves({ activeRunId: "run_1" })
    .answers({ runId: null, runSequence: null, sequence: 3, appended: 2 });
  given(start("run_1"), publish(null, [message("a")]))
    .when(publish("run_1", numbered(2, message("b"))))
    .gives("user_message 2");
});

test("PUB8 durable duplicates are 200 whatever came of run, rollout or compaction", () => {
  const compaction = [
    { type: "compaction_started", payload: {} },
    { type: "compaction_completed", payload: { summary: "s" } },
  ];
  const first = numbered(1, runStarted, message("a"));
  const again = publish("run_1", first, { rolloutId: "rol_old" });
  const begun = publish("run_1", first);
  const pasts = [
    [],
    [complete("run_1")],
    [cancel()],
    [complete("run_1"), start("run_2")],
    [publish("run_1", compaction)],
    [publish("run_1", compaction.slice(0, 1))],
  ];
  for (const past of pasts) {
    given(begun, ...past)
      .when(again)
      .gives()
      .answers({ appended: 0, duplicates: 2 });
  }
  given(begun, remove(true)).when(again).refuses("THREAD_DELETED");
});

test("PUB9 the answer tells where thread and run stand, of an ended run too", () => {
  given(start("run_1"), publish("run_1", [message("a")]), cancel(), start("run_2"))
    .when(publish("run_1", numbered(1, runStarted)))
    .gives()
    .answers({
      threadId: "thr_1",
      runId: "run_1",
      rolloutId: "rol_made1",
      sequence: 4,
      runSequence: 2,
      appended: 0,
      duplicates: 1,
      delivered: 0,
    });
});

test("PUB11 a run-less message whose id is among the last 1,000 is a duplicate", () => {
  const say = (...ids: string[]) =>
    publish(
      null,
      ids.map((messageId) => ({ type: "user_message", payload: { content: "x", messageId } })),
    );
  const ids = Array.from({ length: 1_000 }, (_, index) => `m${index}`);
  const { scenario } = given(create({ title: "T" }), say(...ids));
  assert.deepEqual(scenario.do(say("m0", "m999")).answer?.duplicates, 2);
  assert.equal(scenario.do(say("n", "n")).answer?.appended, 1);
  // m0 is now the 1,001st from the end.
  assert.equal(scenario.do(say("m0", "m2")).answer?.appended, 1);
  scenario.restart();
  assert.equal(scenario.do(say("m1", "m3", "n")).answer?.duplicates, 2);
});

test("PUB11 only run-less user messages are known by their ids", () => {
  const named = (type: string, payload: Frame) => ({
    type,
    payload: { ...payload, messageId: "m" },
  });
  const user = named("user_message", { content: "x" });
  given(create({ title: "T" }), publish(null, [named("custom", { name: "n", data: 1 })]))
    .when(publish(null, [user]))
    .gives("user_message");
  given(create({ title: "T" }), start("run_1"), publish("run_1", [user]))
    .when(publish(null, [user, user]))
    .gives("user_message")
    .answers({ appended: 1, duplicates: 1 });
  given(create({ title: "T" }), publish(null, [message("x")]))
    .when(publish(null, [message("x")]))
    .gives("user_message");
});

test("PUB19 a batch is kept as a whole or not at all", () => {
  given(start("run_1"))
    .when(publish("run_1", [message("a"), runCompleted, message("b")]))
    .refuses("RUN_NOT_ACTIVE");
  given()
    .when(publish("run_1", [runStarted, runCompleted, runStarted]))
    .refuses("RUN_NOT_ACTIVE");
});

test("PUB20 RUN8 numbering survives a restart", () => {
  const frames = numbered(1, runStarted, message("a"), message("b"));
  const { scenario } = given(publish("run_1", frames));
  scenario.restart();
  assert.equal(scenario.do(publish("run_1", frames)).answer?.duplicates, 3);
  assert.equal(scenario.do(publish("run_1", numbered(4, runCompleted))).answer?.runSequence, 4);
  scenario.restart();
  assert.equal(scenario.do(publish("run_1", frames)).answer?.duplicates, 3);
});

test("PUB21 a second assistant_message with the same id is stored", () => {
  const answer = { type: "assistant_message", payload: { content: "x", messageId: "m" } };
  given(start("run_1"), publish("run_1", [answer]))
    .when(
      publish("run_1", [
        answer,
        { ...answer, payload: { ...answer.payload, messageId: "m:1", groupId: "m" } },
      ]),
    )
    .gives("assistant_message 3", "assistant_message 4");
});

test("PUB1 WIRE7 THR7 the stored line holds payload and occurredAt as they came", () => {
  const payload = '{"content":"\\ud800","b":1,"a":{"__proto__":[0.1]}}';
  const occurredAt = "2026-01-01t00:00:60.5+05:30";
  const frame = { type: "user_message", payload: JSON.parse(payload), occurredAt };
  const { decision } = given(start("run_1"))
    .when(publish("run_1", [frame]))
    .gives("user_message 2", 'renamed "\ufffd"');
  const [change] = decision.changes;
  assert.ok(change?.kind === "event");
  assert.equal(
    change.line.toString(),
    '{"sequence":2,"type":"user_message","threadId":"thr_1","rolloutId":"rol_made1","runId":"run_1",' +
      `"runSequence":2,"createdAt":"2026-01-01T00:00:01.000Z","occurredAt":"${occurredAt}","payload":${payload}}`,
  );
});

test("ORG3 ORG4 publishing into another member's thread: not there, or the id is taken", () => {
  const others = [
    publish("run_1", [message("a")]),
    publish("run_1", []),
    publish(null, [message("a")]),
  ];
  for (const tried of [...others, publish("run_1", [message("a"), runStarted])]) {
    const missing = given().when(as(bob, tried)).refuses("THREAD_NOT_FOUND");
    const foreign = given(start("run_1")).when(as(bob, tried)).refuses("THREAD_NOT_FOUND");
    assert.equal(foreign.message, missing.message);
  }
  given(create())
    .when(as(bob, start("run_9")))
    .refuses("THREAD_ID_TAKEN");
  given(start("run_1"))
    .when(as(bob, publish("run_1", numbered(1, runStarted))))
    .refuses("THREAD_ID_TAKEN");
});

test("ORG8 an admin may not publish into somebody else's thread", () => {
  for (const tried of [
    start("run_2"),
    publish("run_1", [message("a")]),
    publish("run_1", []),
    publish(null, [message("a")]),
  ]) {
    given(start("run_1")).when(as(admin, tried)).refuses("NOT_OWNER");
  }
});

test("THR9 an archived thread takes frames and stays archived", () => {
  given(create(), update({ archived: true }))
    .when(start("run_1"))
    .gives("run_started 1")
    .leaves({ archivedAt: startTime + 1_000 });
});

test("THR6 sequences count every event, with a run, without, and the server's own", () => {
  const { scenario } = given(
    start("run_1"),
    publish(null, [message("a")]),
    cancel(),
    publish("run_2", [runStarted, runCompleted]),
  );
  assert.deepEqual(
    scenario.events.map((event) => event.sequence),
    [1, 2, 3, 4, 5],
  );
});
