/** Watchers that stop reading: nobody waits for them, nothing piles up, and nothing is lost. */
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { type KillableServer, startKillableServer } from "../testing/killable-server.ts";
import { liveTextsOf } from "../testing/live-texts.ts";
import {
  message,
  newIds,
  publish,
  runStarted,
  startedThread,
  type TestFrame,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, openSockets, publishAll, storedLines } from "../testing/watched-threads.ts";

const megabyte = 1_000_000;

let server: TestServer;
/** In a process of its own, whose memory can be told from that of the watchers. */
let alone: KillableServer;
const dataDir = mkdtempSync(join(tmpdir(), "spool-slow-"));
before(async () => {
  server = await startTestServer();
  alone = await startKillableServer(dataDir);
});
after(async () => {
  await server.close();
  await alone.kill();
  rmSync(dataDir, { recursive: true, force: true });
});

type Ids = { readonly threadId: string; readonly runId: string };

/** Those a failing test leaves behind must not count in the next one. */
const opened: TestWatcher[] = [];
afterEach(async () => {
  const left = opened.splice(0).filter(({ closed }) => closed === null);
  await Promise.all(left.map((watcher) => watcher.drop()));
});

async function open({ threadId }: Ids, query: Record<string, string> = {}): Promise<TestWatcher> {
  const watcher = await watch(server, { threadId, key: server.keys.owner, query });
  opened.push(watcher);
  return watcher;
}

/** One publish to the server that is alone; gives the thread's last sequence. */
async function publishAlone(ids: Ids, events: readonly TestFrame[]): Promise<number> {
  const answer = await fetch(`${alone.url}/v1/thread-events`, {
    method: "POST",
    headers: { "X-API-Key": alone.key, "Content-Type": "application/json" },
    body: JSON.stringify({ ...ids, events }),
  });
  assert.equal(answer.status, 200);
  const { data } = (await answer.json()) as { data: { sequence: number } };
  return data.sequence;
}

async function memoryMegabytes(): Promise<number> {
  const text = await (await fetch(`${alone.url}/metrics`)).text();
  const match = /^process_resident_memory_bytes (\d+)/m.exec(text);
  return Number(match?.[1]) / megabyte;
}

/** Reads on to the end, coming back as often as the server closes the watcher for being slow. */
async function readToTheEnd(watcher: TestWatcher, last: number): Promise<void> {
  watcher.resume();
  while (watcher.sequence < last) {
    await watcher.until("the end, or 4008", ({ sequence, closed }) => {
      return sequence >= last || closed?.code === 4008;
    });
    if (watcher.closed !== null) await watcher.reconnect();
  }
}

test("LIVE12 watchers that stop reading while 20 MB are published hold up nobody and fill no memory", async () => {
  const ids = newIds("slow");
  await publishAlone(ids, [runStarted(), message("x".repeat(megabyte))]);
  const request = { threadId: ids.threadId, key: alone.key };
  const open = () => watch(alone, request);
  const reading = await open();
  const stopped = await Promise.all(Array.from({ length: 12 }, open));
  for (const watcher of stopped) watcher.pause();
  const before = await memoryMegabytes();
  let most = before;
  let last = 2;
  for (let batch = 0; batch < 20; batch += 1) {
    const size = batch % 4 === 0 ? 250_000 : 4_000;
    const messages = Array.from({ length: megabyte / size }, () => message("x".repeat(size)));
    last = await publishAlone(ids, messages);
    await reading.untilSequence(last);
    most = Math.max(most, await memoryMegabytes());
  }
  assert.ok(most - before < 150, `from ${before} to ${most} MB with twelve that take nothing`);
  for (const watcher of stopped) assert.ok(watcher.sequence < last, "it had stopped");
  const expected = reading.events.map(({ text }) => text);
  await Promise.all(stopped.map((watcher) => readToTheEnd(watcher, last)));
  for (const watcher of stopped) {
    const texts = watcher.events.map(({ text }) => text);
    // The texts are large: a difference is told by its place, not by printing both lists.
    assert.equal(texts.length, expected.length);
    assert.equal(
      texts.findIndex((text, index) => text !== expected[index]),
      -1,
    );
  }
  await Promise.all([reading, ...stopped].map((watcher) => watcher.leave()));
});

test("LIVE12 answers to a peer that sends and sends and never reads fill no memory", async () => {
  const ids = newIds("flood");
  await publishAlone(ids, [runStarted()]);
  const request = { threadId: ids.threadId, key: alone.key };
  const [flooding, other] = [await watch(alone, request), await watch(alone, request)];
  flooding.pause();
  const before = await memoryMegabytes();
  let most = before;
  for (let round = 0; round < 50; round += 1) {
    for (let count = 0; count < 6_000; count += 1) flooding.socket.send("no message at all");
    most = Math.max(most, await memoryMegabytes());
  }
  assert.ok(most - before < 100, `from ${before} to ${most} MB of answers nobody reads`);
  await other.untilSequence(await publishAlone(ids, [message("on")]));
  await Promise.all([flooding.drop(), other.leave()]);
});

/** What a watcher must fall behind for: more than the socket and its queue hold. */
async function publishPastTheQueue(ids: Ids): Promise<number> {
  let last = 0;
  for (let batch = 0; batch < 12; batch += 1) {
    const messages = Array.from({ length: 100 }, () => message("x".repeat(8_000)));
    last = await publishAll(server, ids, messages);
  }
  return last;
}

test("LIVE12 LIVE22 deltas a watcher was too slow for come merged, and its text is whole", async () => {
  const ids = await startedThread(server);
  const heartbeat = await publish(server, { ...ids, events: [] });
  const run = { ...ids, rolloutId: heartbeat.body.data.rolloutId };
  const [slow, quick] = [await open(ids), await open(ids)];
  let number = 0;
  const delta = (): TestFrame => {
    number += 1;
    const payload = { messageId: "m1", delta: `${number} ` };
    return { type: "assistant_message_delta", payload, sequenceNumber: number };
  };
  await publishAll(server, run, [delta(), delta()]);
  await slow.until("the first deltas", ({ tail }) => tail.length === 2);
  slow.pause();
  const last = await publishPastTheQueue(ids);
  for (let batch = 0; batch < 5; batch += 1) {
    await publishAll(server, run, Array.from({ length: 500 }, delta));
  }
  slow.resume();
  const whole = Array.from({ length: 2_502 }, (_, index) => `${index + 1} `).join("");
  for (const watcher of [slow, quick]) {
    await watcher.until("the whole text", () => liveTextsOf(watcher).get("text m1") === whole);
    assert.equal(watcher.sequence, last);
  }
  const countOf = ({ tail }: TestWatcher) =>
    tail.filter(({ frame }) => frame.sequence === undefined).length;
  assert.equal(countOf(quick), 2_502);
  assert.ok(countOf(slow) < 100, `${countOf(slow)} deltas`);
  await publishAll(server, run, [delta(), message("the end", { messageId: "m1" })]);
  await Promise.all([slow.untilSequence(last + 1), quick.untilSequence(last + 1)]);
  await Promise.all([slow.leave(), quick.leave()]);
});

test("LIVE12 THR3 THR9 a watcher that fell behind is still told of the title and of archiving", async () => {
  const ids = await startedThread(server, { title: "Before" });
  const watcher = await open(ids);
  watcher.pause();
  await publishPastTheQueue(ids);
  await server.request("PATCH", `/v1/threads/${ids.threadId}`, {
    key: server.keys.owner,
    body: { title: "Meanwhile", archived: true },
  });
  const last = await publishPastTheQueue(ids);
  watcher.resume();
  await watcher.until("both notices", ({ tail }) => {
    return tail.filter(({ frame }) => frame.type.startsWith("thread_")).length >= 2;
  });
  const notices = watcher.tail
    .map(({ frame }) => frame)
    .filter(({ type }) => /^thread_/.test(type));
  const { threadId } = ids;
  assert.deepEqual(notices, [
    { type: "thread_renamed", threadId, title: "Meanwhile" },
    { type: "thread_archived", threadId, archived: true },
  ]);
  await watcher.untilSequence(last);
  await watcher.leave();
});

test("LIVE12 LIVE6 what a slow watcher reads from the log is the stored lines, like what was live", async () => {
  const ids = await startedThread(server);
  const watcher = await open(ids);
  await publishAll(server, ids, [message("live Grüße")]);
  await watcher.untilSequence(2);
  watcher.pause();
  await publishPastTheQueue(ids);
  const last = await publishAll(server, ids, [message("late Grüße \u2028")]);
  watcher.resume();
  await watcher.untilSequence(last);
  const lines = await storedLines(server, ids.threadId);
  const texts = watcher.tail.map(({ text }) => text);
  assert.equal(
    texts.findIndex((text, index) => text !== lines[index + 1]),
    -1,
  );
  await watcher.drop();
  await watcher.reconnect();
  assert.deepEqual([watcher.snapshot.resumed, watcher.snapshot.events], [true, []]);
  await watcher.leave();
});

test("LIVE12 LIVE3 large events behind the snapshot all come from the log", async () => {
  const ids = await startedThread(server);
  for (let batch = 0; batch < 4; batch += 1) {
    await publishAll(
      server,
      ids,
      Array.from({ length: 15 }, () => message("x".repeat(400_000))),
    );
  }
  const watcher = await open(ids, { after: "1" });
  await watcher.untilSequence(61);
  assert.ok(watcher.snapshot.sequence < 61, "not all of them fit into the snapshot");
  await watcher.leave();
});

test("LIVE12 watchers that vanish while they are behind leave nothing, and the rest goes on", async () => {
  const ids = await startedThread(server);
  const stopped = await Promise.all(Array.from({ length: 5 }, () => open(ids)));
  const reading = await open(ids);
  for (const watcher of stopped) watcher.pause();
  await publishPastTheQueue(ids);
  await Promise.all(stopped.map((watcher) => watcher.drop()));
  const last = await publishPastTheQueue(ids);
  await reading.untilSequence(last);
  assert.equal(reading.events.length, (await historyOf(server, ids.threadId)).length);
  await reading.leave();
  await eventually("no socket is open", async () => (await openSockets(server)) === 0);
});
