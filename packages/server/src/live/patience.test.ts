/**
 * What the server does once its patience has run out: a watcher that takes nothing for 30 s, a peer
 * silent for 60 s. Nobody waits for it: the server's monotonic clock is put forward instead.
 */
import { strict as assert } from "node:assert";
import { after, before, type TestContext, test } from "node:test";
import { message, startedThread } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { watch } from "../testing/test-watcher.ts";
import { openSockets, publishAll } from "../testing/watched-threads.ts";
import { liveLimits } from "./live-limits.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer({ flags: { heartbeatSeconds: "1" } });
});
after(() => server.close());

/** From now on the monotonic clock of this process, the server's too, is ahead. */
function putForward(t: TestContext, milliseconds: number): void {
  const now = performance.now.bind(performance);
  t.mock.method(performance, "now", () => now() + milliseconds);
}

test("LIVE12 LIVE14 a watcher that takes nothing of a full queue is closed with 4008, others go on", async (t) => {
  const ids = await startedThread(server);
  const request = { threadId: ids.threadId, key: server.keys.owner };
  const [stuck, reading] = [await watch(server, request), await watch(server, request)];
  stuck.pause();
  let last = 1;
  for (let batch = 0; batch < 20; batch += 1) {
    const messages = Array.from({ length: 100 }, () => message("x".repeat(10_000)));
    last = await publishAll(server, ids, messages);
  }
  await reading.untilSequence(last);
  putForward(t, liveLimits.stuckMsMax + 1_000);
  await publishAll(server, ids, [message("on")]);
  await reading.untilSequence(last + 1);
  // The server looks every 100 ms, by a timer of this process that is due before this one.
  await new Promise((resolve) => setTimeout(resolve, 3 * liveLimits.drainPollMs));
  assert.equal(stuck.closed, null, "its goodbye lies behind what it has not read");
  stuck.resume();
  await stuck.untilClosed();
  assert.deepEqual(stuck.closed, { code: 4008, reason: "SLOW_WATCHER" });
  assert.ok(stuck.sequence < last);
  await stuck.reconnect();
  await stuck.untilSequence(last + 1);
  assert.deepEqual(
    stuck.events.map(({ sequence }) => sequence),
    Array.from({ length: last + 1 }, (_, index) => index + 1),
  );
  await Promise.all([stuck.leave(), reading.leave()]);
});

test("LIVE11 a peer silent for 60 s is cut off at the next ping", async (t) => {
  const { threadId } = await startedThread(server);
  const watcher = await watch(server, { threadId, key: server.keys.owner });
  await watcher.until("a ping", ({ pings }) => pings > 0);
  watcher.pause();
  // Behind a round trip its last answer has been heard.
  assert.equal(await openSockets(server), 1);
  putForward(t, liveLimits.silentMsMax + 1_000);
  while ((await openSockets(server)) > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  watcher.resume();
  assert.equal((await watcher.untilClosed()).code, 1006, "without a word");
});
