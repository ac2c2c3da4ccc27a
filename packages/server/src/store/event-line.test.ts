/**
 * An event's line: JSON that says exactly the event, in one fixed order, on one line, whatever the
 * payload holds; and read back byte for byte the same (LOG2).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";
import { timestampOf } from "@spool/protocol/times";
import fc from "fast-check";
import { decodeEvent, encodeEvent, positionOf, typeOfLine } from "./event-line.ts";

const text = fc.string({ unit: "binary", maxLength: 30 });
const payload = fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })) as fc.Arbitrary<JsonObject>;
const events: fc.Arbitrary<Event> = fc
  .record({
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    type: fc.constantFrom("user_message", "custom", "run_completed"),
    runId: fc.constantFrom(null, "run_1"),
    runSequence: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
    createdAt: fc.integer({ min: 0, max: 4e12 }).map(timestampOf),
    occurredAt: fc.constantFrom(undefined, "2026-01-31T13:00:00.123456+01:00"),
    payload,
  })
  .map(({ runSequence, occurredAt, ...event }) => ({
    ...{ ...event, threadId: "thr_1", rolloutId: "rol_1" },
    ...(runSequence === undefined ? {} : { runSequence }),
    ...(occurredAt === undefined ? {} : { occurredAt }),
  }));

test("LOG2 a line says exactly its event, and reads back the same", () => {
  fc.assert(
    fc.property(events, (event) => {
      const { line, crc } = encodeEvent(event);
      assert.equal(crc, crc32(line));
      assert.ok(!line.includes("\n"));
      const again = decodeEvent(line);
      assert.deepEqual(again.event, JSON.parse(JSON.stringify(event)));
      assert.equal(again.crc, crc);
      assert.ok(encodeEvent(again.event).line.equals(line), "printing it again changes nothing");
      assert.equal(typeOfLine(line), event.type);
    }),
  );
});

test("THR1 the fields stand in one order, and absent ones do not stand at all", () => {
  const base = { sequence: 7, type: "custom", threadId: "thr_1", rolloutId: "rol_1" };
  const createdAt = "2026-01-31T12:00:00.000Z";
  const full = { ...base, runId: "run_1", runSequence: 2, createdAt, occurredAt: "x", payload: {} };
  assert.equal(`${encodeEvent(full).line}`, JSON.stringify(full));
  const { runSequence, occurredAt, ...less } = full;
  assert.ok(runSequence !== undefined && occurredAt !== undefined);
  assert.equal(
    `${encodeEvent({ ...less, runId: null }).line}`,
    JSON.stringify({ ...less, runId: null }),
  );
});

test("LOG2 a line that is no event is refused", () => {
  const wrong = [
    "",
    "{}",
    "[]",
    '{"sequence":0,"type":"a","rolloutId":"r"}',
    '{"sequence":1.5,"type":"a","rolloutId":"r"}',
    '{"sequence":1,"rolloutId":"r"}',
    '{"sequence":1,"type":"a"}',
    '{"sequence":1,"type":"a","rolloutId":"r"',
  ];
  for (const line of wrong) assert.throws(() => decodeEvent(Buffer.from(line)), line);
});

test("LOG2 the type of a line in another order is found as well", () => {
  const line = Buffer.from('{"type":"custom","sequence":1,"rolloutId":"r","payload":{"type":"x"}}');
  assert.equal(typeOfLine(line), "custom");
});

test("WIRE14 a position is the sequence and eight hex digits", () => {
  assert.equal(positionOf(42, 0x1a2b3c4d), "42.1a2b3c4d");
  assert.equal(positionOf(0, 0), "0.00000000");
});
