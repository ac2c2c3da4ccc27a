/** How live connections end, and that coming back continues where it may. Pings, too. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { bodyBytesMax } from "@spool/protocol/limits";
import { message, publish, runCompleted, startedThread } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, publishAll } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer({ flags: { heartbeatSeconds: "1" } });
});
after(() => server.close());

function open(threadId: string, key = server.keys.owner): Promise<TestWatcher> {
  return watch(server, { threadId, key });
}

function textsOf({ events }: TestWatcher): string[] {
  return events.map(({ text }) => text);
}

test("LIVE14 LIVE5 shutdown closes with 1001, and after the restart everybody goes on without loss", async () => {
  const ids = await startedThread(server, { count: 3 });
  const watchers = await Promise.all([1, 2, 3].map(() => open(ids.threadId)));
  // Published while the server stops: each batch is answered, or refused and then sent again.
  const numbered = (runSequence: number) => ({ ...message(`m${runSequence}`), runSequence });
  let sent = 4;
  const send = async () => {
    const answer = await publish(server, { ...ids, events: [numbered(sent + 1)] });
    assert.ok(answer.status === 200 || answer.status === 503, answer.bytes.toString());
    if (answer.status === 200) sent += 1;
  };
  for (let count = 0; count < 5; count += 1) await send();
  const restarted = server.restart();
  for (const watcher of watchers) {
    const { code, reason } = await watcher.untilClosed();
    assert.deepEqual([code, reason], [1001, "SHUTDOWN"]);
  }
  await restarted;
  for (let count = 0; count < 5; count += 1) await send();
  for (const watcher of watchers) {
    await watcher.reconnect();
    assert.equal(watcher.snapshot.resumed, true);
  }
  const last = await publishAll(server, ids, [runCompleted()]);
  const history = await historyOf(server, ids.threadId);
  for (const watcher of watchers) {
    await watcher.untilSequence(last);
    assert.deepEqual(textsOf(watcher), history);
    await watcher.leave();
  }
});

test("LIVE14 DEL5 deletion is told by thread_deleted and closes with 4410, for good", async () => {
  const { owner, admin } = server.keys;
  const ids = await startedThread(server, { count: 2 });
  const { threadId } = ids;
  const watchers = [
    await open(threadId),
    await open(threadId, admin),
    await watch(server, { threadId, key: owner, query: { transient: "false", after: "1" } }),
  ];
  await publishAll(server, ids, [message("last"), runCompleted()]);
  const deleted = await server.request("DELETE", `/v1/threads/${threadId}`, { key: owner });
  assert.equal(deleted.status, 204);
  for (const watcher of watchers) {
    const { code, reason } = await watcher.untilClosed();
    assert.deepEqual([code, reason], [4410, "THREAD_DELETED"]);
    assert.deepEqual(watcher.frames.at(-1)?.frame, { type: "thread_deleted", threadId });
    assert.equal(watcher.sequence, 5);
    await assert.rejects(watcher.reconnect(), /closed with 1006/);
  }
  const path = `/v1/threads/${threadId}/events`;
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  assert.equal((await server.request("GET", path, { key: owner, headers })).status, 404);
});

test("DEL5 forced deletion of a running thread reaches a watcher that had stopped reading", async () => {
  const ids = await startedThread(server);
  const watcher = await open(ids.threadId);
  watcher.pause();
  for (let batch = 0; batch < 12; batch += 1) {
    await publishAll(server, ids, [message("x".repeat(700_000))]);
  }
  const path = `/v1/threads/${ids.threadId}?force=true`;
  assert.equal((await server.request("DELETE", path, { key: server.keys.owner })).status, 204);
  watcher.resume();
  assert.equal((await watcher.untilClosed()).code, 4410);
  assert.equal(watcher.frames.at(-1)?.frame.type, "thread_deleted");
});

test("LIVE14 WIRE6 a message over 8 MiB closes with 4413, and coming back continues", async () => {
  const ids = await startedThread(server, { count: 2 });
  const [sender, other] = [await open(ids.threadId), await open(ids.threadId)];
  sender.socket.send("x".repeat(bodyBytesMax));
  await sender.until("the refusal of what is no message", ({ tail }) => tail.length === 1);
  assert.equal(sender.tail[0]?.frame.type, "error");
  sender.socket.send("x".repeat(bodyBytesMax + 1));
  const { code, reason } = await sender.untilClosed();
  assert.deepEqual([code, reason], [4413, "BODY_TOO_LARGE"]);
  await publishAll(server, ids, [message("on")]);
  await sender.reconnect();
  await Promise.all([sender.untilSequence(4), other.untilSequence(4)]);
  assert.deepEqual(textsOf(sender), textsOf(other));
  await Promise.all([sender.leave(), other.leave()]);
});

/** A key of olivia's and the way to revoke it. */
async function revocableKey() {
  const key = server.makeKey({});
  const me = await server.request("GET", "/v1/me", { key });
  const path = `/v1/api-keys/${me.body.data.credential.id}`;
  const revoke = async () => {
    const answer = await server.request("DELETE", path, { key: server.keys.owner });
    assert.equal(answer.status, 204);
  };
  return { key, revoke };
}

/** LIVE14: closed with 4401 within five seconds of `since`. */
async function assertExpires(watcher: TestWatcher, since: number): Promise<void> {
  const { code, reason } = await watcher.untilClosed();
  assert.deepEqual([code, reason], [4401, "INVALID_CREDENTIALS"]);
  const elapsed = performance.now() - since;
  assert.ok(elapsed < 5_000, `${elapsed} ms`);
}

test("LIVE14 AUTH11 a revoked key closes its sockets and those of its tokens with 4401 within 5 s", async () => {
  const ids = await startedThread(server, { count: 2 });
  const { threadId } = ids;
  const { key, revoke } = await revocableKey();
  const minted = await server.request("POST", "/v1/session-tokens", { key, body: {} });
  const protocols = ["spool", `bearer.${minted.body.data.token}`];
  const [byKey, byToken, other] = [
    await open(threadId, key),
    await watch(server, { threadId, protocols }),
    await open(threadId),
  ];
  const since = performance.now();
  await revoke();
  await Promise.all([assertExpires(byKey, since), assertExpires(byToken, since)]);
  const last = await publishAll(server, ids, [message("unseen by the revoked")]);
  await other.untilSequence(last);
  assert.equal(byKey.sequence, last - 1);
  await assert.rejects(byKey.reconnect(), /closed with 1006/);
  const renewed = await watch(server, {
    threadId,
    key: server.makeKey({}),
    query: { after: byToken.position },
  });
  assert.equal(renewed.snapshot.resumed, true);
  assert.equal(renewed.sequence, last);
  await Promise.all([renewed.leave(), other.leave()]);
});

test("LIVE14 AUTH4 a key that expires while it watches is closed with 4401 within 5 s", async () => {
  const { threadId } = await startedThread(server);
  const expiresAt = Date.now() + 1_000;
  const watcher = await open(threadId, server.makeKey({ expiresAt }));
  await assertExpires(watcher, performance.now() + (expiresAt - Date.now()));
});

test("LIVE14 a peer that does not take the close cannot go on publishing with its revoked key", async () => {
  const ids = await startedThread(server, { count: 1 });
  const { threadId } = ids;
  const { key, revoke } = await revocableKey();
  const [deaf, honest] = [await open(threadId, key), await open(threadId, key)];
  const say = (content: string) => {
    const events = [{ type: "user_message", payload: { content } }];
    deaf.socket.send(JSON.stringify({ type: "publish", runId: null, events }));
  };
  say("while it may");
  await deaf.until("the message", ({ events }) => events.length === 3);
  deaf.pause();
  await revoke();
  // Both sockets are closed in the same look at the credentials.
  await honest.untilClosed();
  say("when it may not any more");
  deaf.resume();
  await deaf.untilClosed();
  await publishAll(server, ids, [message("fence")]);
  const history = (await historyOf(server, threadId)).join("\n");
  assert.ok(history.includes("while it may"));
  assert.ok(!history.includes("when it may not any more"));
});

test("LIVE11 the server pings again and again, and whoever answers stays", async () => {
  // That a peer is cut off after 60 s of silence is not waited for here.
  const { threadId } = await startedThread(server);
  const watcher = await open(threadId);
  await watcher.until("three pings", ({ pings }) => pings >= 3);
  assert.equal(watcher.closed, null);
  await watcher.leave();
});
