/** CRC-32 against zlib's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";
import { positionOf, sequenceOf, startPosition } from "./position.ts";

test("WIRE14 the checksum of any bytes is zlib's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => crc32(bytes) === zlibCrc32(bytes)),
  );
});

test("WIRE14 a position is the sequence and the checksum of the line's UTF-8 bytes", () => {
  const line = '{"payload":{"content":"häh \\u0000 😀"}}';
  const digits = zlibCrc32(Buffer.from(line)).toString(16).padStart(8, "0");
  assert.equal(positionOf(7, line), `7.${digits}`);
  assert.equal(positionOf(0, ""), startPosition);
  assert.equal(sequenceOf(positionOf(7, line)), 7);
  assert.equal(sequenceOf(12), 12);
});
