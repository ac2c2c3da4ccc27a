/** One socket, many threads: subscribing, publishing in arrays, and the caller's thread list. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import {
  compaction,
  message,
  newIds,
  publish,
  runCompleted,
  runStarted,
  startedThread,
} from "../testing/published-threads.ts";
import { openSocket, type SocketClient } from "../testing/socket-client.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { watch } from "../testing/test-watcher.ts";
import { openSockets, publishAll, storedLines } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function open(key = server.keys.owner): Promise<SocketClient> {
  return openSocket(server, "/v1/live", key);
}

function owner(method: string, path: string, body?: object) {
  return server.request(method, path, { key: server.keys.owner, body });
}

type Subscription = { after?: string | number; transient?: boolean; include?: string; id?: number };

/** Subscribes and resolves with the snapshot. */
function subscribe(client: SocketClient, threadId: string, more: Subscription = {}) {
  const from = client.frames.length;
  client.send({ type: "subscribe", threadId, ...more });
  const isOurs = (frame: { type: string; threadId: string }) => {
    return frame.type === "snapshot" && frame.threadId === threadId;
  };
  return client.find(`the snapshot of ${threadId}`, isOurs, from);
}

/** The sequences of the durable frames of a thread, behind snapshots too. */
function sequencesOf(client: SocketClient, threadId: string): number[] {
  return client.of(threadId).flatMap(({ frame }) => {
    return frame.type !== "snapshot" && typeof frame.sequence === "number" ? [frame.sequence] : [];
  });
}

/** Everything sent before this is taken, and what it caused in this turn is here. */
let fences = 0;
async function fence(client: SocketClient): Promise<void> {
  fences += 1;
  const id = `fence ${fences}`;
  client.send({ type: "nonsense", id });
  await client.find(id, (frame) => frame.id === id);
}

test("LIVE17 many threads on one socket: each with the same frames as on a socket of its own", async () => {
  const client = await open();
  const threads = await Promise.all(
    Array.from({ length: 30 }, () => startedThread(server, { count: 2 })),
  );
  const alone = await watch(server, {
    threadId: threads[0]?.threadId as string,
    key: server.keys.owner,
  });
  await Promise.all(threads.map(({ threadId }) => subscribe(client, threadId)));
  await Promise.all(
    threads.map((ids) => publishAll(server, ids, [message("a"), ...compaction("b"), message("c")])),
  );
  for (const { threadId } of threads) {
    await client.until("its last event", () => sequencesOf(client, threadId).at(-1) === 7);
    assert.deepEqual(sequencesOf(client, threadId), [4, 5, 6, 7]);
    const lines = (await storedLines(server, threadId)).slice(3);
    const [first, ...rest] = client.of(threadId);
    assert.equal(first?.frame.type, "snapshot");
    assert.deepEqual(
      rest.map(({ text }) => text),
      lines,
    );
  }
  await alone.untilSequence(7);
  const texts = client.of(alone.snapshot.threadId).map(({ text }) => text);
  assert.deepEqual(
    texts,
    alone.frames.map(({ text }) => text),
  );
  await Promise.all([client.leave(), alone.leave()]);
});

test("LIVE17 after, transient and include mean what they mean in a query", async () => {
  const ids = await startedThread(server, { count: 3 });
  await publishAll(server, ids, compaction("so far"));
  const client = await open();
  const resumed = await subscribe(client, ids.threadId, { after: 4 });
  assert.deepEqual([resumed.resumed, resumed.events.length, resumed.sequence], [true, 2, 6]);
  const again = await subscribe(client, ids.threadId, { after: resumed.position });
  assert.deepEqual([again.resumed, again.events.length, again.sequence], [true, 0, 6]);
  const beyond = await subscribe(client, ids.threadId, { after: "99" });
  assert.deepEqual([beyond.resumed, beyond.reason], [false, "beyond_head"]);
  await client.find("resync_required", ({ type }) => type === "resync_required");
  const whole = await subscribe(client, ids.threadId, { include: "all_rollouts" });
  assert.equal(whole.events.length, 6);

  await subscribe(client, ids.threadId, { transient: false });
  const { body } = await publish(server, { ...ids, events: [] });
  const { rolloutId } = body.data;
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: "x" } };
  const events = [{ ...delta, sequenceNumber: 1 }, message("y")];
  const batch = { ...ids, rolloutId, events };
  assert.equal((await publish(server, batch)).status, 200);
  await client.until("the event", () => sequencesOf(client, ids.threadId).at(-1) === 7);
  assert.ok(!client.frames.some(({ frame }) => frame.type === delta.type));
  await client.leave();
});

test("LIVE17 a second subscribe starts over with a snapshot, and what follows comes once", async () => {
  const ids = await startedThread(server);
  const client = await open();
  await subscribe(client, ids.threadId);
  await publishAll(server, ids, [message("one")]);
  await client.until("it", () => sequencesOf(client, ids.threadId).length === 1);
  const second = await subscribe(client, ids.threadId);
  assert.equal(second.sequence, 2);
  await publishAll(server, ids, [message("two")]);
  await client.until("it", () => sequencesOf(client, ids.threadId).at(-1) === 3);
  await fence(client);
  assert.deepEqual(sequencesOf(client, ids.threadId), [2, 3]);
  await client.leave();
});

test("LIVE17 unsubscribe is answered and ends the frames, also of a subscribe just sent", async () => {
  const ids = await startedThread(server);
  const { threadId } = ids;
  const client = await open();
  await subscribe(client, threadId);
  client.send({ type: "unsubscribe", threadId });
  const answer = await client.find("the answer", ({ type }) => type === "unsubscribed");
  assert.deepEqual(answer, { type: "unsubscribed", threadId });

  for (let round = 0; round < 20; round += 1) {
    client.send({ type: "subscribe", threadId });
    client.send({ type: "unsubscribe", threadId });
  }
  const isAnswer = ({ frame }: { frame: { type: string } }) => frame.type === "unsubscribed";
  await client.until("all answers", ({ frames }) => frames.filter(isAnswer).length === 21);
  const from = client.frames.length;
  await publishAll(server, ids, [message("unseen")]);
  await fence(client);
  assert.deepEqual(
    client.frames.slice(from).map(({ frame }) => frame.type),
    ["error"],
  );
  await client.leave();
});

test("LIVE17 a refused subscribe is told with id and threadId, and hurts no other subscription", async () => {
  const ids = await startedThread(server);
  const foreign = newIds();
  const theirs = { ...foreign, events: [runStarted()], key: server.keys.member };
  assert.equal((await publish(server, theirs)).status, 200);
  const client = await open();
  await subscribe(client, ids.threadId);
  const refusals: [object, string][] = [
    [{ threadId: "thr_missing" }, "THREAD_NOT_FOUND"],
    [{ threadId: foreign.threadId }, "THREAD_NOT_FOUND"],
    [{ threadId: "nonsense" }, "INVALID_REQUEST"],
    [{ threadId: ids.threadId, colour: "red" }, "INVALID_REQUEST"],
    [{ threadId: ids.threadId, include: "some" }, "INVALID_REQUEST"],
    [{ threadId: ids.threadId, after: "soon" }, "INVALID_CURSOR"],
    [{}, "INVALID_REQUEST"],
  ];
  for (const [index, [subscription, code]] of refusals.entries()) {
    const answer = await client.ask({ type: "subscribe", id: index, ...subscription });
    assert.equal(answer.type, "error");
    assert.equal(answer.error.code, code, JSON.stringify(subscription));
    assert.equal(answer.threadId, (subscription as { threadId?: string }).threadId);
    assert.ok(answer.error.requestId.length > 0);
  }
  await publishAll(server, ids, [message("still here")]);
  await client.until("the event", () => sequencesOf(client, ids.threadId).length === 1);
  await client.leave();
});

test("LIVE17 a deleted thread's subscription ends with thread_deleted and code 4410, the socket stays", async () => {
  const [gone, other] = [await startedThread(server), await startedThread(server)];
  const client = await open();
  await subscribe(client, gone.threadId);
  await subscribe(client, other.threadId);
  assert.equal((await owner("DELETE", `/v1/threads/${gone.threadId}?force=true`)).status, 204);
  const end = await client.find("its end", ({ type }) => type === "unsubscribed");
  assert.deepEqual(end, { type: "unsubscribed", threadId: gone.threadId, code: 4410 });
  const types = client.of(gone.threadId).map(({ frame }) => frame.type);
  assert.deepEqual(types, ["snapshot", "thread_deleted", "unsubscribed"]);
  await publishAll(server, other, [message("on")]);
  await client.until("the event", () => sequencesOf(client, other.threadId).length === 1);
  assert.equal(client.closed, null);
  await client.leave();
});

test("LIVE17 the socket opens with either scope; each message then needs its own", async () => {
  const { threadId, runId } = await startedThread(server);
  const batch = { type: "publish", id: 1, threadId, runId, events: [message("x")] };
  const [reader, runner] = [await open(server.keys.reader), await open(server.keys.runner)];
  await subscribe(reader, threadId);
  const noRun = await reader.ask(batch);
  assert.deepEqual(
    [noRun.error.code, noRun.error.details.required],
    ["INSUFFICIENT_SCOPE", "agent:run"],
  );
  assert.equal((await runner.ask(batch)).type, "published");
  for (const more of [{ threadId }, { list: true }]) {
    const noRead = await runner.ask({ type: "subscribe", id: 2, ...more });
    assert.equal(noRead.error.details.required, "agent:read");
  }
  const none = server.makeKey({ scopes: [] });
  await assert.rejects(open(none), /403/);
  await assert.rejects(openSocket(server, "/v1/live?after=1", server.keys.owner), /400/);
  const noThread = await runner.ask({ type: "publish", id: 3, runId, events: [] });
  assert.equal(noThread.error.code, "INVALID_FRAME");
  await Promise.all([reader.leave(), runner.leave()]);
});

test("LIVE24 the publishes of an array are each their own, decided and answered in order", async () => {
  const client = await open();
  const made = Array.from({ length: 100 }, () => newIds());
  const started = made.map((ids, id) => ({ type: "publish", id, ...ids, events: [runStarted()] }));
  client.send(started);
  const batches = made.flatMap((ids, at) => [
    { type: "publish", id: 1_000 + 3 * at, ...ids, events: [message("a"), message("b")] },
    { type: "publish", id: 1_001 + 3 * at, ...ids, events: [{ type: "nonsense", payload: {} }] },
    { type: "publish", id: 1_002 + 3 * at, ...ids, events: [runCompleted()] },
  ]);
  client.send(batches);
  await client.until("all answers", ({ frames }) => frames.length === 400);
  const answers = client.frames.map(({ frame }) => frame);
  assert.deepEqual(
    answers.map(({ id }) => id),
    [...started, ...batches].map(({ id }) => id),
  );
  for (const { id, type, error, data } of answers.slice(100)) {
    if ((id - 1_000) % 3 === 1) assert.equal(error.code, "INVALID_FRAME");
    else assert.deepEqual([type, data.sequence], ["published", (id - 1_000) % 3 === 0 ? 3 : 4]);
  }
  const wrong = [
    Array.from({ length: 1_001 }, () => ({ type: "publish", events: [] })),
    [
      { type: "publish", ...newIds(), events: [runStarted()] },
      { type: "subscribe", list: true },
    ],
  ];
  for (const messages of wrong) {
    const from = client.frames.length;
    client.send(messages);
    const { error } = await client.find("a refusal", ({ type }) => type === "error", from);
    assert.equal(error.code, "INVALID_REQUEST");
    await fence(client);
    assert.equal(client.frames.length, from + 2, "one refusal for all of it, nothing kept");
  }
  await client.leave();
});

/** What the list feed has told, without the times. */
function listFrames(client: SocketClient) {
  return client.frames.map(({ frame }) => frame).filter(({ list }) => list === true);
}

test("LIVE23 the list feed tells of every change of own threads, and of nobody else's", async () => {
  const [client, member, admin] = [
    await open(),
    await open(server.keys.member),
    await open(server.keys.admin),
  ];
  for (const one of [client, member, admin]) {
    one.send({ type: "subscribe", list: true });
    await fence(one);
  }
  const ids = await startedThread(server);
  const path = `/v1/threads/${ids.threadId}`;
  const told = async (what: string, holds: (thread: Record<string, unknown>) => boolean) => {
    const isIt = (frame: { type: string; threadId: string; thread: Record<string, unknown> }) => {
      return frame.type === "thread_upserted" && frame.threadId === ids.threadId;
    };
    const frame = await client.find(what, (one) => isIt(one) && holds(one.thread));
    return frame.thread;
  };
  await told("that it runs", ({ status }) => status === "running");
  await publishAll(server, ids, [{ type: "user_message", payload: { content: "Hello there" } }]);
  await told("its title", ({ title }) => title === "Hello there");
  await owner("PATCH", path, { title: "Named", archived: true, metadata: { a: 1 } });
  const changed = await told("that it is archived", ({ archived }) => archived === true);
  assert.deepEqual(changed, (await owner("GET", path)).body.data.thread);
  await publishAll(server, ids, [runCompleted()]);
  await told("that it is idle", ({ status }) => status === "idle");
  assert.equal((await owner("DELETE", path)).status, 204);
  const gone = await client.find("its end", ({ type }) => type === "thread_deleted");
  assert.deepEqual(gone, { type: "thread_deleted", list: true, threadId: ids.threadId });

  const theirs = newIds("theirs");
  const batch = { ...theirs, events: [runStarted()], key: server.keys.member };
  assert.equal((await publish(server, batch)).status, 200);
  const isTheirs = ({ threadId }: { threadId: string }) => threadId === theirs.threadId;
  await member.find("their own", isTheirs);
  // Changes of one turn are told together: what was not told by now is not going to be.
  const last = await startedThread(server);
  await client.find("the last", ({ threadId }) => threadId === last.threadId);
  assert.ok(!listFrames(client).some(isTheirs));
  assert.equal(listFrames(admin).length, 0);
  assert.ok(listFrames(member).every(isTheirs));
  for (const one of [client, member, admin]) await one.leave();
});

test("LIVE23 many changes of one thread are told by its last state, and unsubscribe ends the feed", async () => {
  const client = await open();
  client.send({ type: "subscribe", list: true });
  await fence(client);
  const ids = await startedThread(server);
  for (let at = 0; at < 100; at += 1) await publishAll(server, ids, [message(`${at}`)]);
  await client.find("the last state", ({ thread }) => thread?.sequence === 101);
  assert.ok(listFrames(client).length < 101, "told together");
  client.send({ type: "unsubscribe", list: true });
  const end = await client.find("the answer", ({ type }) => type === "unsubscribed");
  assert.deepEqual(end, { type: "unsubscribed", list: true });
  const from = client.frames.length;
  const other = await open();
  other.send({ type: "subscribe", list: true });
  await fence(other);
  await publishAll(server, ids, [message("untold")]);
  await other.find("the change", ({ thread }) => thread?.sequence === 102);
  await fence(client);
  assert.equal(client.frames.length, from + 1);
  await Promise.all([client.leave(), other.leave()]);
});

test("LIVE17 LIVE14 shutdown closes the socket with 1001, and each subscription resumes by itself", async () => {
  const threads = [await startedThread(server), await startedThread(server)];
  const client = await open();
  const positions = new Map<string, string>();
  for (const { threadId } of threads) {
    positions.set(threadId, (await subscribe(client, threadId)).position);
  }
  await server.restart();
  assert.equal((await client.untilClosed()).code, 1001);
  for (const ids of threads) await publishAll(server, ids, [message("meanwhile")]);
  const again = await open();
  for (const [threadId, after] of positions) {
    const { resumed, events } = await subscribe(again, threadId, { after });
    assert.deepEqual([resumed, events.length], [true, 1]);
  }
  await again.leave();
  const isEmpty = async () => (await openSockets(server)) === 0;
  while (!(await isEmpty())) await new Promise((resolve) => setImmediate(resolve));
});
