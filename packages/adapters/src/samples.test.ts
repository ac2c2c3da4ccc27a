/**
 * Real session files, which stand beside the checkout and are not part of it. What they hold,
 * counted straight from their JSON, is what their frames hold; and a file cut at a line's end
 * gives a beginning of the whole file's frames, whether read anew or on from a stored state.
 */
import assert from "node:assert/strict";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { adapterOf } from "./formats.ts";
import type { FormatId, Frame } from "./frame.ts";
import { collectSession, readSession } from "./read-session.ts";
import { type Held, heldByClaude, heldByCodex, heldByFrames } from "./testing/held-by-source.ts";
import { checkFrames } from "./testing/read-lines-of.ts";

const folder = fileURLToPath(new URL("../../../../shared/samples/", import.meta.url));
const skip = existsSync(folder) ? false : "the sample files are not beside this checkout";

function filesOf(format: FormatId): string[] {
  if (skip !== false) return [];
  const names = readdirSync(`${folder}${format}`).filter((name) => name.endsWith(".jsonl"));
  return names.sort().map((name) => `${folder}${format}/${name}`);
}

const sorted = (held: Held) =>
  Object.entries(held).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.toSorted() : value,
  ]);

async function read(file: string, bytes?: number) {
  const { threads } = await collectSession(
    readSession(createReadStream(file, bytes === undefined ? {} : { end: bytes - 1 })),
  );
  const headers = Object.fromEntries([...threads].map(([id, { header }]) => [id, header]));
  const frames = [...threads.values()].flatMap((thread) => thread.frames);
  return { threads, headers, frames };
}

/** Byte offsets behind some of a file's newlines: all of a short file's, else spread over it. */
function cutsOf(file: string): number[] {
  const bytes = readFileSync(file);
  const ends: number[] = [];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) ends.push(at + 1);
  const step = Math.max(1, Math.floor(ends.length / (bytes.length > 1_000_000 ? 7 : 25)));
  return ends.filter((_, index) => index % step === 0);
}

const agents = [
  { format: "codex", heldBy: heldByCodex },
  { format: "claude-code", heldBy: heldByClaude },
] as const;

test("samples are there for both agents", { skip }, () => {
  for (const { format } of agents) assert.notEqual(filesOf(format).length, 0, format);
});

for (const { format, heldBy } of agents) {
  for (const file of filesOf(format)) {
    const name = basename(file);

    test(`PUB1 ${name}: no prompt, answer, call, result or compaction is lost`, async () => {
      const { frames, headers } = await read(file);
      checkFrames(frames, headers);
      assert.deepEqual(sorted(heldByFrames(frames)), sorted(heldBy(file)));
    });

    test(`PUB4 ${name}: cut at a line's end, it gives a beginning of the same frames`, async () => {
      const whole = await read(file);
      for (const cut of cutsOf(file)) {
        const { threads } = await read(file, cut);
        for (const [threadId, { frames }] of threads) {
          const expected = whole.threads.get(threadId)?.frames.slice(0, frames.length);
          assert.deepEqual(frames, expected, `${threadId}, cut at byte ${cut}`);
        }
      }
    });

    test(`PUB20 ${name}: read on from a stored state, it gives the same frames`, async () => {
      const whole = await read(file);
      const adapter = adapterOf(format);
      let state = adapter.start();
      const frames: Frame[] = [];
      let byteOffset = 0;
      const lines = readFileSync(file, "utf8").split("\n");
      const storeEvery = Math.ceil(lines.length / 20);
      for (const [index, line] of lines.entries()) {
        if (index % storeEvery === 0) state = JSON.parse(JSON.stringify(state));
        frames.push(...adapter.push(state, line, { line: index + 1, byteOffset }).frames);
        byteOffset += Buffer.byteLength(line) + 1;
      }
      for (const [threadId, thread] of whole.threads) {
        const own = frames.filter((frame) => frame.threadId === threadId);
        assert.deepEqual(own, thread.frames, threadId);
      }
    });
  }
}
