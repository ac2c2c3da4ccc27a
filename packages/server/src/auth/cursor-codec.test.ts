/**
 * Proves that cursors come back as they were sealed and that any change to one is noticed
 * (PAGE4, PAGE5).
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { createCursorCodec } from "./cursor-codec.ts";

const codec = createCursorCodec(randomBytes(32));
const refusal = { code: "INVALID_CURSOR" };

test("PAGE4 a sealed value comes back as it was, in URL-safe text", () => {
  const values = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
  fc.assert(
    fc.property(values, (value) => {
      const cursor = codec.seal(value);
      assert.match(cursor, /^[A-Za-z0-9_-]+$/);
      assert.deepEqual({ ...codec.open(cursor) }, { ...value });
    }),
    { numRuns: 50 },
  );
});

test("PAGE5 a cursor with any one character changed, missing or added is refused", () => {
  const cursor = codec.seal({ thread: "thr_1", after: 41 });
  for (let index = 0; index < cursor.length; index += 1) {
    const other = cursor[index] === "A" ? "B" : "A";
    const head = cursor.slice(0, index);
    const tail = cursor.slice(index + 1);
    assert.throws(() => codec.open(head + other + tail), refusal, `changed at ${index}`);
    assert.throws(() => codec.open(head + tail), refusal, `cut at ${index}`);
    assert.throws(() => codec.open(`${head}${other}${cursor.slice(index)}`), refusal);
  }
});

test("PAGE5 every other spelling of the same bytes is refused", () => {
  const cursor = codec.seal({ a: 1 });
  for (const changed of [`${cursor}=`, `${cursor}==`, ` ${cursor}`, `${cursor}\n`, `${cursor}.`]) {
    assert.throws(() => codec.open(changed), refusal, JSON.stringify(changed));
  }
});

test("PAGE5 a cursor of another installation, and text that is none, are refused", () => {
  const foreign = createCursorCodec(randomBytes(32)).seal({ a: 1 });
  for (const cursor of [foreign, "", "x", "0", "A".repeat(22), "A".repeat(300), "💥"]) {
    assert.throws(() => codec.open(cursor), refusal, JSON.stringify(cursor));
  }
});
