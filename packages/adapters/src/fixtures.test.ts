/**
 * Hand-made session files of every format without real samples. What they hold, counted straight
 * from their JSON, is what their frames hold; every text in them is found again; and however a file
 * is cut, chunked or read on from a stored state, it gives the same frames.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { FormatId } from "./frame.ts";
import { collectSession, readSession } from "./read-session.ts";
import { recognise } from "./recognise.ts";
import { heldByFixture, objectsOf } from "./testing/held-by-fixture.ts";
import { type Held, heldByFrames } from "./testing/held-by-source.ts";
import { seededRandom } from "./testing/random-cuts.ts";
import { checkFrames, type Result, readRecords } from "./testing/read-lines-of.ts";

const folder = fileURLToPath(new URL("../fixtures/", import.meta.url));
const formats = Object.keys(heldByFixture) as FormatId[];
const files = formats.flatMap((format) =>
  readdirSync(`${folder}${format}`).map((name) => ({
    format,
    name,
    file: `${folder}${format}/${name}`,
  })),
);

const sorted = (held: Held) =>
  Object.entries(held).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map((id) => id.replace(/^.*\/(?=item_)/, "")).toSorted() : value,
  ]);

/** The lines of a file; a document is one. */
function linesOf(file: string): string[] {
  if (file.endsWith(".json")) return [readFileSync(file, "utf8")];
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

async function readBytes(file: string, size: number) {
  const bytes = readFileSync(file);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const { threads, problems } = await collectSession(readSession(chunks(), { complete: true }));
  return { frames: [...threads.values()].flatMap((thread) => thread.frames), problems };
}

/**
 * Texts that frames say in another way: types become frame types, times `occurredAt`, a data URL an
 * image's data; of twins one is left.
 */
const saidOtherwise: Record<string, RegExp> = {
  codex:
    /^(task_\w+|compacted|\w+put_text|Text|UserMessage|AgentMessage|Reasoning|function_\w+|\{"cmd".*|u-1|msg_u)$/,
  "codex-exec":
    /^(thread\.started|turn\.\w+|item\.\w+|in_progress|\w+_call|command_\w+|agent_message)$/,
  "claude-agent-sdk": /^compact_boundary$/,
  "gemini-cli": /^(success|error|executing)$/,
  pi: /^(toolResult|(agent|turn|message|tool_execution|auto_compaction)_(start|update|end))$/,
  opencode: /^(pending|running|data:image\/png;.*)$/,
};
const isTime = /^2026-03-01T/;

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

function framesOf({ frames }: Result, threadId: string) {
  return frames.filter((frame) => frame.threadId === threadId);
}

for (const { format, name, file } of files) {
  const title = `${format}/${name}`;
  const lines = linesOf(file);
  const whole = readRecords(format, lines, { complete: true });

  test(`SRC1 ${title}: no prompt, answer, call, result or compaction is lost`, () => {
    assert.deepEqual(whole.problems, []);
    const held = heldByFixture[format]?.(file);
    assert.ok(held !== undefined);
    assert.deepEqual(sorted(heldByFrames(whole.frames)), sorted(held));
  });

  test(`SRC1 ${title}: every text of the source is in a frame or a header`, () => {
    const given = JSON.stringify([whole.frames, whole.headers]);
    const isKept = (text: string) => given.includes(JSON.stringify(text).slice(1, -1));
    const lost = objectsOf(file)
      .filter(({ type }) => type !== "stream_event" && type !== "message_update")
      .flatMap(stringsIn)
      .filter((text) => !isKept(text) && !saidOtherwise[format]?.test(text) && !isTime.test(text));
    assert.deepEqual([...new Set(lost)], []);
  });

  test(`SRC13 ${title}: is recognised by any of its first lines`, () => {
    assert.equal(recognise(lines), format);
    assert.equal(recognise(lines.slice(0, 1)), format);
  });

  test(`SRC3 ${title}: cut at any line's end, it gives a beginning of the same frames`, () => {
    const open = readRecords(format, lines);
    for (const [cut] of lines.entries()) {
      const part = readRecords(format, lines.slice(0, cut));
      for (const threadId of Object.keys(part.headers)) {
        const own = framesOf(part, threadId);
        assert.deepEqual(own, framesOf(open, threadId).slice(0, own.length), `line ${cut}`);
      }
    }
  });

  test(`SRC4 ${title}: read on from states stored anywhere, it gives the same`, () => {
    const random = seededRandom(title);
    for (let round = 0; round < 20; round += 1) {
      const storedAt = lines.map((_, line) => line).filter(() => random() < 0.3);
      assert.deepEqual(readRecords(format, lines, { complete: true, storedAt }), whole);
    }
  });

  test(`SRC4 ${title}: read as bytes, in chunks of any size, it gives the same`, async () => {
    for (const size of [1, 7, 4_096]) {
      const { frames, problems } = await readBytes(file, size);
      assert.deepEqual(problems, []);
      for (const threadId of Object.keys(whole.headers)) {
        const own = frames.filter((frame) => frame.threadId === threadId);
        assert.deepEqual(own, framesOf(whole, threadId));
      }
    }
  });

  test(`SRC1 ${title}: with messages only, nothing but the custom frames is missing`, () => {
    const { frames, headers } = readRecords(format, lines, { complete: true, messagesOnly: true });
    checkFrames(frames, headers);
    assert.ok(frames.every(({ type }) => type !== "custom"));
    assert.deepEqual(heldByFrames(frames), heldByFrames(whole.frames));
  });
}
