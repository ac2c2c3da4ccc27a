/** Compressed files give their plain bytes, whatever the chunks; damage is reported, not fatal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { plainChunks } from "./zstd-chunks.ts";

const text = Array.from({ length: 30_000 }, (_, line) => `${line} ${Math.sin(line)}\n`).join("");
const packed = zstdCompressSync(Buffer.from(text));

async function read(bytes: Uint8Array, size: number) {
  async function* chunks() {
    // One buffer for all chunks, as a reader of files may do.
    const buffer = new Uint8Array(size);
    for (let at = 0; at < bytes.length; at += size) {
      const length = Math.min(size, bytes.length - at);
      buffer.set(bytes.subarray(at, at + length));
      yield buffer.subarray(0, length);
    }
  }
  const problems: string[] = [];
  const plain: Uint8Array[] = [];
  for await (const chunk of plainChunks(chunks(), (problem) => problems.push(problem))) {
    plain.push(chunk.slice());
  }
  return { plain: Buffer.concat(plain).toString(), problems };
}

test("SRC9 a compressed file is read as its plain bytes, also of several frames", async () => {
  for (const size of [1_000, 65_536, 10_000_000]) {
    assert.deepEqual(await read(packed, size), { plain: text, problems: [] });
    const twice = Buffer.concat([packed, packed]);
    assert.deepEqual(await read(twice, size), { plain: text + text, problems: [] });
  }
  const small = zstdCompressSync(Buffer.from("hi\n"));
  assert.deepEqual(await read(small, 1), { plain: "hi\n", problems: [] });
});

test("a plain file is passed on, one shorter than the mark as well", async () => {
  for (const plain of ["", "a", "abc", "abcd", text.slice(0, 100)]) {
    assert.deepEqual(await read(Buffer.from(plain), 2), { plain, problems: [] });
  }
});

test("SRC9 of a cut or damaged file the whole beginning is read, and the damage reported", async () => {
  const cut = await read(packed.subarray(0, packed.length >> 1), 4_096);
  assert.ok(cut.plain.length > 100_000 && text.startsWith(cut.plain));
  assert.equal(cut.problems.length, 1);
  const flipped = Buffer.from(packed);
  flipped.fill(0x55, packed.length >> 1, (packed.length >> 1) + 64);
  const damaged = await read(flipped, 4_096);
  assert.equal(damaged.problems.length, 1);
  assert.ok(damaged.plain.length > 100_000);
  const trailing = await read(Buffer.concat([packed, Buffer.from("garbage")]), 65_536);
  assert.equal(trailing.plain, text);
  assert.match(trailing.problems[0] ?? "", /^is damaged zstd: /);
});
