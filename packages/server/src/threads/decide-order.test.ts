/**
 * Proves the order of checks behind the body (WIRE9): thread, duplicates, run, rollout, busy. Each
 * case breaks two rules at once and gets the first one's answer.
 */

import { test } from "node:test";
import type { ErrorCode } from "@spool/protocol/errors";
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
  type Step,
  start,
} from "./decide-specification.ts";

const message = { type: "user_message", payload: { content: "x" } };
const started = { type: "run_started", payload: {} };
const compaction = { type: "compaction_started", payload: {} };
const delta = (sequenceNumber: number) => ({
  type: "assistant_message_delta",
  payload: { messageId: "m", delta: "x" },
  sequenceNumber,
});
const number = (runSequence: number, frame: Frame) => ({ ...frame, runSequence });
const old = { rolloutId: "rol_old" };
const compacted: Step = publish("run_1", [
  compaction,
  { type: "compaction_completed", payload: { summary: "s" } },
]);

type Case = readonly [
  first: string,
  second: string,
  past: readonly Step[],
  tried: Step,
  code: ErrorCode | "accepted",
];

const cases: readonly Case[] = [
  [
    "a missing thread",
    "a run that is not active",
    [],
    publish("run_1", [message]),
    "THREAD_NOT_FOUND",
  ],
  [
    "another's thread",
    "an ended run",
    [start("run_1"), cancel()],
    as(bob, publish("run_1", [message])),
    "THREAD_NOT_FOUND",
  ],
  [
    "another's thread",
    "a duplicate",
    [start("run_1")],
    as(bob, publish("run_1", [number(1, started)])),
    "THREAD_ID_TAKEN",
  ],
  [
    "another's thread",
    "a stale rollout",
    [start("run_1")],
    as(admin, publish("run_1", [message], old)),
    "NOT_OWNER",
  ],
  [
    "a deleted thread",
    "a duplicate",
    [start("run_1"), remove(true)],
    publish("run_1", [number(1, started)]),
    "THREAD_DELETED",
  ],
  [
    "a deleted thread",
    "a run that is not active",
    [create(), remove()],
    publish("run_1", [message]),
    "THREAD_DELETED",
  ],
  ["a missing thread", "nothing to cancel", [], cancel(), "THREAD_NOT_FOUND"],
  [
    "another's thread",
    "a run that is busy",
    [start("run_1")],
    as(bob, remove()),
    "THREAD_NOT_FOUND",
  ],
  [
    "a duplicate",
    "a completed run",
    [start("run_1"), complete("run_1")],
    publish("run_1", [number(1, started)], old),
    "accepted",
  ],
  [
    "a duplicate",
    "a fenced run",
    [start("run_1"), cancel()],
    publish("run_1", [number(1, started)], old),
    "accepted",
  ],
  [
    "a duplicate",
    "a stale rollout",
    [start("run_1")],
    publish("run_1", [started], old),
    "accepted",
  ],
  [
    "a duplicate",
    "a compaction under way",
    [start("run_1"), publish("run_1", [compaction])],
    publish("run_1", [number(2, compaction)]),
    "accepted",
  ],
  [
    "a duplicate without a run",
    "a stale rollout",
    [create(), publish(null, [{ ...message, payload: { content: "x", messageId: "m" } }])],
    publish(null, [{ ...message, payload: { content: "x", messageId: "m" } }], old),
    "accepted",
  ],
  [
    "a run that is not active",
    "a stale rollout",
    [create()],
    publish("run_1", [message], old),
    "RUN_NOT_ACTIVE",
  ],
  [
    "a run that is not active",
    "a number beyond the next",
    [create()],
    publish("run_1", [number(7, message)]),
    "RUN_NOT_ACTIVE",
  ],
  [
    "a fenced run",
    "a stale rollout",
    [start("run_1"), cancel()],
    publish("run_1", [message], old),
    "RUN_FENCED",
  ],
  [
    "a fenced run",
    "another run is active",
    [start("run_1"), cancel(), start("run_2")],
    publish("run_1", [started], old),
    "RUN_FENCED",
  ],
  [
    "a completed run",
    "another run is active",
    [start("run_1"), complete("run_1"), start("run_2")],
    publish("run_1", [started], old),
    "RUN_NOT_ACTIVE",
  ],
  [
    "a run that is not active",
    "a transient duplicate",
    [start("run_1"), publish("run_1", [delta(1)], { rolloutId: "rol_made1" }), complete("run_1")],
    publish("run_1", [delta(1)], old),
    "RUN_NOT_ACTIVE",
  ],
  [
    "a transient duplicate",
    "a stale rollout",
    [start("run_1"), publish("run_1", [delta(1)], { rolloutId: "rol_made1" })],
    publish("run_1", [delta(1)], old),
    "accepted",
  ],
  [
    "an empty batch of a run that is not active",
    "a stale rollout",
    [create()],
    publish("run_1", [], old),
    "RUN_NOT_ACTIVE",
  ],
  [
    "a stale rollout",
    "a number beyond the next",
    [start("run_1")],
    publish("run_1", [number(7, message)], old),
    "ROLLOUT_NOT_ACTIVE",
  ],
  [
    "a stale rollout",
    "another run is active",
    [start("run_1")],
    publish("run_2", [started], old),
    "ROLLOUT_NOT_ACTIVE",
  ],
  [
    "a stale rollout",
    "a compaction under way",
    [start("run_1"), compacted, publish("run_1", [compaction])],
    publish("run_1", [compaction], { rolloutId: "rol_made1" }),
    "ROLLOUT_NOT_ACTIVE",
  ],
  [
    "a number beyond the next",
    "another run is active",
    [start("run_1")],
    publish("run_2", [number(2, started)]),
    "OUT_OF_ORDER",
  ],
  [
    "a number beyond the next",
    "a compaction under way",
    [start("run_1"), publish("run_1", [compaction])],
    publish("run_1", [number(7, compaction)]),
    "OUT_OF_ORDER",
  ],
];

for (const [first, second, past, tried, code] of cases) {
  test(`WIRE9 ${first} comes before ${second}: ${code}`, () => {
    const when = given(...past).when(tried);
    if (code === "accepted") when.gives();
    else when.refuses(code);
  });
}

test("WIRE9 the first frame of a batch that is refused answers", () => {
  const done = { type: "run_completed", payload: { status: "completed" } };
  given(start("run_1"))
    .when(publish("run_1", [number(2, message), number(9, message), number(10, done)]))
    .refuses("OUT_OF_ORDER", { expected: 3 });
});
