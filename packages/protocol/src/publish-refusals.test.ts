/**
 * Proves every way in which a publish body is refused: with INVALID_FRAME that says which frame,
 * where in it and what is wrong (PUB19). What is taken stands in `publish-parser.test.ts`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { durablePayloads } from "./durable-frames.ts";
import { DomainError } from "./errors.ts";
import { parsePublish } from "./publish-parser.ts";

const header = { threadId: "thr_1", runId: "run_1", rolloutId: "rol_1" };
const message = { type: "user_message", payload: { content: "hi" } };
const delta = {
  type: "assistant_message_delta",
  payload: { messageId: "m", delta: "x" },
  sequenceNumber: 1,
};
const numbered = (runSequence: number) => ({ ...message, runSequence });
const batch = (...events: unknown[]) => ({ ...header, events });

const largest = { ...header, events: Array.from({ length: 1_000 }, () => message) };

/** The refusal of `body`. Fails the test when the body is taken or something else is thrown. */
function refusalOf(body: unknown, pathThreadId: string | null = null): DomainError {
  try {
    parsePublish(body, pathThreadId);
  } catch (error) {
    assert.ok(error instanceof DomainError, `threw ${error}`);
    return error;
  }
  return assert.fail(`took ${JSON.stringify(body)?.slice(0, 200)}`);
}

/** What is wrong, the body, and index, path and problem of the refusal. */
type Case = readonly [
  what: string,
  body: unknown,
  index: number,
  path: string,
  problem: string | RegExp,
];

const compaction = (payload: object) => batch({ type: "compaction_completed", payload });
const noRun = { threadId: "thr_1", runId: null };

const cases: readonly Case[] = [
  ["PUB19 no object", "text", 0, "", "must be a JSON object"],
  ["PUB19 a list", [message], 0, "", "must be a JSON object"],
  ["PUB19 null", null, 0, "", "must be a JSON object"],
  ["PUB19 no thread", { runId: "run_1", ...message }, 0, "", 'lacks the field "threadId"'],
  [
    "PUB19 a thread id of another kind",
    { ...header, threadId: "x", ...message },
    0,
    "/threadId",
    /thread id/,
  ],
  ["PUB19 a run id of another kind", { ...batch(message), runId: "thr_1" }, 0, "/runId", /run id/],
  [
    "PUB19 a number as run id",
    { ...batch(message), runId: 5 },
    0,
    "/runId",
    "must be string or null",
  ],
  [
    "PUB19 a rollout id of another kind",
    { ...batch(message), rolloutId: "x" },
    0,
    "/rolloutId",
    /rollout id/,
  ],
  [
    "PUB19 a rollout id that is null",
    { ...batch(message), rolloutId: null },
    0,
    "/rolloutId",
    "must be string",
  ],
  [
    "WIRE5 an unknown field of a batch",
    { ...batch(message), more: 1 },
    0,
    "",
    'has an unknown field "more"',
  ],
  [
    "WIRE5 __proto__ as a field of a batch",
    JSON.parse('{"threadId":"thr_1","__proto__":1,"events":[]}'),
    0,
    "",
    'has an unknown field "__proto__"',
  ],
  [
    "WIRE5 an unknown field of a single frame",
    { ...header, ...message, more: 1 },
    0,
    "",
    'has an unknown field "more"',
  ],
  [
    "PUB2 a frame with a thread of its own",
    batch(message, { ...message, threadId: "thr_2" }),
    1,
    "",
    'has an unknown field "threadId"',
  ],
  [
    "PUB2 events that are no list",
    { ...header, events: { 0: message } },
    0,
    "/events",
    "must be array",
  ],
  ["PUB2 1,001 frames", { ...header, events: [...largest.events, message] }, 0, "/events", /1000/],
  [
    "PUB2 an empty batch without a run",
    { ...noRun, events: [] },
    0,
    "/runId",
    "is needed for an empty batch",
  ],
  ["PUB19 a frame that is no object", batch(message, message, "x"), 2, "", "must be object"],
  ["PUB19 no type", batch({ payload: {} }), 0, "", 'lacks the field "type"'],
  ["PUB19 no payload", batch(message, { type: "custom" }), 1, "", 'lacks the field "payload"'],
  ["PUB19 a list as payload", batch({ ...message, payload: [] }), 0, "/payload", "must be object"],
  [
    "PUB19 an unknown type",
    batch({ ...message, type: "shout" }),
    0,
    "/type",
    '"shout" is not a frame type',
  ],
  [
    "PUB19 a type named like a property of every object",
    batch({ ...message, type: "constructor" }),
    0,
    "/type",
    /not a frame type/,
  ],
  [
    "PUB1 a payload that lacks a field",
    batch(message, { type: "tool_call", payload: { toolCallId: "c", name: "n" } }),
    1,
    "/payload",
    'lacks the field "input"',
  ],
  [
    "PUB1 a payload field of another type",
    batch({ ...message, payload: { content: 5 } }),
    0,
    "/payload/content",
    "must be string or array",
  ],
  [
    "PUB1 a part without its text",
    batch({ ...message, payload: { content: [{ type: "text" }] } }),
    0,
    "/payload/content/0",
    'lacks the field "text"',
  ],
  [
    "PUB22 a message id of 257 characters",
    batch({ ...message, payload: { content: "", messageId: "x".repeat(257) } }),
    0,
    "/payload/messageId",
    /256/,
  ],
  [
    "RUN10 a lease of 9 s",
    batch({ type: "run_started", payload: { leaseSeconds: 9 } }),
    0,
    "/payload/leaseSeconds",
    "must be >= 10",
  ],
  [
    "RUN10 a lease of more than a day",
    batch({ type: "run_started", payload: { leaseSeconds: 86_401 } }),
    0,
    "/payload/leaseSeconds",
    "must be <= 86400",
  ],
  [
    "WIRE7 1e400",
    JSON.parse(
      '{"threadId":"thr_1","runId":"run_1","type":"custom","payload":{"name":"n","data":[1e400]}}',
    ),
    0,
    "/payload",
    /too large for a double/,
  ],
  [
    "WIRE8 129 levels",
    batch(message, {
      ...message,
      payload: { content: "", deep: JSON.parse("[".repeat(128) + "]".repeat(128)) },
    }),
    1,
    "/payload",
    /128 levels/,
  ],
  ["PUB3 runSequence 0", batch(numbered(0)), 0, "/runSequence", "must be >= 1"],
  ["PUB3 runSequence 1.5", batch(numbered(1.5)), 0, "/runSequence", "must be integer"],
  ["PUB3 a runSequence no double holds exactly", batch(numbered(2 ** 53)), 0, "/runSequence", /<=/],
  [
    "PUB6 numbers on some frames only",
    batch(numbered(1), delta, message),
    2,
    "/runSequence",
    /all durable frames of a batch or on none/,
  ],
  [
    "PUB6 a number behind frames without",
    batch(message, numbered(1)),
    1,
    "/runSequence",
    /all durable frames of a batch or on none/,
  ],
  [
    "PUB7 a number without a run",
    { ...noRun, ...numbered(1) },
    0,
    "/runSequence",
    /a frame without a run takes none/,
  ],
  [
    "PUB14 no sequenceNumber",
    batch(message, { ...delta, sequenceNumber: undefined }),
    1,
    "",
    'lacks the field "sequenceNumber"',
  ],
  [
    "PUB14 sequenceNumber 0",
    batch({ ...delta, sequenceNumber: 0 }),
    0,
    "/sequenceNumber",
    "must be >= 1",
  ],
  [
    "PUB14 a text as sequenceNumber",
    batch({ ...delta, sequenceNumber: "1" }),
    0,
    "/sequenceNumber",
    "must be integer",
  ],
  [
    "PUB14 a transient frame without a rollout",
    { ...batch(message, delta), rolloutId: undefined },
    1,
    "",
    'is transient and needs the field "rolloutId"',
  ],
  [
    "PUB14 a transient frame without a run",
    { ...batch(message, delta), runId: null },
    1,
    "",
    'is transient and needs the field "runId"',
  ],
  [
    "PUB14 a delta that is no text",
    batch({ ...delta, payload: { messageId: "m", delta: 5 } }),
    0,
    "/payload/delta",
    "must be string",
  ],
  [
    "THR7 a time of month 13",
    batch(message, { ...message, occurredAt: "2026-13-01T00:00:00Z" }),
    1,
    "/occurredAt",
    /RFC 3339/,
  ],
  [
    "ROL6 a completed compaction without summary",
    compaction({}),
    0,
    "/payload",
    "needs a summary or a replacement",
  ],
  [
    "ROL6 a compaction that says completed without summary",
    compaction({ status: "completed", error: "e" }),
    0,
    "/payload",
    "needs a summary or a replacement",
  ],
  [
    "ROL6 a failed compaction without error",
    compaction({ status: "failed", summary: "s" }),
    0,
    "/payload",
    'lacks the field "error"',
  ],
  [
    "PUB19 the first of two wrong frames",
    batch({ ...message, type: "a" }, { ...message, type: "b" }),
    0,
    "/type",
    /"a"/,
  ],
];

for (const [what, body, index, path, problem] of cases) {
  test(`${what} is INVALID_FRAME at frame ${index}, "${path}"`, () => {
    const { code, details, message: text } = refusalOf(body);
    assert.equal(code, "INVALID_FRAME");
    assert.deepEqual([details?.index, details?.path], [index, path]);
    if (typeof problem === "string") assert.equal(details?.problem, problem);
    else assert.match(String(details?.problem), problem);
    assert.ok(text.startsWith(`Frame ${index}: `), text);
  });
}

test("REST12 a thread that is not the one of the address is INVALID_FRAME", () => {
  const { details } = refusalOf(batch(message), "thr_2");
  assert.deepEqual(details, {
    index: 0,
    path: "/threadId",
    problem: "is not the thread of the address",
  });
});

test("PUB10 every other durable type needs a run", () => {
  for (const type of Object.keys(durablePayloads)) {
    if (type === "user_message" || type === "custom") continue;
    const payload = {
      status: "completed",
      content: "",
      toolCallId: "c",
      name: "n",
      input: 1,
      output: 1,
      summary: "s",
    };
    const { details } = refusalOf({ ...noRun, type, payload });
    assert.equal(details?.path, "/runId", type);
    assert.match(String(details?.problem), new RegExp(`is needed for ${type};`));
  }
});

test("PUB19 server-made types cannot be published", () => {
  const types = ["snapshot", "resync_required", "thread_renamed", "thread_deleted", "thread_x"];
  for (const type of types) {
    const { details } = refusalOf(batch({ ...message, type }));
    assert.deepEqual([details?.index, details?.path], [0, "/type"]);
    assert.match(String(details?.problem), /made by the server and cannot be published/);
  }
});

test("PUB19 an unknown type is not repeated at length", () => {
  const { details } = refusalOf(batch({ ...message, type: "x".repeat(10_000) }));
  assert.ok(String(details?.problem).length < 200);
});
