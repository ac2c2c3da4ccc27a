/** A whole file from bytes: the agent is recognised, problems are reported, nothing stops it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveFrame } from "./frame.ts";
import { collectSession, type ReadSessionOptions, readSession } from "./read-session.ts";
import * as claude from "./testing/claude-rows.ts";
import * as codex from "./testing/codex-records.ts";
import { fixtureRecords } from "./testing/fixture-records.ts";
import { readRecords, typesOf } from "./testing/read-lines-of.ts";

function read(text: string | Uint8Array, options: ReadSessionOptions = {}) {
  async function* chunks() {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  return collectSession(readSession(chunks(), options));
}

const linesOf = (records: readonly object[]) => records.map((record) => JSON.stringify(record));
const turn = [codex.sessionMeta(), ...codex.turnStart(), ...codex.prompt("hi"), codex.turnEnd()];
const turnLines = linesOf(codex.rollout(...turn));

async function typesIn(text: string | Uint8Array) {
  const { threads, problems } = await read(text);
  const frames = [...threads.values()].flatMap((thread) => thread.frames);
  return { types: typesOf(frames), problems };
}

test("a rollout and a session are recognised", async () => {
  const rollout = await typesIn(`${turnLines.join("\n")}\n`);
  assert.equal(rollout.types.at(-1), "run_completed");
  const session = await typesIn(linesOf(claude.session(claude.user("hi"))).join("\n"));
  assert.deepEqual(session.types, ["run_started", "user_message"]);
});

test("a file of no known format gives a problem and nothing else", async () => {
  const { threads, problems } = await read('{"a":1}\nnot json\n');
  assert.equal(threads.size, 0);
  assert.deepEqual(problems, [
    { line: 1, byteOffset: 0, problem: "is not a session of a known agent" },
  ]);
  assert.deepEqual((await read("")).problems, []);
});

test("lines end in CRLF, two records share one, the last has no newline", async () => {
  const whole = await typesIn(`${turnLines.join("\n")}\n`);
  const glued = [`${turnLines[0]}${turnLines[1]}`, ...turnLines.slice(2)].join("\r\n");
  const { types, problems } = await typesIn(glued);
  assert.deepEqual(types, whole.types);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1],
  );
});

test("a line that cannot be read is reported with its place, the others are kept", async () => {
  const whole = await typesIn(`${turnLines.join("\n")}\n`);
  const [meta = "", ...rest] = turnLines;
  const damaged = [meta, "\0\0\0\0", '{"timestamp":"2026', ...rest, '{"type":"event_ms'];
  const { types, problems } = await typesIn(damaged.join("\n"));
  assert.deepEqual(types, whole.types);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [2, 3, damaged.length],
  );
  assert.equal(problems[1]?.byteOffset, Buffer.byteLength(meta) + 6);
});

test("torn characters are reported, the record is kept", async () => {
  const text = turnLines.join("\n").replace("hi", "h\ue000");
  const bytes = Buffer.from(text);
  bytes[bytes.indexOf(Buffer.from("\ue000"))] = 0xff;
  const { types, problems } = await typesIn(bytes);
  assert.ok(types.includes("user_message"));
  assert.equal(problems[0]?.problem, "holds bytes that are no UTF-8");
});

test("WIRE6 a prompt of 20 MB fits a frame, with its middle left out", async () => {
  const prompt = codex.event("user_message", { message: "word ".repeat(4_000_000) });
  const lines = linesOf(codex.rollout(codex.sessionMeta(), ...codex.turnStart(), prompt));
  const { threads, problems } = await read(`${lines.join("\n")}\n`);
  const frames = [...threads.values()].flatMap((thread) => thread.frames);
  assert.deepEqual(
    problems.map(({ line, problem }) => [line, problem]),
    [[4, "is too large for one frame: its user_message is cut in the middle"]],
  );
  const message = frames.find(({ type }) => type === "user_message");
  assert.equal(message?.payload.truncated, true);
  assert.ok(Buffer.byteLength(JSON.stringify(message)) < 8 * 1024 * 1024);
});

test("a complete file gives out what still waits for the next record", async () => {
  const cut = [...turnLines.slice(0, 4)].join("\n");
  const growing = await read(cut);
  const complete = await read(cut, { complete: true });
  const count = (session: typeof growing) =>
    [...session.threads.values()]
      .flatMap((thread) => thread.frames)
      .filter(({ type }) => type === "user_message").length;
  assert.deepEqual([count(growing), count(complete)], [0, 1]);
});

test("SRC6 a file that begins with a torn line is read from the next one on", async () => {
  const whole = await typesIn(`${turnLines.join("\n")}\n`);
  const { types, problems } = await typesIn(`{\n${turnLines.join("\n")}\n`);
  assert.deepEqual(types, whole.types);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1],
  );
});

test("SRC13 a document is recognised as a whole, whatever its lines hold", async () => {
  const [inner = ""] = turnLines;
  const info = { role: "user", id: "m1", sessionID: "ses_1" };
  const parts = [{ id: "p1", type: "text", text: `see\n${inner}` }];
  const document = { info: { id: "ses_1", title: "t" }, messages: [{ info, parts }] };
  const { types, problems } = await typesIn(JSON.stringify(document, null, 2));
  assert.deepEqual(types, ["run_started", "opencode.session", "user_message"]);
  assert.deepEqual(problems, []);
  const torn = await typesIn(JSON.stringify(document, null, 2).slice(0, -10));
  assert.equal(torn.problems[0]?.problem, "is not a session of a known agent");
});

test("SRC10 what is unfinished is told apart, behind the frames before it", async () => {
  const records = fixtureRecords("claude-agent-sdk/partial-messages.jsonl");
  const text = linesOf(records).join("\n");
  const order: string[] = [];
  const live: LiveFrame[] = [];
  async function* chunks() {
    yield Buffer.from(text);
  }
  const onLive = (frames: readonly LiveFrame[]) => {
    live.push(...frames);
    order.push("live");
  };
  for await (const part of readSession(chunks(), { onLive })) order.push(part.kind);
  assert.deepEqual(live, readRecords("claude-agent-sdk", records).live);
  assert.ok(order.indexOf("live") > order.indexOf("frames"));
});
