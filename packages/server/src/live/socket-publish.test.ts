/** Publishing on a socket: answers in order, refusals, cancellation, and what garbage does. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import {
  message,
  newIds,
  publish,
  runStarted,
  startedThread,
} from "../testing/published-threads.ts";
import { openSocket, type SocketClient } from "../testing/socket-client.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { watch } from "../testing/test-watcher.ts";
import { publishAll, storedLines } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function open(path: string, key = server.keys.owner): Promise<SocketClient> {
  return openSocket(server, path, key);
}

function eventsPath(threadId: string): string {
  return `/v1/threads/${threadId}/events`;
}

function publishing(threadId: string): Promise<SocketClient> {
  return open(`${eventsPath(threadId)}?watch=false`);
}

function cancel(threadId: string, key = server.keys.owner) {
  return server.request("POST", `/v1/threads/${threadId}/cancel`, { key });
}

test("LIVE15 a publish on the watching socket is answered like one over REST, and watched", async () => {
  const { threadId, runId } = await startedThread(server);
  const client = await open(eventsPath(threadId));
  const answer = await client.ask({ type: "publish", id: 7, runId, events: [message("hello")] });
  const { rolloutId, ...rest } = answer.data;
  assert.deepEqual(Object.keys(answer), ["type", "id", "data"]);
  assert.equal(answer.type, "published");
  assert.match(rolloutId, /^rol_/);
  const counts = { sequence: 2, runSequence: 2, appended: 1, duplicates: 0, delivered: 0 };
  assert.deepEqual(rest, { threadId, runId, ...counts });
  const [line] = (await storedLines(server, threadId)).slice(-1);
  await client.until("its event", ({ frames }) => frames.some(({ text }) => text === line));
  await client.leave();
});

test("LIVE15 LIVE24 pipelined publishes are answered in their order, refusals among them", async () => {
  const { threadId, runId } = await startedThread(server);
  const client = await publishing(threadId);
  for (let id = 0; id < 200; id += 1) {
    // Every fifth is refused at once, while those before it wait for their flush.
    const events = id % 5 === 4 ? [{ type: "nonsense", payload: {} }] : [message(`m${id}`)];
    client.send({ type: "publish", id, runId, events });
  }
  await client.until("all answers", ({ frames }) => frames.length === 200);
  const answers = client.frames.map(({ frame }) => frame);
  assert.deepEqual(
    answers.map(({ id }) => id),
    Array.from({ length: 200 }, (_, id) => id),
  );
  for (const { id, type, threadId: about, error, data } of answers) {
    if (id % 5 !== 4) assert.equal(data.sequence, 2 + id - Math.floor(id / 5));
    else assert.deepEqual([type, about, error.code], ["error", threadId, "INVALID_FRAME"]);
  }
  await client.leave();
});

test("LIVE15 without id only refusals are answered; a text is an id too", async () => {
  const { threadId, runId } = await startedThread(server);
  const client = await publishing(threadId);
  client.send({ type: "publish", runId, events: [message("quiet")] });
  client.send({ type: "publish", runId, events: [{ type: "snapshot", payload: {} }] });
  const last = { type: "publish", id: "last one", runId, events: [] };
  const answer = await client.ask(last);
  assert.equal(answer.data.sequence, 2);
  const [refusal] = client.frames.map(({ frame }) => frame);
  assert.equal(client.frames.length, 2);
  assert.ok(!("id" in refusal));
  const { code, message: words, requestId, details } = refusal.error;
  assert.deepEqual([code, details.index], ["INVALID_FRAME", 0]);
  assert.ok(words.length > 0 && requestId.length > 0);
  for (const id of [-1, 1.5, "", "x".repeat(129), null, {}]) {
    const from = client.frames.length;
    client.send({ type: "publish", id, runId, events: [] });
    const { error } = await client.find("a refusal", ({ type }) => type === "error", from);
    assert.equal(error.code, "INVALID_REQUEST", JSON.stringify(id));
  }
  await client.leave();
});

test("LIVE15 publishing needs agent:run, the thread's owner and the socket's own thread", async () => {
  const { threadId, runId } = await startedThread(server);
  const batch = { type: "publish", id: 1, runId, events: [message("no")] };
  const reader = await open(eventsPath(threadId), server.keys.reader);
  const scope = (await reader.ask(batch)).error;
  assert.deepEqual([scope.code, scope.details], ["INSUFFICIENT_SCOPE", { required: "agent:run" }]);
  const member = await open(`${eventsPath(threadId)}?watch=false`, server.keys.member);
  const taken = await member.ask(batch);
  assert.equal(taken.error.code, "THREAD_NOT_FOUND");
  const admin = await open(eventsPath(threadId), server.keys.admin);
  assert.equal((await admin.ask(batch)).error.code, "NOT_OWNER");
  const owner = await publishing(threadId);
  const other = await owner.ask({ ...batch, threadId: "thr_another" });
  assert.equal(other.error.code, "INVALID_FRAME");
  assert.equal((await storedLines(server, threadId)).length, 1);
  for (const client of [reader, member, admin, owner]) await client.leave();
});

test("LIVE18 watch=false publishes into a thread that is not there yet, and shows nothing of it", async () => {
  const { threadId, runId } = newIds();
  const client = await open(`${eventsPath(threadId)}?watch=false`, server.keys.runner);
  const answer = await client.ask({
    type: "publish",
    id: 1,
    runId,
    events: [runStarted(), message("first")],
  });
  assert.deepEqual([answer.data.threadId, answer.data.sequence], [threadId, 2]);
  await publishAll(server, { threadId, runId }, [message("by REST")]);
  await client.ask({ type: "publish", id: 2, runId, events: [] });
  assert.deepEqual(
    client.frames.map(({ frame }) => frame.type),
    ["published", "published"],
  );
  await client.leave();
  const refused = watch(server, { threadId, key: server.keys.reader, query: { watch: "false" } });
  await assert.rejects(refused, /closed/, "agent:read alone opens no socket for publishing");
});

test("LIVE25 only sockets that published in the run are told of its cancellation", async () => {
  const { threadId, runId } = await startedThread(server);
  const beat = { type: "publish", id: 1, threadId, runId, events: [] };
  const path = `${eventsPath(threadId)}?watch=false`;
  const [publisher, many, silent, foreign] = await Promise.all([
    open(path),
    open("/v1/live"),
    open(path),
    open("/v1/live", server.keys.member),
  ]);
  const watcher = await open(eventsPath(threadId));
  assert.equal((await publisher.ask(beat)).type, "published");
  assert.equal((await many.ask(beat)).type, "published");
  assert.equal((await foreign.ask(beat)).type, "error");
  // A refused publish in another run takes nothing away.
  const busy = { ...beat, id: 2, runId: newIds().runId, events: [runStarted()] };
  assert.equal((await publisher.ask(busy)).error.code, "THREAD_BUSY");

  assert.equal((await cancel(threadId)).status, 200);
  for (const client of [publisher, many]) {
    const told = await client.find("the request", ({ type }) => type === "run_cancel_requested");
    assert.deepEqual(told, { type: "run_cancel_requested", threadId, runId });
  }
  const isEnd = ({ type }: { type: string }) => type === "run_completed";
  await watcher.find("the end of the run", isEnd);
  const fenced = await publisher.ask({ ...beat, id: 3 });
  assert.equal(fenced.error.code, "RUN_FENCED");
  await Promise.all([silent, foreign].map((client) => client.ask({ ...beat, id: 4 })));
  for (const client of [watcher, silent, foreign]) {
    assert.ok(!client.frames.some(({ frame }) => frame.type === "run_cancel_requested"));
  }
  for (const client of [publisher, many, silent, foreign, watcher]) await client.leave();
});

test("LIVE25 a run that its publisher completed is not told of, nor one of a socket that left", async () => {
  const { threadId, runId } = await startedThread(server);
  const client = await publishing(threadId);
  const gone = await publishing(threadId);
  const beat = { type: "publish", id: 1, runId, events: [] };
  await gone.ask(beat);
  await gone.leave();
  const done = { type: "run_completed", payload: { status: "completed" } };
  await client.ask({ ...beat, events: [done] });
  const next = newIds().runId;
  await publishAll(server, { threadId, runId: next }, [runStarted()]);
  assert.equal((await cancel(threadId)).status, 200);
  await client.ask({ ...beat, id: 2 });
  assert.deepEqual(
    client.frames.map(({ frame }) => frame.id),
    [1, 2],
  );
  await client.leave();
});

/** What no client of ours sends. */
const garbage: readonly (string | Buffer)[] = [
  "",
  "null",
  "[null]",
  "[]",
  "[[]]",
  "7",
  '"text"',
  "{",
  "{}",
  '{"type":"subscribe","threadId":"x"}',
  '{"type":"publish"}',
  '{"type":"publish","events":7,"threadId":7,"runId":{}}',
  '{"type":"publish","id":{"a":1},"events":[null]}',
  '{"type":null,"__proto__":{"type":"publish"}}',
  Buffer.from([0, 255, 128, 1]),
  Buffer.from('{"type":"publish"}'),
  "x".repeat(100_000),
];

test("LIVE15 garbage is refused and hurts nobody, on a thread's socket and on /v1/live", async () => {
  const { threadId, runId } = await startedThread(server);
  const bystander = await watch(server, { threadId, key: server.keys.owner });
  for (const path of [`${eventsPath(threadId)}?watch=false`, "/v1/live"]) {
    const client = await open(path);
    for (const text of garbage) client.send(text);
    const beat = { type: "publish", id: "alive", threadId, runId, events: [] };
    assert.equal((await client.ask(beat)).type, "published");
    // The empty array asks for nothing; everything else is refused.
    assert.equal(client.frames.length - 1, garbage.length - 1);
    for (const { frame } of client.frames.slice(0, -1)) {
      assert.equal(frame.type, "error");
      assert.match(frame.error.code, /^(INVALID_REQUEST|INVALID_FRAME)$/, JSON.stringify(frame));
    }
    await client.leave();
  }
  await publishAll(server, { threadId, runId }, [message("on")]);
  await bystander.untilSequence(2);
  await bystander.leave();
});

test("WIRE6 LIVE14 a message over 8 MiB closes its socket with 4413 and no other", async () => {
  const { threadId, runId } = await startedThread(server);
  const bystander = await watch(server, { threadId, key: server.keys.owner });
  const client = await publishing(threadId);
  const events = [message("x".repeat(9 * 1024 * 1024))];
  client.send({ type: "publish", id: 1, runId, events });
  assert.deepEqual(await client.untilClosed(), { code: 4413, reason: "BODY_TOO_LARGE" });
  const huge = await publishing(threadId);
  huge.send("x".repeat(20 * 1024 * 1024));
  await huge.untilClosed();
  await publishAll(server, { threadId, runId }, [message("small")]);
  await bystander.untilSequence(2);
  await bystander.leave();
});

test("LIVE15 a message in fragments is one message; a broken frame ends its socket alone", async () => {
  const { threadId, runId } = await startedThread(server);
  const bystander = await watch(server, { threadId, key: server.keys.owner });
  const client = await publishing(threadId);
  const text = JSON.stringify({ type: "publish", id: 1, runId, events: [message("in pieces")] });
  for (let at = 0; at < text.length; at += 10) {
    client.socket.send(text.slice(at, at + 10), { fin: at + 10 >= text.length });
  }
  assert.equal((await client.find("the answer", ({ id }) => id === 1)).type, "published");
  // Reserved bits set, no mask: no frame of the protocol.
  (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(
    Buffer.from([0xff, 0x01, 0x00]),
  );
  await client.untilClosed();
  await bystander.untilSequence(2);
  assert.equal(bystander.closed, null);
  await bystander.leave();
});

test("LIVE15 what was published on a socket is there when the socket is not", async () => {
  const { threadId, runId } = await startedThread(server);
  const client = await publishing(threadId);
  const count = 50;
  for (let at = 0; at < count; at += 1) {
    client.send({ type: "publish", id: at, runId, events: [message(`${at}`)] });
  }
  await client.find("the first answer", ({ id }) => id === 0);
  client.socket.terminate();
  // Whatever arrived before the end is decided in order: a beginning of what was sent.
  const again = await publish(server, { threadId, runId, events: [message("behind")] });
  const contents = (await storedLines(server, threadId)).slice(1).map((line) => {
    return JSON.parse(line).payload.content;
  });
  const kept = contents.slice(0, -1);
  assert.ok(kept.length >= 1 && again.body.data.sequence === contents.length + 1);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, at) => `${at}`),
  );
});
