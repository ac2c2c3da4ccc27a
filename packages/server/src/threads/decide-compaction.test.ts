/**
 * Proves the rules of a published compaction: which rollout each event stands in, which events the
 * server adds so that every start has exactly one end, and what a compaction keeps waiting.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
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

const message = (content: string) => ({ type: "user_message", payload: { content } });
const started = (payload: Frame = {}) => ({ type: "compaction_started", payload });
const completed = (payload: Frame = { summary: "so far" }) => ({
  type: "compaction_completed",
  payload,
});
const failed = { status: "failed", error: "no model" };
const numbered = (first: number, ...frames: Frame[]) =>
  frames.map((frame, index) => ({ ...frame, runSequence: first + index }));
const places = (events: readonly Event[]) =>
  events.map(({ type, rolloutId, payload }) => [type, rolloutId, payload.compactionId]);

test("ROL1 ROL2 a compaction closes the rollout, and its end is the first event of the next", () => {
  const { scenario, decision } = given(start("run_1"), publish("run_1", [message("a"), started()]))
    .when(publish("run_1", [message("between"), completed(), message("after")]))
    .gives("user_message 4", "compaction_completed 5", "user_message 6")
    .leaves({ activeRolloutId: "rol_made2", activeRunId: "run_1", compaction: null, sequence: 6 })
    .answers({ rolloutId: "rol_made2", runSequence: 6, appended: 3 });
  assert.deepEqual(places(scenario.events), [
    ["run_started", "rol_made1", undefined],
    ["user_message", "rol_made1", undefined],
    ["compaction_started", "rol_made1", "cmp_made1"],
    ["user_message", "rol_made1", undefined],
    ["compaction_completed", "rol_made2", "cmp_made1"],
    ["user_message", "rol_made2", undefined],
  ]);
  assert.deepEqual(
    decision.rows.rollouts.map(({ rolloutId, index, firstSequence, lastSequence }) => ({
      rolloutId,
      index,
      firstSequence,
      lastSequence,
    })),
    [
      { rolloutId: "rol_made1", index: 0, firstSequence: 1, lastSequence: 4 },
      { rolloutId: "rol_made2", index: 1, firstSequence: 5, lastSequence: 6 },
    ],
  );
  assert.notEqual(decision.rows.rollouts[0]?.completedAt, null);
});

test("ROL2 the end holds the summary or the replacement as it was sent", () => {
  const replacement = [{ type: "user_message", payload: { content: "a" }, fromSequence: 2 }];
  const payload = { summary: "s", replacement, tokensBefore: 10, tokensAfter: 1, extra: true };
  const { events } = given(start("run_1"), publish("run_1", [started()]))
    .when(publish("run_1", [completed(payload)]))
    .gives("compaction_completed 3");
  assert.deepEqual(events[0]?.payload, { ...payload, compactionId: "cmp_made1" });
});

test("ROL1 RUN12 frames of one batch around a compaction name the rollout before it", () => {
  const around = [message("b"), started(), completed(), message("c")];
  const before = { rolloutId: "rol_made1" };
  given(start("run_1"), publish("run_1", [message("a")]))
    .when(publish("run_1", around, before))
    .gives("user_message 3", "compaction_started 4", "compaction_completed 5", "user_message 6");
  given(start("run_1"), publish("run_1", around, before))
    .when(publish("run_1", [message("d")], before))
    .refuses("ROLLOUT_NOT_ACTIVE", { activeRolloutId: "rol_made2" });
});

test("ROL4 indexes of rollouts count up, and two compactions fit in one batch", () => {
  const twice = [started(), completed(), message("b"), started(), completed()];
  const { decision } = given(start("run_1"))
    .when(publish("run_1", twice))
    .gives(
      "compaction_started 2",
      "compaction_completed 3",
      "user_message 4",
      'renamed "b"',
      "compaction_started 5",
      "compaction_completed 6",
    )
    .leaves({ activeRolloutId: "rol_made3" });
  assert.deepEqual(
    decision.rows.rollouts.map((row) => row.index),
    [0, 1, 2],
  );
  assert.equal(decision.rows.rollouts.filter((row) => row.completedAt === null).length, 1);
});

test("ROL5 a failed compaction leaves its rollout active", () => {
  const { events } = given(start("run_1"), publish("run_1", [started()]))
    .when(publish("run_1", [completed(failed), message("on")]))
    .gives("compaction_completed 3", "user_message 4", 'renamed "on"')
    .leaves({ activeRolloutId: "rol_made1", compaction: null });
  assert.deepEqual(events[0]?.payload, { ...failed, compactionId: "cmp_made1" });
});

test("ROL7 an open compaction fails when its run ends, by its publisher or by cancel", () => {
  const open = [start("run_1"), publish("run_1", [started({ compactionId: "mine" })])];
  const ends = [
    given(...open)
      .when(complete("run_1"))
      .gives("compaction_completed", "run_completed 3"),
    given(...open)
      .when(cancel())
      .gives("compaction_completed", "run_completed"),
  ];
  for (const ended of ends) {
    const [closing, end] = ended.leaves({ compaction: null, activeRunId: null }).events;
    assert.deepEqual([closing?.runId, closing?.rolloutId], ["run_1", "rol_made1"]);
    assert.equal(closing?.payload.compactionId, "mine");
    assert.equal(closing?.payload.status, "failed");
    assert.equal(typeof closing?.payload.error, "string");
    assert.equal(end?.type, "run_completed");
    ended.scenario.do(start("run_2"));
  }
});

test("ROL7 PUB7 the server's own end takes no number of the publisher's", () => {
  given()
    .when(
      publish(
        "run_1",
        numbered(1, { type: "run_started", payload: {} }, started(), {
          type: "run_completed",
          payload: { status: "failed" },
        }),
      ),
    )
    .gives(
      "thread_created",
      "run_started 1",
      "compaction_started 2",
      "compaction_completed",
      "run_completed 3",
    )
    .answers({ appended: 3, sequence: 4, runSequence: 3 });
});

test("ROL8 an end without a start gets one just before it, without a number", () => {
  const { events } = given(start("run_1"), publish("run_1", [message("a")]))
    .when(publish("run_1", numbered(3, completed(), message("b"))))
    .gives("compaction_started", "compaction_completed 3", "user_message 4")
    .answers({ appended: 2, sequence: 5, runSequence: 4 });
  assert.deepEqual(places(events), [
    ["compaction_started", "rol_made1", "cmp_made1"],
    ["compaction_completed", "rol_made2", "cmp_made1"],
    ["user_message", "rol_made2", undefined],
  ]);
  given(start("run_1"))
    .when(publish("run_1", [completed({ ...failed, compactionId: "mine" })]))
    .gives("compaction_started", "compaction_completed 2")
    .leaves({ activeRolloutId: "rol_made1" });
});

test("ROL8 the end of an earlier run's compaction is no end of this one's", () => {
  given(
    start("run_1"),
    publish("run_1", [started({ compactionId: "old" })]),
    complete("run_1"),
    start("run_2"),
  )
    .when(publish("run_2", [completed({ summary: "s", compactionId: "old" })]))
    .gives("compaction_started", "compaction_completed 2");
});

test("ROL9 the server fills in compactionId, the publisher's own is kept", () => {
  const { events } = given(start("run_1"))
    .when(
      publish("run_1", [
        started({ compactionId: "mine" }),
        completed(),
        completed({ summary: "s", compactionId: "own" }),
      ]),
    )
    .gives(
      "compaction_started 2",
      "compaction_completed 3",
      "compaction_started",
      "compaction_completed 4",
    );
  assert.deepEqual(
    events.map((event) => event.payload.compactionId),
    ["mine", "mine", "own", "own"],
  );
});

test("ROL9 a compactionId that is not the open one's is INVALID_FRAME, and nothing is kept", () => {
  given(start("run_1"), publish("run_1", [started({ compactionId: "mine" })]))
    .when(publish("run_1", [message("a"), completed({ summary: "s", compactionId: "other" })]))
    .refuses("INVALID_FRAME", {
      index: 1,
      path: "/payload/compactionId",
      problem: "is not the open compaction mine",
    });
});

test("ROL10 compaction_started while another compaction is under way is THREAD_BUSY", () => {
  const refusal = given(start("run_1"), publish("run_1", [started()]))
    .when(publish("run_1", [started()]))
    .refuses("THREAD_BUSY", {
      reason: "compacting",
      activeRunId: "run_1",
      leaseExpiresAt: new Date(startTime + 901_000).toISOString(),
    });
  assert.match(refusal.message, /compaction/);
  given(start("run_1"), publish("run_1", [started(), completed()]))
    .when(publish("run_1", [started()]))
    .gives("compaction_started 4");
});

test("RUN2 a run that would start while another compacts is THREAD_BUSY", () => {
  given(start("run_1"), publish("run_1", [started()]))
    .when(start("run_2"))
    .refuses("THREAD_BUSY", { reason: "compacting", activeRunId: "run_1" });
});

test("RUN5 compaction frames belong to an active run", () => {
  for (const frame of [started(), completed()]) {
    given(create())
      .when(publish("run_1", [frame]))
      .refuses("RUN_NOT_ACTIVE");
    given(start("run_1"), complete("run_1"))
      .when(publish("run_1", [frame]))
      .refuses("RUN_NOT_ACTIVE");
    given(start("run_1"), cancel())
      .when(publish("run_1", [frame]))
      .refuses("RUN_FENCED");
  }
});

test("PUB4 ROL1 a compaction that is sent again with its numbers is all duplicates", () => {
  const whole = numbered(2, started(), message("between"), completed(), message("after"));
  const past = [start("run_1"), publish("run_1", whole, { rolloutId: "rol_made1" })];
  given(...past)
    .when(publish("run_1", whole, { rolloutId: "rol_made1" }))
    .gives()
    .answers({ duplicates: 4, rolloutId: "rol_made2" });
});

test("PUB10 a run-less message goes to whichever rollout is active", () => {
  const { events } = given(start("run_1"), publish("run_1", [started(), completed()]))
    .when(publish(null, [message("a")]))
    .gives("user_message", 'renamed "a"');
  assert.equal(events[0]?.rolloutId, "rol_made2");
});

test("ROL11 nothing compacts on its own, however long a run goes on", () => {
  const { scenario } = given(create({ title: "T" }), start("run_1"));
  const many = Array.from({ length: 500 }, () => message("x".repeat(100)));
  for (let batch = 0; batch < 6; batch += 1) scenario.do(publish("run_1", many));
  scenario.do(complete("run_1"));
  assert.deepEqual([...new Set(scenario.events.map((event) => event.rolloutId))], ["rol_made1"]);
  assert.deepEqual(
    scenario.events.filter((event) => event.type.startsWith("compaction")),
    [],
  );
});
