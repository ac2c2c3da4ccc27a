/**
 * The index of a rollout: blocks of whole lines with checksums made from the bytes in memory, read
 * back the same, and up to the first record that is not as it was written (LOG20).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { blocksOf, decodeBlocks, encodeBlocks, indexRecordBytes } from "./rollout-index-codec.ts";

const lines = fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 40 });
const start = fc.record({
  offset: fc.integer({ min: 0, max: 2 ** 47 }),
  firstSequence: fc.integer({ min: 1, max: 2 ** 47 }),
});
const blockBytes = fc.integer({ min: 1, max: 200 });

function bytesOf(texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

test("LOG20 blocks are whole lines behind each other, none longer than it must be", () => {
  fc.assert(
    fc.property(lines, start, blockBytes, (texts, from, bytesMax) => {
      const bytes = bytesOf(texts);
      const blocks = blocksOf(bytes, from, bytesMax);
      let { offset, firstSequence } = from;
      for (const block of blocks) {
        assert.equal(block.offset, offset);
        assert.equal(block.firstSequence, firstSequence);
        const at = offset - from.offset;
        const content = bytes.subarray(at, at + block.bytes);
        assert.equal(block.crc, crc32(content));
        assert.equal(content.at(-1), 0x0a, "it ends with a line");
        assert.equal(content.toString().split("\n").length - 1, block.lines);
        assert.ok(block.bytes <= bytesMax || block.lines === 1);
        offset += block.bytes;
        firstSequence += block.lines;
      }
      assert.equal(offset, from.offset + bytes.length);
      assert.equal(firstSequence, from.firstSequence + texts.length);
    }),
  );
});

test("LOG20 an index comes back as it was", () => {
  fc.assert(
    fc.property(lines, blockBytes, (texts, bytesMax) => {
      const blocks = blocksOf(bytesOf(texts), { offset: 0, firstSequence: 1 }, bytesMax);
      const encoded = encodeBlocks(blocks);
      assert.equal(encoded.length, blocks.length * indexRecordBytes);
      assert.deepEqual(decodeBlocks(encoded), blocks);
      assert.deepEqual(decodeBlocks(Buffer.concat([encoded, Buffer.alloc(40)])), blocks);
    }),
  );
});

test("LOG20 a changed or missing byte ends the index before its record", () => {
  const blocks = blocksOf(
    bytesOf(Array(12).fill("x".repeat(30))),
    { offset: 0, firstSequence: 1 },
    70,
  );
  const encoded = encodeBlocks(blocks);
  assert.ok(blocks.length >= 5);
  for (let at = 0; at < encoded.length; at += 1) {
    const whole = blocks.slice(0, Math.floor(at / indexRecordBytes));
    const changed = Buffer.from(encoded);
    changed[at] = (changed[at] as number) ^ 0x10;
    assert.deepEqual(decodeBlocks(changed), whole, `changed at ${at}`);
    assert.deepEqual(decodeBlocks(encoded.subarray(0, at)), whole, `cut at ${at}`);
  }
});

test("LOG20 a record that does not follow on the one before is not content", () => {
  const [one, two, three] = blocksOf(bytesOf(["a", "b", "c"]), { offset: 0, firstSequence: 1 }, 1);
  assert.ok(one && two && three);
  assert.deepEqual(decodeBlocks(encodeBlocks([one, three])), [one]);
  assert.deepEqual(decodeBlocks(encodeBlocks([two, three])), []);
});
