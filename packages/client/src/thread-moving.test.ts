/** Moving threads with the client: whole, also over connections that break (MOVE1, MOVE3). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exported, textOf, variedThread } from "../../server/src/testing/moved-threads.ts";
import {
  message,
  newIds,
  runCompleted,
  runStarted,
} from "../../server/src/testing/published-threads.ts";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";
import { publishAll } from "../../server/src/testing/watched-threads.ts";
import { SpoolClient } from "./spool-client.ts";
import { startDroppingProxy } from "./testing/dropping-proxy.ts";

let from: TestServer;
let to: TestServer;
before(async () => {
  [from, to] = await Promise.all([startTestServer(), startTestServer()]);
});
after(() => Promise.all([from.close(), to.close()]));

const clientOf = (server: TestServer, url = server.url) =>
  new SpoolClient({ url, credential: { apiKey: server.keys.owner } });

async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** A thread of about `megabytes`, its run completed. */
async function largeThread(megabytes: number): Promise<string> {
  const ids = newIds("large");
  await publishAll(from, ids, [runStarted()]);
  for (let at = 0; at < megabytes; at += 1) {
    await publishAll(from, ids, [message(`${at} `.repeat(300_000).slice(0, 1_000_000))]);
  }
  await publishAll(from, ids, [runCompleted()]);
  return ids.threadId;
}

test("MOVE1 MOVE3 an export is imported as it streams, and gives the same export again", async () => {
  const ids = newIds("client");
  await variedThread(from, ids);
  const seen: number[] = [];
  let total = 0;
  const onProgress = (done: number, all: number) => {
    seen.push(done);
    total = all;
  };
  const stream = clientOf(from).threads.export(ids.threadId, { onProgress });
  const imported = await clientOf(to).threads.import(stream);
  assert.deepEqual([imported.isNew, imported.appended], [true, 13]);
  assert.equal(seen.at(-1), total);
  const [first, second] = await Promise.all([
    bytesOf(clientOf(from).threads.export(ids.threadId)),
    bytesOf(clientOf(to).threads.export(ids.threadId)),
  ]);
  assert.equal(first.length, total);
  assert.deepEqual(second, first);
  assert.equal(first.toString(), textOf(await exported(from, ids.threadId)));
  for (const source of [new Blob([new Uint8Array(first)]), new Uint8Array(first)]) {
    const again = await clientOf(to).threads.import(source);
    assert.deepEqual([again.isNew, again.appended], [false, 0]);
  }
});

test("MOVE1 an export goes on where its connection broke, byte for byte", async (t) => {
  const threadId = await largeThread(20);
  const expected = textOf(await exported(from, threadId));
  const proxy = await startDroppingProxy(from.port);
  t.after(() => proxy.close());
  const retries: string[] = [];
  const client = clientOf(from, proxy.url);
  let drops = 0;
  const chunks: Uint8Array[] = [];
  const onRetry = ({ code }: { code: string }) => retries.push(code);
  for await (const chunk of client.threads.export(threadId, { onRetry })) {
    chunks.push(chunk);
    // What the client's system has taken in already comes all the same.
    if (chunks.length % 40 === 2 && drops < 5) drops += proxy.drop();
  }
  assert.equal(Buffer.concat(chunks).toString(), expected);
  assert.ok(drops > 0 && retries.length > 0, `${drops} drops, ${retries.length} retries`);
});

test("MOVE1 what is added while an export is read is left out of it", async () => {
  const threadId = await largeThread(4);
  const before = textOf(await exported(from, threadId));
  const stream = clientOf(from).threads.export(threadId);
  const first = await stream.next();
  const note = { type: "custom", payload: { name: "later", data: 1 } };
  await publishAll(from, { threadId, runId: null }, [note]);
  const rest = await bytesOf(stream);
  assert.equal(Buffer.concat([first.value as Uint8Array, rest]).toString(), before);
});

test("MOVE5 a refusal is told while most of the file is not sent yet", async () => {
  let sent = 0;
  async function* wrong() {
    for (; sent < 200; sent += 1) yield new Uint8Array(1_000_000).fill(0x20);
  }
  await assert.rejects(clientOf(to).threads.import(wrong()), {
    code: "BODY_TOO_LARGE",
    status: 413,
  });
  assert.ok(sent < 200, "the rest was not sent");
  async function* bad() {
    yield new TextEncoder().encode("{}\n");
    for (; sent < 400; sent += 1) yield new Uint8Array(1_000_000).fill(0x20);
  }
  await assert.rejects(clientOf(to).threads.import(bad()), {
    code: "INVALID_REQUEST",
    status: 400,
  });
  assert.ok(sent < 400, "the rest was not sent");
});

test("MOVE4 a source that fails says so itself, and nothing is imported", async () => {
  const ids = newIds("failing");
  await variedThread(from, ids);
  const all = await bytesOf(clientOf(from).threads.export(ids.threadId));
  async function* failing() {
    yield new Uint8Array(all.subarray(0, all.length - 100));
    throw new Error("the disk is gone");
  }
  await assert.rejects(clientOf(to).threads.import(failing()), /the disk is gone/);
  await assert.rejects(clientOf(to).threads.get(ids.threadId), { code: "THREAD_NOT_FOUND" });
});

test("MOVE1 exports end when they are told to, and say what is not there", async () => {
  await assert.rejects(clientOf(from).threads.export("thr_none").next(), {
    code: "THREAD_NOT_FOUND",
  });
  const abort = new AbortController();
  const stream = clientOf(from).threads.export(await largeThread(3), { signal: abort.signal });
  await stream.next();
  abort.abort(new Error("enough"));
  await assert.rejects(async () => {
    for await (const _ of stream);
  }, /enough/);
});
