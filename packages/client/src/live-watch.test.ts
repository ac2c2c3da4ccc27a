/**
 * Watching against a real server: what is published while nobody listens is not lost, whatever
 * ends the connection in between.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";
import { SpoolClient } from "./spool-client.ts";
import { type WatchOptions, type WatchState, watchThread } from "./subscription.ts";
import { freePort } from "./testing/free-port.ts";
import type { Received } from "./watch-progress.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  // A port of its own, so that the server is found again after a restart.
  server = await startTestServer({ flags: { port: String(await freePort()) } });
  client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
});
after(() => server.close());

/** Publishes numbered notes into the run of a thread. */
class Publisher {
  readonly #threadId: string;
  #sequence = 0;

  constructor(threadId: string) {
    this.#threadId = threadId;
  }

  async publish(count: number, filling = ""): Promise<void> {
    const events = Array.from({ length: count }, () => {
      this.#sequence += 1;
      const runSequence = this.#sequence;
      if (runSequence === 1) return { type: "run_started", payload: {}, runSequence };
      return { type: "custom", payload: { name: "note", data: filling }, runSequence };
    });
    await client.publish({ threadId: this.#threadId, runId: "run_a", events });
  }
}

/** Watches in the background and remembers every sequence, in the order it came. */
function watching(threadId: string, options: WatchOptions & { slow?: Promise<void> } = {}) {
  const sequences: number[] = [];
  const received: Received[] = [];
  const states: WatchState[] = [];
  const stop = new AbortController();
  const waiters: (() => void)[] = [];
  const onState = (state: WatchState) => states.push(state);
  const done = (async () => {
    const all = { ...options, signal: stop.signal, onState };
    for await (const frame of watchThread(client, threadId, all)) {
      received.push(frame);
      if (frame.kind === "event") sequences.push(frame.frame.sequence);
      if (frame.kind === "snapshot") sequences.push(...frame.frame.events.map((e) => e.sequence));
      for (const wake of waiters) wake();
      await options.slow;
    }
  })();
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const check = () => holds() && resolve();
      waiters.push(check);
      check();
      setTimeout(() => reject(new Error(`only ${sequences.length} came`)), 20_000).unref();
    });
  const end = () => {
    stop.abort();
    return done;
  };
  return { sequences, received, states, until, end };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("LIVE14 no event is lost or doubled across restarts of the server", async () => {
  const publisher = new Publisher("thr_restart");
  await publisher.publish(3);
  const watch = watching("thr_restart");
  await watch.until(() => watch.sequences.length === 3);
  for (const round of [1, 2, 3]) {
    await publisher.publish(2);
    await server.restart();
    await publisher.publish(3);
    await watch.until(() => watch.sequences.length === 3 + round * 5);
  }
  await watch.end();
  assert.deepEqual(watch.sequences, upTo(18));
  const snapshots = watch.received.filter(({ kind }) => kind === "snapshot");
  assert.ok(snapshots.length >= 4);
  assert.ok(snapshots.slice(1).every(({ frame }) => "resumed" in frame && frame.resumed));
});

test("LIVE6 the lines of a snapshot and the texts of events are the stored lines", async () => {
  const publisher = new Publisher("thr_lines");
  await publisher.publish(3, "ä\u0000😀");
  const watch = watching("thr_lines");
  await watch.until(() => watch.sequences.length === 3);
  await publisher.publish(2);
  await watch.until(() => watch.sequences.length === 5);
  await watch.end();
  const lines = watch.received.flatMap((r) => (r.kind === "snapshot" ? r.lines() : [r.text]));
  const { items } = await client.history.rollouts("thr_lines");
  const stored = await client.history.rolloutBytes("thr_lines", items[0]?.rolloutId ?? "");
  assert.equal(`${lines.join("\n")}\n`, await new Response(stored).text());
});

test("LIVE3 a watcher that knows a part gets the rest only", async () => {
  const publisher = new Publisher("thr_rest");
  await publisher.publish(6);
  const watch = watching("thr_rest", { after: 4 });
  await watch.until(() => watch.sequences.length === 2);
  await watch.end();
  assert.deepEqual(watch.sequences, [5, 6]);
});

test("LIVE5 a reader that is too slow for what comes gets everything in the end", async () => {
  const publisher = new Publisher("thr_slow");
  await publisher.publish(1);
  let release = () => {};
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  const watch = watching("thr_slow", { slow });
  await watch.until(() => watch.sequences.length === 1);
  for (let batch = 0; batch < 12; batch += 1) await publisher.publish(30, "x".repeat(64 * 1024));
  release();
  await watch.until(() => watch.sequences.length === 361);
  await watch.end();
  assert.deepEqual(watch.sequences, upTo(361));
  assert.ok(watch.states.some(({ state }) => state === "offline"));
});

test("DEL5 LIVE4 deletion ends the iteration; a position that is not of this history starts over", async () => {
  const publisher = new Publisher("thr_deleted");
  await publisher.publish(2);
  const watch = watching("thr_deleted", { after: "2.00000000" });
  await watch.until(() => watch.received.some(({ frame }) => frame.type === "resync_required"));
  assert.deepEqual(watch.sequences, [1, 2]);
  await client.threads.delete("thr_deleted", { force: true });
  await watch.until(() => watch.received.some(({ frame }) => frame.type === "thread_deleted"));
  await watch.end();
});

test("LIVE13 a thread, a credential or a scope that is refused ends the iteration with its error", async () => {
  const first = async (threadId: string, apiKey: string) => {
    const other = new SpoolClient({ url: server.url, credential: { apiKey } });
    for await (const { kind } of watchThread(other, threadId)) return kind;
  };
  await new Publisher("thr_refused").publish(1);
  await assert.rejects(first("thr_none", server.keys.owner), { code: "THREAD_NOT_FOUND" });
  await assert.rejects(first("thr_refused", server.keys.member), { code: "THREAD_NOT_FOUND" });
  await assert.rejects(first("thr_refused", "rt_live_wrong"), { code: "INVALID_CREDENTIALS" });
  await assert.rejects(first("thr_refused", server.keys.runner), { code: "INSUFFICIENT_SCOPE" });
  assert.equal(await first("thr_refused", server.keys.reader), "snapshot");
});

test("AUTH1 a session token opens the live stream", async () => {
  await new Publisher("thr_token").publish(1);
  const token = async () => (await client.account.createSessionToken()).token;
  const tokens = new SpoolClient({ url: server.url, credential: { token } });
  for await (const { kind } of watchThread(tokens, "thr_token")) {
    assert.equal(kind, "snapshot");
    break;
  }
});

test("LIVE7 transient frames come by, unless they are not asked for", async () => {
  const threadId = "thr_deltas";
  const publisher = new Publisher(threadId);
  await publisher.publish(1);
  const { thread } = await client.threads.get(threadId);
  const [all, durable] = [watching(threadId), watching(threadId, { transient: false })];
  await Promise.all([all, durable].map((watch) => watch.until(() => watch.received.length === 1)));
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: "hi" } };
  await client.publish({
    threadId,
    runId: "run_a",
    rolloutId: thread.activeRolloutId,
    events: [{ ...delta, sequenceNumber: 1 }],
  });
  await publisher.publish(1);
  await Promise.all([all, durable].map((watch) => watch.until(() => watch.sequences.length === 2)));
  await Promise.all([all.end(), durable.end()]);
  const kinds = (watch: typeof all) => watch.received.map(({ kind }) => kind);
  assert.deepEqual(kinds(all), ["snapshot", "transient", "event"]);
  assert.deepEqual(kinds(durable), ["snapshot", "event"]);
});
