/**
 * Real session files, which stand beside the checkout and are not part of it. What they hold,
 * counted straight from their JSON, is what their frames hold; a file cut at a line's end gives a
 * beginning of the whole file's frames, whether read anew or on from a stored state; damage in the
 * middle of one leaves the rest.
 */
import assert from "node:assert/strict";
import { createReadStream, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { zstdCompressSync } from "node:zlib";
import { adapterOf } from "./formats.ts";
import type { FormatId, Frame, SubAgentLink } from "./frame.ts";
import { collectSession, readSession } from "./read-session.ts";
import { type Held, heldByClaude, heldByCodex, heldByFrames } from "./testing/held-by-source.ts";
import { seededRandom } from "./testing/random-cuts.ts";
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

    test(`SRC1 ${name}: no prompt, answer, call, result or compaction is lost`, async () => {
      const { frames, headers } = await read(file);
      checkFrames(frames, headers);
      assert.deepEqual(sorted(heldByFrames(frames)), sorted(heldBy(file)));
    });

    test(`SRC3 ${name}: cut at a line's end, it gives a beginning of the same frames`, async () => {
      const whole = await read(file);
      for (const cut of cutsOf(file)) {
        const { threads } = await read(file, cut);
        for (const [threadId, { frames }] of threads) {
          const expected = whole.threads.get(threadId)?.frames.slice(0, frames.length);
          assert.deepEqual(frames, expected, `${threadId}, cut at byte ${cut}`);
        }
      }
    });

    test(`SRC5 ${name}: calls without a result and a turn without an end stay as they are`, async () => {
      const { frames } = await read(file);
      const held = heldBy(file);
      assert.deepEqual(unansweredIn(heldByFrames(frames)), unansweredIn(held));
      const open = openRuns(frames).filter((threadId) => !isSubAgent(threadId, frames));
      assert.ok(open.length <= 1, `${open.length} open turns`);
      assert.equal(open.length === 1, endsInsideTurn(file, format));
    });

    test(`SRC4 ${name}: read on from states stored at random lines, it gives the same`, async () => {
      const whole = await read(file);
      const lines = readFileSync(file, "utf8").split("\n");
      for (let round = 0; round < 5; round += 1) {
        const random = seededRandom(`${name} ${round}`);
        const frames = readStored(format, lines, () => random() < 8 / lines.length);
        for (const [threadId, thread] of whole.threads) {
          const own = frames.filter((frame) => frame.threadId === threadId);
          assert.deepEqual(own, thread.frames, `${threadId}, round ${round}`);
        }
      }
    });

    test(`SRC9 ${name}: compressed, it gives the same frames`, async () => {
      const { threads } = await collectSession(
        readSession(chunksOf(zstdCompressSync(readFileSync(file)))),
      );
      assert.deepEqual([...threads], [...(await read(file)).threads]);
    });

    test(`SRC6 ${name}: damage between its lines is reported and costs nothing else`, async () => {
      const lines = readFileSync(file, "utf8").split("\n");
      const middle = lines.length >> 1;
      const torn = Buffer.concat([Buffer.from('{"torn":"'), Buffer.from([0xf0, 0x9f])]);
      const pieces = [
        `${lines.slice(0, middle).join("\n")}\n`,
        Buffer.alloc(4_096),
        "\n",
        `${lines[0]?.slice(0, 30)}\n`,
        torn,
        `\n${lines.slice(middle).join("\n").replace(/\n*$/, "\n")}`,
        '{"type":"cut',
      ].map((piece) => Buffer.from(piece));
      const { threads, problems } = await collectSession(
        readSession(chunksOf(Buffer.concat(pieces)), { format }),
      );
      const whole = await read(file);
      const textsOf = (all: typeof threads) =>
        [...all.values()].map(({ frames }) => frames.map(({ type, payload }) => [type, payload]));
      assert.deepEqual(withoutMadeIds(textsOf(threads)), withoutMadeIds(textsOf(whole.threads)));
      const lastLine = Buffer.concat(pieces).filter((byte) => byte === 10).length + 1;
      const told = new Set(problems.map(({ line }) => line));
      for (const line of [middle + 1, middle + 2, middle + 3, lastLine])
        assert.ok(told.has(line), `${line}`);
    });
  }
}

/** Ids made from a record's place move with the damage before it. */
function withoutMadeIds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/"(?:msg|call)_[\w-]{22}"/g, '"made"'));
}

async function* chunksOf(bytes: Uint8Array) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function readStored(format: FormatId, lines: readonly string[], stores: () => boolean): Frame[] {
  const adapter = adapterOf(format);
  let state = adapter.start();
  const frames: Frame[] = [];
  let byteOffset = 0;
  for (const [index, line] of lines.entries()) {
    if (stores()) state = JSON.parse(JSON.stringify(state));
    frames.push(...adapter.push(state, line, { line: index + 1, byteOffset }).frames);
    byteOffset += Buffer.byteLength(line) + 1;
  }
  return frames;
}

function unansweredIn({ calls, results }: Held): string[] {
  return calls.filter((id) => !results.includes(id)).toSorted();
}

function openRuns(frames: readonly Frame[]): string[] {
  const last = new Map(frames.map(({ threadId, type }) => [threadId, type]));
  return [...last].filter(([, type]) => type !== "run_completed").map(([threadId]) => threadId);
}

function isSubAgent(threadId: string, frames: readonly Frame[]): boolean {
  return frames.some((frame) => frame.threadId === threadId && "parentThreadId" in frame.payload);
}

/** By the last record that says so: whether the file ends in a turn that nothing in it ended. */
function endsInsideTurn(file: string, format: FormatId): boolean {
  const text = readFileSync(file, "utf8");
  const last = (pattern: RegExp) => [...text.matchAll(pattern)].at(-1)?.index ?? -1;
  if (format === "codex") {
    const begun = last(/"type":"(?:task_started|user_message)"/g);
    return begun > last(/"type":"(?:task_complete|turn_aborted)"/g);
  }
  if (file.includes("__agent-")) return false;
  const spoken = last(
    /"isSidechain":false[^\n]*"type":"assistant"|"type":"assistant"[^\n]*"isSidechain":false/g,
  );
  const ended = last(
    /"subtype":"(?:turn_duration|stop_hook_summary)"|Request interrupted by user/g,
  );
  return spoken > ended;
}

const main = `${folder}claude-code/cc-2.1.114-main-6-subagents.jsonl`;

test("SRC7 SRC8 a real session's sub-agents find their calls in its file, and their ends", {
  skip,
}, async () => {
  const links: SubAgentLink[] = [];
  const options = { links, complete: true };
  const session = await collectSession(readSession(createReadStream(main), options));
  const [parent] = session.threads.values();
  const results = parent?.frames.filter(({ type }) => type === "tool_result") ?? [];
  const children = filesOf("claude-code").filter((file) => file.includes("__agent-"));
  assert.equal(children.length, 6);
  for (const file of children) {
    const { threads } = await collectSession(readSession(createReadStream(file), options));
    const [child] = threads.values();
    const { header, frames = [] } = child ?? {};
    assert.equal(header?.parentThreadId, parent?.header.threadId);
    const call = results.find(({ payload }) => payload.childThreadId === header?.threadId);
    assert.equal(header?.parentToolCallId, call?.payload.toolCallId ?? "none");
    assert.ok(header?.title && header.metadata.agentType);
    const ends = frames.filter(({ type }) => type === "run_completed");
    assert.equal(ends.at(-1)?.payload.status, "completed", file);
    assert.equal(frames.at(-1)?.type, "run_completed", file);
  }
});
