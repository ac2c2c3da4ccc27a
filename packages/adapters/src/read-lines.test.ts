/** Lines and their byte offsets, whatever the chunks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLines, type SourceLine } from "./read-lines.ts";

async function* chunksOf(bytes: Uint8Array, size: number) {
  // One buffer for all chunks, as a reader of files may do.
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = Math.min(size, bytes.length - at);
    buffer.set(bytes.subarray(at, at + length));
    yield buffer.subarray(0, length);
  }
}

async function linesOf(bytes: Uint8Array, size: number, bytesMax?: number) {
  const lines: SourceLine[] = [];
  for await (const line of readLines(chunksOf(bytes, size), bytesMax)) lines.push(line);
  return lines;
}

test("lines, offsets and newlines are the same for chunks of any size", async () => {
  const bytes = Buffer.from("ä1\r\n\n😀 two\nlast");
  for (let size = 1; size <= bytes.length; size += 1) {
    assert.deepEqual(await linesOf(bytes, size), [
      { line: 1, byteOffset: 0, text: "ä1", terminated: true },
      { line: 2, byteOffset: 5, text: "", terminated: true },
      { line: 3, byteOffset: 6, text: "😀 two", terminated: true },
      { line: 4, byteOffset: 15, text: "last", terminated: false },
    ]);
  }
});

test("bytes that are no UTF-8 are replaced and reported", async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"a":"'),
    Buffer.from([0xf0, 0x9f]),
    Buffer.from('"}\n'),
  ]);
  const [line] = await linesOf(bytes, 3);
  assert.equal(line?.text, '{"a":"\ufffd"}');
  assert.equal(line?.problem, "holds bytes that are no UTF-8");
});

test("a line of 20 MB is one line", async () => {
  const bytes = Buffer.concat([Buffer.alloc(20_000_000, "x"), Buffer.from("\nend\n")]);
  const lines = await linesOf(bytes, 65_536);
  assert.deepEqual(
    lines.map(({ text }) => text.length),
    [20_000_000, 3],
  );
  assert.equal(lines[1]?.byteOffset, 20_000_001);
});

test("a line beyond the limit is left out and reported, the next one is read", async () => {
  const [long, next] = await linesOf(Buffer.from(`${"x".repeat(50)}\nnext\n`), 7, 20);
  assert.equal(long?.text, "");
  assert.equal(long?.problem, "has 50 bytes and was left out");
  assert.deepEqual([next?.text, next?.byteOffset], ["next", 51]);
});
