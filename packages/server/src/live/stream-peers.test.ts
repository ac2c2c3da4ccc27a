/** Peers that misbehave, come in crowds or leave at once: nobody else notices, nothing stays. */
import { strict as assert } from "node:assert";
import { connect, type Socket } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { WebSocket } from "ws";
import { eventually } from "../testing/eventually.ts";
import { message, startedThread } from "../testing/published-threads.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, openSockets, publishAll } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

/** Those a failing test leaves behind must not count in the next one. */
const opened: TestWatcher[] = [];
afterEach(async () => {
  const left = opened.splice(0).filter(({ closed }) => closed === null);
  await Promise.all(left.map((watcher) => watcher.drop()));
});

type Ids = { readonly threadId: string; readonly runId: string };

async function open({ threadId }: Ids): Promise<TestWatcher> {
  const watcher = await watch(server, { threadId, key: server.keys.owner });
  opened.push(watcher);
  return watcher;
}

async function assertNoSocketsLeft(): Promise<void> {
  await eventually("no socket is open", async () => (await openSockets(server)) === 0);
}

/** Publishes one more event and sees that the watcher gets it, and has all so far. */
async function assertWellServed(watcher: TestWatcher, ids: Ids): Promise<void> {
  await watcher.untilSequence(await publishAll(server, ids, [message("and on")]));
  const texts = watcher.events.map(({ text }) => text);
  assert.deepEqual(texts, await historyOf(server, ids.threadId));
}

/** A connection that has become a WebSocket and is now fed bytes by hand. */
async function rawSocket({ threadId }: Ids): Promise<Socket> {
  const socket = connect({ port: server.port, host: "127.0.0.1" });
  socket.on("error", () => undefined); // a reset is one way for the server to end it
  socket.write(
    `GET /v1/threads/${threadId}/events HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n` +
      "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-API-Key: ${server.keys.owner}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once("data", resolve));
  socket.resume();
  return socket;
}

function closedOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/** Bytes that are no frames a client may send. */
const brokenBytes: readonly (readonly [string, Buffer])[] = [
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n")],
  ["reserved bits", Buffer.from([0xf1, 0x80, 0, 0, 0, 0])],
  ["an unknown opcode", Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ["a frame that is not masked", Buffer.from([0x81, 0x02, 0x68, 0x69])],
  ["a continuation of nothing", Buffer.from([0x80, 0x80, 0, 0, 0, 0])],
  ["a ping in parts", Buffer.from([0x09, 0x80, 0, 0, 0, 0])],
  ["a ping that is too long", Buffer.from([0x89, 0xfe, 0, 200, 0, 0, 0, 0])],
  ["text that is no UTF-8", Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28])],
  ["a frame of 2^62 bytes", Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
  ["a frame of 1 GiB", Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ["a close of one byte", Buffer.from([0x88, 0x81, 0, 0, 0, 0, 3])],
  ["a close with a code that is none", Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0, 5])],
];

test("bytes that are no WebSocket frames end their own connection and no other", async () => {
  const ids = await startedThread(server);
  const watcher = await open(ids);
  for (const [, bytes] of brokenBytes) {
    const socket = await rawSocket(ids);
    socket.write(bytes);
    await closedOf(socket);
  }
  const random = new SeededRandom(12);
  const rubbish = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await rawSocket(ids);
      const bytes = Buffer.from(Array.from({ length: 5_000 }, () => random.below(256)));
      socket.end(bytes);
      return closedOf(socket);
    }),
  );
  assert.equal(rubbish.length, 20);
  await assertWellServed(watcher, ids);
  await watcher.leave();
  await assertNoSocketsLeft();
});

test("garbage, binary and fragmented messages hurt neither their sender's stream nor another's", async () => {
  const ids = await startedThread(server);
  const [sender, other] = [await open(ids), await open(ids)];
  const { socket } = sender;
  const messages = [
    "",
    "x",
    "{",
    "[]",
    "[[]]",
    "[null]",
    "{}",
    '"text"',
    '{"type":"snapshot"}',
    '{"type":"subscribe"}',
    `{"type":"subscribe","threadId":"${ids.threadId}"}`,
    '{"type":"publish"}',
    '{"type":"publish","runId":1,"events":{}}',
    '{"type":"publish","__proto__":{"events":[]},"constructor":1}',
    "[".repeat(100_000),
    `{"type":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
    "\u0000\u2028",
  ];
  for (const text of messages) socket.send(text);
  socket.send(Buffer.from([0, 255, 1, 254]));
  socket.send(Buffer.alloc(100_000), { binary: true });
  for (const part of ["{", '"type":', '"nonsense"']) socket.send(part, { fin: false });
  socket.send("}", { fin: true });
  socket.ping(Buffer.alloc(125));
  socket.pong("unasked");
  await assertWellServed(sender, ids);
  await assertWellServed(other, ids);
  await sender.until("an answer to the last", ({ tail }) => {
    return tail.filter(({ frame }) => frame.type === "error").length >= messages.length;
  });
  assert.ok(other.tail.every(({ frame }) => frame.type !== "error"));
  await Promise.all([sender.leave(), other.leave()]);
});

test("WIRE6 a message beyond what is read at all, and one that never ends, stay their sender's", async () => {
  const ids = await startedThread(server);
  const [large, endless, other] = [await open(ids), await open(ids), await open(ids)];
  large.socket.send(Buffer.alloc(20 * 1024 * 1024));
  await large.untilClosed();
  for (let part = 0; part < 20 && endless.closed === null; part += 1) {
    endless.socket.send("x".repeat(1024 * 1024), { fin: false });
  }
  await endless.untilClosed();
  await assertWellServed(other, ids);
  await other.leave();
  await assertNoSocketsLeft();
});

test("LIVE1 LIVE5 300 watchers that connect at once all get their snapshot and what follows", async () => {
  const ids = await startedThread(server, { count: 50 });
  const watchers = await Promise.all(Array.from({ length: 300 }, () => open(ids)));
  assert.equal(await openSockets(server), 300);
  const last = await publishAll(server, ids, [message("to all"), message("of them")]);
  const history = await historyOf(server, ids.threadId);
  for (const watcher of watchers) {
    await watcher.untilSequence(last);
    assert.equal(watcher.events.length, history.length);
  }
  await Promise.all(watchers.map((watcher) => watcher.leave()));
  await assertNoSocketsLeft();
});

/** Connects and leaves at some moment between the first byte and the snapshot. */
async function connectAndLeave({ threadId }: Ids, random: SeededRandom): Promise<void> {
  const address = `${server.url.replace("http", "ws")}/v1/threads/${threadId}/events`;
  const socket = new WebSocket(address, { headers: { "X-API-Key": server.keys.owner } });
  socket.on("error", () => undefined); // leaving while connecting is one
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const leave = () => (random.chance(0.5) ? socket.terminate() : socket.close());
  const moment = random.below(4);
  if (moment === 0) setImmediate(leave);
  else if (moment === 1) socket.once("upgrade", leave);
  else if (moment === 2) socket.once("open", leave);
  else socket.once("message", leave);
  await gone;
}

test("REST16 500 that connect and leave at once leave no socket behind", async () => {
  const ids = await startedThread(server, { count: 500 });
  const watcher = await open(ids);
  const random = new SeededRandom(500);
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 50 }, () => connectAndLeave(ids, random)));
  }
  await eventually("only one is open", async () => (await openSockets(server)) === 1);
  await assertWellServed(watcher, ids);
  await watcher.leave();
  await assertNoSocketsLeft();
});

test("REST16 the gauge of open sockets counts watchers that vanish without a word", async () => {
  const ids = await startedThread(server);
  const watchers = await Promise.all([open(ids), open(ids), open(ids)]);
  assert.equal(await openSockets(server), 3);
  await Promise.all(watchers.map((watcher) => watcher.drop()));
  await assertNoSocketsLeft();
});

test("the message null is refused like any other that is no object", async () => {
  const ids = await startedThread(server);
  const sender = await open(ids);
  sender.socket.send("null");
  sender.socket.send('{"type":"nonsense","id":"fence"}');
  await sender.until("both refusals", ({ tail }) => tail.length === 2);
  assert.equal(sender.tail[1]?.frame.id, "fence");
  await assertWellServed(sender, ids);
});
