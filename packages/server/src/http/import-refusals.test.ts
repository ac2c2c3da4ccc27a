/** What an import refuses: other bodies, damaged exports, lines no server wrote (MOVE2, MOVE5). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { importBytesMax, importLineBytesMax } from "@spool/protocol/limits";
import {
  exported,
  imported,
  type TestExport,
  textOf,
  variedThread,
} from "../testing/moved-threads.ts";
import { newIds } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
let file: TestExport;
let text: string;
before(async () => {
  server = await startTestServer();
  const from = await startTestServer();
  const ids = newIds("bad");
  await variedThread(from, ids);
  file = await exported(from, ids.threadId);
  text = textOf(file);
  await from.close();
});
after(() => server.close());

/** The export with some of its lines changed; the index is that of the event, from 0. */
function withLines(change: (lines: string[]) => void): string {
  const lines = [...file.lines];
  change(lines);
  return textOf({ header: file.header, lines });
}

/** The export with one event changed. */
// biome-ignore lint/suspicious/noExplicitAny: tests damage all of it
function withEvent(at: number, change: (event: any) => void): string {
  return withLines((lines) => {
    const event = JSON.parse(lines[at] as string);
    change(event);
    lines[at] = JSON.stringify(event);
  });
}

/** The export with line 1 changed. */
// biome-ignore lint/suspicious/noExplicitAny: tests damage all of it
function withHeader(change: (header: any) => void): string {
  const header = structuredClone(file.header);
  change(header);
  return textOf({ header, lines: file.lines });
}

async function nothingIsThere(): Promise<void> {
  const { threads } = (await server.request("GET", "/v1/threads", { key: server.keys.owner })).body
    .data;
  assert.deepEqual(threads, []);
}

const deep = `${"[".repeat(200)}${"]".repeat(200)}`;
const raw = (at: number, from: string | RegExp, to: string) =>
  withLines((lines) => {
    const line = lines[at] as string;
    assert.match(line, typeof from === "string" ? new RegExp(from) : from);
    lines[at] = line.replace(from, to);
  });

/** What is wrong, on which line the answer says it is, and where on it. */
const damages: readonly (readonly [
  what: string,
  make: () => string,
  line: number,
  path: RegExp,
])[] = [
  ["an empty body", () => "", 1, /^$/],
  ["a first line that is no object", () => `[]\n${text}`, 1, /^$/],
  ["no line 1", () => text.slice(text.indexOf("\n") + 1), 1, /^$/],
  [
    "another version",
    () =>
      withHeader((one) => {
        one.spool = 2;
      }),
    1,
    /spool/,
  ],
  [
    "an unknown field in line 1",
    () =>
      withHeader((one) => {
        one.more = 1;
      }),
    1,
    /^$/,
  ],
  [
    "no rollouts",
    () =>
      withHeader((one) => {
        one.rollouts = [];
      }),
    1,
    /rollouts/,
  ],
  ["rollouts out of order", () => withHeader((one) => one.rollouts.reverse()), 1, /rollouts\/0/],
  [
    "a rollout twice",
    () =>
      withHeader((one) => {
        one.rollouts[1].rolloutId = one.rollouts[0].rolloutId;
      }),
    1,
    /rollouts\/1\/rolloutId/,
  ],
  [
    "a rollout of another thread",
    () =>
      withHeader((one) => {
        one.rollouts[1].threadId = "thr_x";
      }),
    1,
    /threadId/,
  ],
  [
    "another size of a rollout",
    () =>
      withHeader((one) => {
        one.rollouts[0].bytes += 1;
      }),
    1,
    /rollouts\/0\/bytes/,
  ],
  [
    "a rollout too many",
    () =>
      withHeader((one) => {
        one.rollouts.push({ ...one.rollouts[2], index: 3, rolloutId: "rol_z" });
        one.thread.activeRolloutId = "rol_z";
      }),
    1,
    /rollouts\/3/,
  ],
  [
    "a thread id that leaves the folder",
    () =>
      withHeader((one) => {
        one.thread.id = "thr_../../x";
      }),
    1,
    /thread\/id/,
  ],
  [
    "a title too long",
    () =>
      withHeader((one) => {
        one.thread.title = "x".repeat(300);
      }),
    1,
    /title/,
  ],
  [
    "a title without its source",
    () =>
      withHeader((one) => {
        one.thread.titleSource = null;
      }),
    1,
    /title/,
  ],
  [
    "metadata too large",
    () =>
      withHeader((one) => {
        one.thread.metadata = { a: "x".repeat(20_000) };
      }),
    1,
    /metadata/,
  ],
  [
    "metadata too deep",
    () =>
      withHeader((one) => {
        one.thread.metadata = JSON.parse(`{"a":${deep}}`);
      }),
    1,
    /metadata/,
  ],
  [
    "a time that is none",
    () =>
      withHeader((one) => {
        one.thread.createdAt = "yesterday";
      }),
    1,
    /createdAt/,
  ],
  [
    "an archive time without archive",
    () =>
      withHeader((one) => {
        one.thread.archivedAt = one.thread.createdAt;
      }),
    1,
    /archivedAt/,
  ],
  ["a cut in the middle of a line", () => text.slice(0, -20), 14, /^$/],
  ["a cut between two lines", () => withLines((lines) => lines.splice(10)), 12, /^$/],
  [
    "a line too many",
    () =>
      withLines((lines) =>
        lines.push((lines[9] as string).replace(/^\{"sequence":10/, '{"sequence":14')),
      ),
    15,
    /sequence/,
  ],
  [
    "two lines in one another's place",
    () => withLines((lines) => lines.splice(2, 2, lines[3] as string, lines[2] as string)),
    4,
    /sequence/,
  ],
  ["a line missing", () => withLines((lines) => lines.splice(4, 1)), 6, /sequence/],
  [
    "a line twice",
    () => withLines((lines) => lines.splice(4, 0, lines[4] as string)),
    7,
    /sequence/,
  ],
  ["an empty line", () => withLines((lines) => lines.splice(4, 0, "")), 6, /^$/],
  [
    "a line that is no object",
    () =>
      withLines((lines) => {
        lines[4] = "null";
      }),
    6,
    /^$/,
  ],
  [
    "a line of another thread",
    () =>
      withEvent(3, (event) => {
        event.threadId = "thr_other";
      }),
    5,
    /threadId/,
  ],
  [
    "a line of another rollout",
    () =>
      withEvent(2, (event) => {
        event.rolloutId = file.header.rollouts[1]?.rolloutId;
      }),
    4,
    /rolloutId/,
  ],
  [
    "a rollout nobody named",
    () =>
      withEvent(4, (event) => {
        event.rolloutId = "rol_x";
      }),
    6,
    /rolloutId/,
  ],
  [
    "a compaction that stays in its rollout",
    () =>
      withEvent(4, (event) => {
        event.rolloutId = file.header.rollouts[0]?.rolloutId;
      }),
    6,
    /rolloutId/,
  ],
  [
    "an unknown type",
    () =>
      withEvent(2, (event) => {
        event.type = "thread_renamed";
      }),
    4,
    /type/,
  ],
  [
    "a transient type",
    () =>
      withEvent(2, (event) => {
        event.type = "assistant_message_delta";
      }),
    4,
    /type/,
  ],
  [
    "a payload unlike its type",
    () =>
      withEvent(2, (event) => {
        event.payload = { content: 1 };
      }),
    4,
    /payload\/content/,
  ],
  ["a payload too deep", () => raw(2, /"payload":\{/, `"payload":{"deep":${deep},`), 4, /payload/],
  [
    "a number too large for a double",
    () => raw(2, /"payload":\{/, '"payload":{"n":1e999,'),
    4,
    /payload/,
  ],
  [
    "an unknown field",
    () =>
      withEvent(2, (event) => {
        event.more = 1;
      }),
    4,
    /^$/,
  ],
  ["__proto__ beside the fields", () => raw(2, /^\{/, '{"__proto__":{"a":1},'), 4, /^$/],
  [
    "a type that stands twice",
    () => raw(2, /"payload"/, '"type":"custom","payload"'),
    4,
    /payload|type/,
  ],
  [
    "a time earlier than the one before",
    () =>
      withEvent(2, (event) => {
        event.createdAt = "2001-01-01T00:00:00.000Z";
      }),
    4,
    /createdAt/,
  ],
  [
    "a time without milliseconds",
    () =>
      withEvent(2, (event) => {
        event.createdAt = "2126-01-01T00:00:00Z";
      }),
    4,
    /createdAt/,
  ],
  [
    "a number of the run missing",
    () =>
      withEvent(2, (event) => {
        event.runSequence = 9;
      }),
    4,
    /runSequence/,
  ],
  [
    "a run's event without its number",
    () =>
      withEvent(2, (event) => {
        delete event.runSequence;
      }),
    4,
    /runSequence/,
  ],
  [
    "a run that never started",
    () =>
      withEvent(2, (event) => {
        event.runId = "run_x";
      }),
    4,
    /runId/,
  ],
  [
    "no run where one is needed",
    () =>
      withEvent(2, (event) => {
        event.runId = null;
        delete event.runSequence;
      }),
    4,
    /runId/,
  ],
  [
    "a run that starts twice",
    () =>
      withEvent(10, (event) => {
        event.runId = JSON.parse(file.lines[0] as string).runId;
      }),
    12,
    /runId/,
  ],
  [
    "a run inside a run",
    () =>
      withEvent(1, (event) => {
        Object.assign(event, { type: "run_started", runId: "run_x", payload: {}, runSequence: 1 });
      }),
    3,
    /runId/,
  ],
  [
    "the end of a compaction that did not start",
    () =>
      withEvent(3, (event) => {
        event.type = "custom";
        event.payload = { name: "x", data: 1 };
      }),
    6,
    /type/,
  ],
  [
    "another compaction's end",
    () =>
      withEvent(4, (event) => {
        event.payload.compactionId = "cmp_x";
      }),
    6,
    /compactionId/,
  ],
];

for (const [what, make, line, path] of damages) {
  test(`MOVE5 ${what} is a bad line, and nothing is imported`, async () => {
    const { status, body } = await imported(server, make());
    assert.deepEqual([status, body.error?.code], [400, "INVALID_REQUEST"], JSON.stringify(body));
    assert.equal(body.error.details.line, line, JSON.stringify(body.error));
    assert.match(body.error.details.path, path, JSON.stringify(body.error));
    assert.equal(typeof body.error.details.problem, "string");
    await nothingIsThere();
  });
}

test("MOVE5 bytes that are no UTF-8 are a bad line", async () => {
  const bytes = Buffer.from(text);
  bytes[bytes.lastIndexOf("Hello")] = 0xff;
  const { status, body } = await imported(server, bytes);
  assert.deepEqual(
    [status, body.error.details.line, body.error.details.problem],
    [400, 3, "is not UTF-8"],
  );
  await nothingIsThere();
});

test("MOVE2 another media type, and a compressed body, are 415", async () => {
  const refused = async (body: string | Buffer, headers: Record<string, string>) =>
    (await imported(server, body, { headers })).body.error.code;
  const code = "UNSUPPORTED_MEDIA_TYPE";
  assert.equal(await refused(text, { "Content-Type": "application/json" }), code);
  assert.equal(
    await refused(text, { "Content-Type": "application/x-ndjson; charset=latin1" }),
    code,
  );
  assert.equal(await refused(gzipSync(text), { "Content-Encoding": "gzip" }), code);
  const { body } = await imported(server, gzipSync(text));
  assert.deepEqual([body.error.code, body.error.details.line], ["INVALID_REQUEST", 1]);
  await nothingIsThere();
});

test("MOVE2 a body and a line that are too large are 413", async () => {
  const long = withLines((lines) => {
    lines[2] = (lines[2] as string).replace(
      '"payload":{',
      `"payload":{"x":"${"x".repeat(importLineBytesMax)}",`,
    );
  });
  const { status, body } = await imported(server, long);
  assert.deepEqual([status, body.error.code, body.error.details.line], [413, "BODY_TOO_LARGE", 4]);
  const answer = await server.exchange(
    `POST /v1/threads/import HTTP/1.1\r\nHost: x\r\nX-API-Key: ${server.keys.owner}\r\n` +
      `Content-Type: application/x-ndjson\r\nConnection: close\r\nContent-Length: ${importBytesMax + 1}\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1.1 413 /);
  await nothingIsThere();
});

test("MOVE3 LOG2 lines that are printed another way stay byte for byte as they are", async () => {
  const lines = file.lines.map((line, at) => {
    const { sequence, ...rest } = JSON.parse(line);
    const spaced = JSON.stringify({ ...rest, sequence }, null, 1).replaceAll("\n", " ");
    return at % 3 === 0
      ? ` ${spaced}\t`
      : at % 3 === 1
        ? line.replace("\ud83d\ude00", "\\ud83d\\ude00")
        : `${line}\r`;
  });
  const ownBytes = (rolloutId: string) =>
    lines
      .filter((line) => JSON.parse(line).rolloutId === rolloutId)
      .reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  const rollouts = file.header.rollouts.map((one) => ({ ...one, bytes: ownBytes(one.rolloutId) }));
  const odd = { header: { ...file.header, rollouts }, lines };
  assert.equal((await imported(server, textOf(odd).slice(0, -1))).status, 201);
  const there = await exported(server, file.header.thread.id);
  assert.deepEqual(there.lines, lines);
  assert.equal((await imported(server, textOf(odd))).body.data.appended, 0);
  await server.request("DELETE", `/v1/threads/${file.header.thread.id}`, {
    key: server.keys.owner,
  });
});
