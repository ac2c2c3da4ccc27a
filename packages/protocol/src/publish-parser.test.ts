/**
 * Proves what a publish body becomes: checked frames in order, everything in a payload kept. Any
 * other body is refused with INVALID_FRAME and nothing else (the cases stand in
 * `publish-refusals.test.ts`).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { durablePayloads } from "./durable-frames.ts";
import { DomainError } from "./errors.ts";
import { parsePublish } from "./publish-parser.ts";
import { transientPayloads } from "./transient-frames.ts";

const header = { threadId: "thr_1", runId: "run_1", rolloutId: "rol_1" };
const message = { type: "user_message", payload: { content: "hi" } };
const delta = {
  type: "assistant_message_delta",
  payload: { messageId: "m", delta: "x" },
  sequenceNumber: 1,
};
const numbered = (runSequence: number) => ({ ...message, runSequence });
const batch = (...events: unknown[]) => ({ ...header, events });

test("PUB2 a batch becomes its frames in order, with the header once", () => {
  const occurredAt = "2026-01-31T12:00:00+01:00";
  const body = batch({ ...numbered(3), occurredAt }, delta, numbered(4));
  assert.deepEqual(parsePublish(body, null), {
    threadId: "thr_1",
    runId: "run_1",
    rolloutId: "rol_1",
    frames: [
      { durable: true, ...numbered(3), occurredAt },
      { durable: false, ...delta, occurredAt: null },
      { durable: true, ...numbered(4), occurredAt: null },
    ],
  });
});

test("REST13 a single frame is a batch of one", () => {
  const request = parsePublish({ ...header, ...message }, null);
  assert.deepEqual(request, parsePublish(batch(message), null));
  assert.equal(parsePublish({ ...header, ...delta }, null).frames.length, 1);
});

test("PUB2 RUN9 a batch may be empty where it names a run", () => {
  assert.deepEqual(parsePublish({ threadId: "thr_1", runId: "run_1", events: [] }, null), {
    threadId: "thr_1",
    runId: "run_1",
    rolloutId: null,
    frames: [],
  });
});

test("REST12 the thread comes from the body, the address, or both where they agree", () => {
  const { threadId: _, ...rest } = batch(message);
  assert.equal(parsePublish(rest, "thr_2").threadId, "thr_2");
  assert.equal(parsePublish(batch(message), "thr_1").threadId, "thr_1");
});

test("PUB10 user_message and custom may come without a run", () => {
  const frames = [message, { type: "custom", payload: { name: "n", data: 1 } }];
  for (const frame of frames) {
    for (const runId of [null, undefined]) {
      const request = parsePublish({ threadId: "thr_1", runId, ...frame }, null);
      assert.equal(request.runId, null);
    }
  }
});

test("PUB2 1,000 frames are a batch", () => {
  const most = Array.from({ length: 1_000 }, () => message);
  assert.equal(parsePublish(batch(...most), null).frames.length, 1_000);
});

test("WIRE7 WIRE8 __proto__, lone surrogates, unknown fields and 128 levels are kept", () => {
  const deep = "[".repeat(126) + "]".repeat(126);
  const part = '{"type":"text","text":"\\ud800 \\udc00","__proto__":{"a":1}}';
  const payload = `{"content":[${part}],"x":${deep},"__proto__":null}`;
  const body = JSON.parse(
    `{"threadId":"thr_1","runId":null,"type":"user_message","payload":${payload}}`,
  );
  const [frame] = parsePublish(body, null).frames;
  assert.equal(JSON.stringify(frame?.payload), payload);
  assert.equal(Object.hasOwn(frame?.payload ?? {}, "__proto__"), true);
});

test("ROL6 a compaction needs one of summary and replacement, a failed one its error", () => {
  for (const payload of [
    { summary: "" },
    { replacement: [] },
    { status: "completed", summary: "s", replacement: [] },
    { status: "failed", error: null },
  ]) {
    assert.equal(
      parsePublish(batch({ type: "compaction_completed", payload }), null).frames.length,
      1,
    );
  }
});

/** Any JSON: wild, shaped like a request, or a good frame with one field of its payload changed. */
function anyBody(): fc.Arbitrary<unknown> {
  const anything = fc.jsonValue({ maxDepth: 3 });
  const fields = fc.constantFrom("content", "messageId", "name", "delta", "status", "__proto__");
  const word = fc.constantFrom("threadId", "runId", "rolloutId", "events", "type", "payload");
  const type = fc.constantFrom(...Object.keys(durablePayloads), ...Object.keys(transientPayloads));
  const frame = fc.record(
    {
      type: fc.oneof(type, anything),
      payload: fc.oneof(fc.dictionary(fields, anything), anything),
      runSequence: fc.oneof(fc.nat(), anything),
      sequenceNumber: fc.oneof(fc.nat(), anything),
      occurredAt: fc.oneof(fc.constant("2026-01-31T12:00:00Z"), anything),
    },
    { requiredKeys: [] },
  );
  const changed = fc
    .tuple(fc.constantFrom(message, delta, numbered(1)), fields, anything)
    .map(([good, field, value]) => ({ ...good, payload: { ...good.payload, [field]: value } }));
  return fc.oneof(
    anything,
    fc.dictionary(word, anything),
    fc.array(fc.oneof(frame, changed)).map((events) => batch(...events)),
    fc.oneof(frame, changed).map((single) => ({ ...header, ...single })),
  );
}

test("PUB19 whatever JSON comes, it is taken or refused with INVALID_FRAME", () => {
  const seen = { taken: 0, refused: 0 };
  const property = fc.property(anyBody(), (value) => {
    try {
      const request = parsePublish(JSON.parse(JSON.stringify(value)), null);
      assert.equal(request.threadId, "thr_1");
      seen.taken += 1;
    } catch (error) {
      assert.ok(error instanceof DomainError, `threw ${error}`);
      assert.equal(error.code, "INVALID_FRAME");
      assert.deepEqual(Object.keys(error.details ?? {}), ["index", "path", "problem"]);
      assert.ok(Number.isSafeInteger(error.details?.index));
      seen.refused += 1;
    }
  });
  fc.assert(property, { seed: 1, numRuns: 2_000 });
  assert.ok(seen.taken > 200 && seen.refused > 200, JSON.stringify(seen));
});
