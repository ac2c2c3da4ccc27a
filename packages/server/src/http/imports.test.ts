/** Moving threads from one server to another over HTTP: what comes along, and what is added (MOVE). */
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { cutAt, exported, imported, textOf, variedThread } from "../testing/moved-threads.ts";
import {
  compaction,
  message,
  newIds,
  publish,
  runCompleted,
  runStarted,
} from "../testing/published-threads.ts";
import { openSocket } from "../testing/socket-client.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { publishAll } from "../testing/watched-threads.ts";

let from: TestServer;
let to: TestServer;
before(async () => {
  [from, to] = await Promise.all([startTestServer(), startTestServer()]);
});
after(() => Promise.all([from.close(), to.close()]));

const get = async (server: TestServer, path: string, key = server.keys.owner) =>
  (await server.request("GET", `/v1/threads${path}`, { key })).body.data;

/** Lines so long that a few of them are staged. */
const longText = (at: number) => `${at} ${"y".repeat(100_000)}`;

test("MOVE1 MOVE3 a thread is on the other server as it was on the first", async () => {
  const ids = newIds("move");
  const { threadId } = ids;
  await from.request("POST", "/v1/threads", {
    key: from.keys.owner,
    body: { id: threadId, title: "T", metadata: { b: 2 }, parentThreadId: "thr_parent" },
  });
  await variedThread(from, ids);
  const archive = { key: from.keys.owner, body: { archived: true } };
  await from.request("PATCH", `/v1/threads/${threadId}`, archive);
  const file = await exported(from, threadId);
  const answer = await imported(to, textOf(file), { key: to.keys.other });
  assert.equal(answer.status, 201);
  assert.equal(answer.body.data.appended, file.lines.length);
  const owner = { orgId: "globex", ownerUserId: "otto" };
  assert.deepEqual(answer.body.data.thread, { ...file.header.thread, ...owner });
  const there = await exported(to, threadId, to.keys.other);
  assert.deepEqual(there.lines, file.lines);
  assert.deepEqual(there.header.rollouts, file.header.rollouts);
  const [before, now] = [
    await get(from, `/${threadId}/runs`),
    await get(to, `/${threadId}/runs`, to.keys.other),
  ];
  assert.deepEqual(now.runs, before.runs);
});

test("MOVE1 LOG2 rollouts of both servers have the same hashes, staged or not", async () => {
  const ids = newIds("hash");
  await publishAll(from, ids, [runStarted()]);
  for (let at = 0; at < 60; at += 1) await publishAll(from, ids, [message(longText(at))]);
  await publishAll(from, ids, [...compaction("long"), message("after"), runCompleted()]);
  const file = await exported(from, ids.threadId);
  assert.ok(textOf(file).length > 5_000_000, "more than is committed as it is");
  assert.equal((await imported(to, textOf(file))).status, 201);
  const hashes = async (server: TestServer) =>
    Promise.all(
      file.header.rollouts.map(async ({ rolloutId }) => {
        const path = `/v1/threads/${ids.threadId}/rollouts/${rolloutId}.jsonl`;
        const { bytes } = await server.request("GET", path, { key: server.keys.owner });
        return createHash("sha256").update(bytes).digest("hex");
      }),
    );
  const expected = await hashes(from);
  assert.deepEqual(await hashes(to), expected);
  await to.restart();
  assert.deepEqual(await hashes(to), expected);
  assert.equal((await imported(to, textOf(file))).body.data.appended, 0);
  const more = { threadId: ids.threadId, runId: `${ids.runId}c` };
  await publishAll(to, more, [runStarted(), message("goes on"), runCompleted()]);
  assert.equal((await exported(to, ids.threadId)).lines.length, file.lines.length + 3);
});

test("MOVE6 only what is missing is added, and the same once more adds nothing", async () => {
  const ids = newIds("grow");
  await variedThread(from, ids);
  const file = await exported(from, ids.threadId);
  let known = 0;
  // Cut where nothing is open.
  for (const count of [9, 10, 10, 13, 10, 13]) {
    const answer = await imported(to, textOf(cutAt(file, count)));
    assert.equal(answer.status, known === 0 ? 201 : 200);
    assert.equal(answer.body.data.appended, Math.max(0, count - known));
    known = Math.max(known, count);
    assert.equal(answer.body.data.thread.sequence, known);
  }
  assert.deepEqual((await exported(to, ids.threadId)).lines, file.lines);
  const title = { key: to.keys.owner, body: { title: "mine", metadata: { own: 1 } } };
  await to.request("PATCH", `/v1/threads/${ids.threadId}`, title);
  const again = await imported(to, textOf(file));
  assert.deepEqual(
    [again.body.data.thread.title, again.body.data.thread.metadata],
    ["mine", { own: 1 }],
  );
});

test("MOVE6 two histories of one thread do not mix", async () => {
  const ids = newIds("fork");
  await variedThread(from, ids);
  const file = await exported(from, ids.threadId);
  await imported(to, textOf(file));
  const own = { threadId: ids.threadId, runId: null };
  await publishAll(to, own, [{ type: "custom", payload: { name: "here", data: 1 } }]);
  await publishAll(from, own, [{ type: "custom", payload: { name: "there", data: 1 } }]);
  const here = await exported(to, ids.threadId);
  const answer = await imported(to, textOf(await exported(from, ids.threadId)));
  assert.deepEqual([answer.status, answer.body.error.code], [409, "THREAD_ID_TAKEN"]);
  assert.deepEqual((await exported(to, ids.threadId)).lines, here.lines);
  assert.equal((await imported(to, textOf(file))).body.data.appended, 0);
});

test("MOVE6 an empty thread can be moved, and takes a history that begins elsewhere", async () => {
  const { threadId, runId } = newIds("empty");
  const create = { key: from.keys.owner, body: { id: threadId } };
  await from.request("POST", "/v1/threads", create);
  const empty = textOf(await exported(from, threadId));
  assert.equal((await imported(to, empty)).status, 201);
  assert.equal((await imported(to, empty)).status, 200);
  await publishAll(from, { threadId, runId }, [runStarted(), message("x"), runCompleted()]);
  const file = await exported(from, threadId);
  const third = await startTestServer();
  await third.request("POST", "/v1/threads", { key: third.keys.owner, body: { id: threadId } });
  for (const server of [to, third]) {
    const answer = await imported(server, textOf(file));
    assert.deepEqual([answer.status, answer.body.data.appended], [200, 3]);
    const there = await exported(server, threadId);
    assert.deepEqual(there.lines, file.lines);
    assert.equal(there.header.rollouts.length, 1);
  }
  await third.close();
});

test("MOVE7 ORG4 DEL4 ids that are taken or gone are refused as at creation", async () => {
  const ids = newIds("taken");
  await variedThread(from, ids);
  const text = textOf(await exported(from, ids.threadId));
  await imported(to, text);
  const code = async (key: string) => (await imported(to, text, { key })).body.error?.code;
  assert.equal(await code(to.keys.member), "THREAD_ID_TAKEN");
  assert.equal(await code(to.keys.admin), "THREAD_ID_TAKEN");
  assert.equal((await imported(to, text, { key: to.keys.other })).status, 201);
  await to.request("DELETE", `/v1/threads/${ids.threadId}`, { key: to.keys.owner });
  assert.equal(await code(to.keys.owner), "THREAD_DELETED");
  assert.equal(await code(to.keys.member), "THREAD_ID_TAKEN");
  assert.equal(await code(to.keys.reader), "INSUFFICIENT_SCOPE");
  assert.equal((await to.request("POST", "/v1/threads/import", { body: text })).status, 401);
});

test("MOVE8 what is open at the end is closed, and gives way to what really happened", async () => {
  const ids = newIds("open");
  await publishAll(from, ids, [
    runStarted(),
    message("a"),
    { type: "compaction_started", payload: {} },
  ]);
  const open = await exported(from, ids.threadId);
  const first = await imported(to, textOf(open));
  assert.deepEqual([first.body.data.appended, first.body.data.thread.status], [3, "idle"]);
  const closed = await exported(to, ids.threadId);
  const closing = closed.lines.slice(3).map((line) => JSON.parse(line));
  assert.deepEqual(
    closing.map(({ type, payload }) => [type, payload.status, payload.reason]),
    [
      ["compaction_completed", "failed", "imported"],
      ["run_completed", "interrupted", "imported"],
    ],
  );
  const [run] = (await get(to, `/${ids.threadId}/runs`)).runs;
  assert.deepEqual([run.status, run.reason], ["interrupted", "imported"]);
  assert.equal((await imported(to, textOf(open))).body.data.appended, 0);
  // Back where it came from: the run is open there, and stays so.
  assert.equal((await imported(from, textOf(closed))).body.data.appended, 0);
  assert.equal((await get(from, `/${ids.threadId}`)).thread.status, "compacting");
  await publishAll(from, ids, [...compaction("so far").slice(1), runCompleted()]);
  const whole = await exported(from, ids.threadId);
  const second = await imported(to, textOf(whole));
  assert.deepEqual([second.status, second.body.data.appended], [200, 2]);
  assert.deepEqual((await exported(to, ids.threadId)).lines, whole.lines);
  assert.equal((await get(to, `/${ids.threadId}/runs`)).runs[0].status, "completed");
  assert.equal((await imported(to, textOf(whole))).body.data.appended, 0);
  // What closed it here is no other history there.
  assert.equal((await imported(from, textOf(closed))).body.data.appended, 0);
});

test("MOVE8 LIVE4 a watcher who saw what gave way starts over with the real history", async () => {
  const ids = newIds("seen");
  await publishAll(from, ids, [runStarted(), message("a")]);
  await imported(to, textOf(await exported(from, ids.threadId)));
  const watcher = await watch(to, { threadId: ids.threadId, key: to.keys.owner });
  assert.equal(watcher.sequence, 3);
  await publishAll(from, ids, [message("b"), message("c"), runCompleted()]);
  const whole = await exported(from, ids.threadId);
  await imported(to, textOf(whole));
  assert.equal((await watcher.untilClosed()).code, 4008);
  await watcher.reconnect();
  assert.deepEqual([watcher.snapshot.resumed, watcher.snapshot.reason], [false, "other_history"]);
  assert.deepEqual(textsOf(watcher), whole.lines);
  await watcher.leave();
});

function textsOf(watcher: TestWatcher): string[] {
  return watcher.events.map(({ text }) => text);
}

test("MOVE9 LIVE5 watchers of a thread that an import extends see each new event once", async () => {
  const ids = newIds("live");
  await variedThread(from, ids);
  const file = await exported(from, ids.threadId);
  await imported(to, textOf(cutAt(file, 9)));
  const watcher = await watch(to, {
    threadId: ids.threadId,
    key: to.keys.owner,
    query: { include: "all_rollouts" },
  });
  await imported(to, textOf(file));
  await watcher.untilSequence(file.lines.length);
  assert.deepEqual(textsOf(watcher), file.lines);
  // Beyond what is committed as it is, only the last event is told, and the rest is read.
  const more = { threadId: ids.threadId, runId: `${ids.runId}long` };
  await publishAll(from, more, [runStarted()]);
  for (let at = 0; at < 60; at += 1) await publishAll(from, more, [message(longText(at))]);
  await publishAll(from, more, [runCompleted()]);
  const long = await exported(from, ids.threadId);
  assert.equal((await imported(to, textOf(long))).body.data.appended, 62);
  await watcher.untilSequence(long.lines.length);
  assert.deepEqual(textsOf(watcher), long.lines);
  await watcher.leave();
});

test("MOVE9 LIVE23 the owner's list feed tells of the thread, and nobody else's does", async () => {
  const ids = newIds("feed");
  await variedThread(from, ids);
  const file = await exported(from, ids.threadId);
  const [owner, member] = await Promise.all(
    [to.keys.owner, to.keys.member].map((key) => openSocket(to, "/v1/live", key)),
  );
  for (const client of [owner, member]) {
    client?.send({ type: "subscribe", list: true });
    // Messages are taken in order: its refusal says that the subscription stands.
    client?.send({ type: "nonsense", id: "fence" });
    await client?.find("fence", (frame) => frame.id === "fence");
  }
  await imported(to, textOf(cutAt(file, 9)));
  await imported(to, textOf(file));
  await owner?.find("the whole thread", ({ thread }) => {
    return thread?.id === ids.threadId && thread.sequence === file.lines.length;
  });
  const rows = owner?.frames.filter(({ frame }) => frame.threadId === ids.threadId);
  assert.ok(rows?.every(({ frame }) => frame.type === "thread_upserted" && frame.list === true));
  assert.ok(member?.frames.every(({ frame }) => frame.threadId !== ids.threadId));
  await Promise.all([owner?.leave(), member?.leave()]);
});

test("MOVE10 two imports of one thread at once come to one thread", async () => {
  const ids = newIds("twice");
  await publishAll(from, ids, [runStarted()]);
  for (let at = 0; at < 50; at += 1) await publishAll(from, ids, [message(longText(at))]);
  await publishAll(from, ids, [runCompleted()]);
  const file = await exported(from, ids.threadId);
  const answers = await Promise.all([1, 2, 3].map(() => imported(to, textOf(file))));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201]);
  assert.deepEqual(answers.map(({ body }) => body.data.appended).sort(), [0, 0, 52]);
  assert.deepEqual((await exported(to, ids.threadId)).lines, file.lines);
});

test("MOVE10 a thread that is written to while its import comes in keeps what was written", async () => {
  const ids = newIds("race");
  await variedThread(from, ids);
  const file = await exported(from, ids.threadId);
  await imported(to, textOf(cutAt(file, 9)));
  const slow = slowImport(to, textOf(file));
  await slow.send(0.5);
  const own = { name: "meanwhile", data: 1 };
  await publishAll(to, { threadId: ids.threadId, runId: null }, [{ type: "custom", payload: own }]);
  const here = await exported(to, ids.threadId);
  await slow.send(1);
  assert.match(await slow.answer, /409 Conflict[\s\S]*THREAD_BUSY/);
  assert.deepEqual((await exported(to, ids.threadId)).lines, here.lines);
  assert.equal((await imported(to, textOf(file))).body.error.code, "THREAD_ID_TAKEN");
});

test("MOVE4 of an import whose connection breaks nothing is there", async () => {
  const ids = newIds("broken");
  await publishAll(from, ids, [runStarted()]);
  for (let at = 0; at < 60; at += 1) await publishAll(from, ids, [message(longText(at))]);
  await publishAll(from, ids, [runCompleted()]);
  const file = await exported(from, ids.threadId);
  for (const [part, chunked] of [
    [0.9, false],
    [0.2, true],
  ] as const) {
    const slow = slowImport(to, textOf(file), chunked);
    await slow.send(part);
    slow.cut();
    await slow.answer;
  }
  const path = `/v1/threads/${ids.threadId}`;
  const { status } = await to.request("GET", path, { key: to.keys.owner });
  assert.equal(status, 404);
  // Every import under way has ended: as many as there may be go through at once.
  await eventually("room for four imports", async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => imported(to, textOf(file))));
    return answers.every(({ body }) => body.data !== undefined);
  });
});

test("MOVE10 more imports than the server takes at a time are asked to wait", async () => {
  const ids = newIds("many");
  await variedThread(from, ids);
  const text = textOf(await exported(from, ids.threadId));
  const slow = [1, 2, 3, 4, 5].map(() => slowImport(to, text));
  await Promise.all(slow.map((one) => one.send(0.1)));
  const refused = await Promise.race(slow.map(async (one) => ({ one, answer: await one.answer })));
  assert.match(refused.answer, /^HTTP\/1.1 503 [\s\S]*retry-after: [1-9][\s\S]*OVERLOADED/);
  const others = slow.filter((one) => one !== refused.one);
  await Promise.all(others.map((one) => one.send(1)));
  for (const one of others) assert.match(await one.answer, /^HTTP\/1.1 20[01] /);
});

/** An import over a connection of its own, of which a test says how far it gets. */
function slowImport(server: TestServer, text: string, chunked = false) {
  const body = Buffer.from(text);
  const socket = connect({ port: server.port, host: "127.0.0.1" });
  const length = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
  socket.write(
    `POST /v1/threads/import HTTP/1.1\r\nHost: x\r\nX-API-Key: ${server.keys.owner}\r\n` +
      `Content-Type: application/x-ndjson\r\nConnection: close\r\n${length}\r\n\r\n`,
  );
  let sent = 0;
  let received = "";
  socket.on("data", (data) => {
    received += data;
  });
  socket.on("error", () => {}); // one way for it to end
  return {
    answer: new Promise<string>((resolve) => socket.on("close", () => resolve(received))),
    cut: () => socket.destroy(),
    async send(part: number): Promise<void> {
      const bytes = body.subarray(sent, Math.round(body.length * part));
      sent += bytes.length;
      if (chunked) socket.write(`${bytes.length.toString(16)}\r\n`);
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      if (chunked) socket.write("\r\n");
    },
  };
}

test("MOVE3 LOG6 DEL6 an imported thread is published into and deleted like any other", async () => {
  const ids = newIds("after");
  await variedThread(from, ids);
  await imported(to, textOf(await exported(from, ids.threadId)));
  const late = await publish(to, { ...ids, events: [message("late")] });
  assert.equal(late.body.error.code, "RUN_NOT_ACTIVE");
  const repeated = { type: "user_message", payload: { content: "x", messageId: "m2" } };
  const runless = await publish(to, { threadId: ids.threadId, runId: null, events: [repeated] });
  assert.equal(runless.body.data.duplicates, 1, "PUB11 its run-less messages are known");
  await to.request("DELETE", `/v1/threads/${ids.threadId}`, { key: to.keys.owner });
  assert.equal(
    (await to.request("GET", `/v1/threads/${ids.threadId}`, { key: to.keys.owner })).status,
    404,
  );
});
