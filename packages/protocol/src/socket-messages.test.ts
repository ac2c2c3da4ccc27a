/**
 * Proves what a client may send over a socket: each message in its smallest and fullest form, and
 * nothing with a field too many, of another type, or that would ask for two things at once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UpMessage } from "./socket-messages.ts";
import { validatorOf } from "./validator.ts";

const check = validatorOf(UpMessage);
const frame = { type: "user_message", payload: { content: "x" } };

const taken: readonly object[] = [
  { type: "publish", events: [] },
  {
    type: "publish",
    id: 0,
    threadId: "thr_1",
    runId: "run_1",
    rolloutId: "rol_1",
    events: [frame],
  },
  { type: "publish", id: "a", runId: null, events: [{ ...frame, runSequence: 1 }] },
  { type: "publish", id: Number.MAX_SAFE_INTEGER, events: [] },
  { type: "subscribe", threadId: "thr_1" },
  { type: "subscribe", id: "x".repeat(128), threadId: "thr_1", after: 0, transient: false },
  { type: "subscribe", threadId: "thr_1", after: "3.0a1b2c3d", include: "all_rollouts" },
  { type: "subscribe", list: true },
  { type: "subscribe", id: 1, list: true },
  { type: "unsubscribe", threadId: "thr_1" },
  { type: "unsubscribe", id: 1, list: true },
];

const refused: readonly unknown[] = [
  null,
  "publish",
  [],
  {},
  { type: "shout" },
  { type: "publish" },
  { type: "publish", events: {} },
  { type: "publish", events: [{ ...frame, more: 1 }] },
  { type: "publish", events: [], more: 1 },
  { type: "publish", id: -1, events: [] },
  { type: "publish", id: 1.5, events: [] },
  { type: "publish", id: "", events: [] },
  { type: "publish", id: "x".repeat(129), events: [] },
  { type: "publish", id: null, events: [] },
  { type: "publish", threadId: "run_1", events: [] },
  { type: "publish", events: Array.from({ length: 1_001 }, () => frame) },
  { type: "subscribe" },
  { type: "subscribe", list: false },
  { type: "subscribe", list: true, threadId: "thr_1" },
  { type: "subscribe", threadId: "thr_1", after: -1 },
  { type: "subscribe", threadId: "thr_1", transient: "false" },
  { type: "subscribe", threadId: "thr_1", include: "everything" },
  { type: "unsubscribe" },
  { type: "unsubscribe", list: true, threadId: "thr_1" },
];

test("LIVE13 PUB2 every message a socket knows is taken", () => {
  for (const message of taken) assert.equal(check(message), null, JSON.stringify(message));
});

test("LIVE13 WIRE5 anything else is refused", () => {
  for (const message of refused) assert.ok(check(message), JSON.stringify(message)?.slice(0, 200));
});
