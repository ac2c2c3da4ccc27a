/**
 * Many changed rows reach the tables in pieces, so that no message takes the event loop long; the
 * tables' batch moves with the last piece only, and a piece that is refused leaves nothing out.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { created, message, ThreadScript } from "../../testing/thread-script.ts";
import { RowOverlay } from "./row-overlay.ts";
import { storeLimits } from "./store-limits.ts";
import { ViewFeed } from "./view-feed.ts";
import type { ViewSink } from "./view-link.ts";
import type { ViewUpdate } from "./view-writer.ts";

const threads = 25;

/** A feed over changed threads, and what the view was given; `refuseAt` counts its calls from 1. */
function feedOf(refuseAt = 0) {
  const overlay = new RowOverlay();
  const scripts = Array.from({ length: threads }, (_, at) => {
    return new ThreadScript({ orgId: "acme", threadId: `thr_${at}` }, new FakeClock().now);
  });
  for (const script of scripts) overlay.put(7, script.key, script.commit(created()).rows);
  const calls: { batch: number; threads: number; durable: boolean }[] = [];
  const stored = new Map<string, number>();
  const view: ViewSink = {
    async apply(batch: number, updates: readonly ViewUpdate[], durable: boolean) {
      calls.push({ batch, threads: updates.length, durable });
      if (calls.length === refuseAt) throw new Error("refused");
      for (const { thread } of updates) stored.set(thread.threadId, thread.sequence);
    },
    async close() {},
  };
  const feed = new ViewFeed({
    ...{ overlay, view, lastBatch: 7, onDamage: () => undefined, log: () => undefined },
    limits: { ...storeLimits, viewIntervalMs: 1_000_000, viewThreadsAtOnce: 10 },
  });
  return { overlay, scripts, calls, stored, feed };
}

test("LOG14 rows go to the tables in pieces, which hold the batch with the last of them", async () => {
  const { overlay, calls, stored, feed } = feedOf();
  await feed.commit(7);
  assert.deepEqual(calls, [
    { batch: 0, threads: 10, durable: false },
    { batch: 0, threads: 10, durable: false },
    { batch: 7, threads: 5, durable: true },
  ]);
  assert.equal(stored.size, threads);
  assert.equal(overlay.size, 0);
});

test("LOG5 LOG14 a piece that is refused leaves all of it in memory, to be written again", async () => {
  const { overlay, calls, stored, feed } = feedOf(2);
  await assert.rejects(feed.commit(7), /refused/);
  assert.equal(overlay.size, threads);
  assert.ok(calls.every(({ batch }) => batch === 0));
  await feed.commit(7);
  assert.equal(stored.size, threads);
  assert.equal(overlay.size, 0);
});

test("LOG5 a thread that changes between two pieces stays in memory until it is written again", async () => {
  const { overlay, scripts, stored, feed } = feedOf();
  const written = feed.commit(7);
  const last = scripts.at(-1) as ThreadScript;
  const first = scripts[0] as ThreadScript;
  for (const script of [first, last]) {
    overlay.put(8, script.key, script.commit(message("more")).rows);
  }
  await written;
  assert.equal(overlay.size, 2);
  feed.flushed(8);
  await feed.commit(8);
  for (const { key } of [first, last]) assert.equal(stored.get(key.threadId), 1);
  assert.equal(overlay.size, 0);
});
