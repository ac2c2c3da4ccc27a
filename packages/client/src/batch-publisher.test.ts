/** Batches, order, repetition and refusals, against a publish function that plays the server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BatchPublisher,
  type BatchPublisherOptions,
  type NumberedFrame,
} from "./batch-publisher.ts";
import type { EncodedBatch, PublishBatch } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";

type Publish = BatchPublisherOptions["publish"];

function frame(runSequence: number, fields: Partial<NumberedFrame> = {}): NumberedFrame {
  return { threadId: "thr_a", runId: "run_a", type: "custom", payload: {}, runSequence, ...fields };
}

function appended({ threadId, runId, count }: EncodedBatch) {
  const counts = { appended: count, duplicates: 0, delivered: 0 };
  return { threadId, runId, rolloutId: "rol_a", sequence: 0, runSequence: 0, ...counts };
}

/** A publisher whose batches are kept; `fail` may throw for one. No waiting to speak of. */
function recording(fail: (batch: PublishBatch, attempt: number) => void = () => {}) {
  const sent: PublishBatch[] = [];
  let attempts = 0;
  const publish: Publish = async (encoded) => {
    const batch: PublishBatch = JSON.parse(new TextDecoder().decode(encoded.bytes));
    attempts += 1;
    fail(batch, attempts);
    sent.push(batch);
    return appended(encoded);
  };
  const retries: string[] = [];
  const publisher = new BatchPublisher({
    publish,
    random: () => 0,
    onRetry: ({ code }) => retries.push(code),
  });
  return { publisher, sent, retries };
}

test("PUB2 a batch is of one run, at most 1,000 frames and 2 Mi units", async () => {
  const { publisher, sent } = recording();
  const thread = publisher.thread("thr_a");
  for (let number = 1; number <= 1_500; number += 1) await thread.add(frame(number));
  for (let number = 1; number <= 2; number += 1)
    await thread.add(frame(number, { runId: "run_b" }));
  const large = { text: "ä".repeat(1024 * 1024) };
  for (let number = 3; number <= 5; number += 1) {
    await thread.add(frame(number, { runId: "run_b", payload: large }));
  }
  const totals = await thread.finish();
  assert.deepEqual(
    sent.map(({ runId, events }) => [runId, events.length]),
    [
      ["run_a", 1_000],
      ["run_a", 500],
      ["run_b", 3],
      ["run_b", 1],
      ["run_b", 1],
    ],
  );
  assert.deepEqual(totals, { appended: 1_505, duplicates: 0, error: null });
});

test("LOG22 what was not answered is sent again, as it was", async () => {
  const { publisher, sent, retries } = recording((_, attempt) => {
    if (attempt === 1) throw new SpoolError("gone", { code: "NO_ANSWER", status: 0 });
    if (attempt === 2) throw new SpoolError("full", { code: "OVERLOADED", status: 503 });
    if (attempt === 3) throw new SpoolError("slow", { code: "RATE_LIMITED", status: 429 });
  });
  const thread = publisher.thread("thr_a");
  await thread.add(frame(1, { occurredAt: "2026-01-01T00:00:00Z" }));
  assert.equal((await thread.finish()).appended, 1);
  assert.deepEqual(retries, ["NO_ANSWER", "OVERLOADED", "RATE_LIMITED"]);
  const event = { type: "custom", payload: {}, runSequence: 1, occurredAt: "2026-01-01T00:00:00Z" };
  assert.deepEqual(sent, [{ threadId: "thr_a", runId: "run_a", events: [event] }]);
});

test("a refusal for good ends its thread only, and nothing behind it is sent", async () => {
  const refusal = new SpoolError("busy", { code: "THREAD_BUSY", status: 409 });
  const { publisher, sent } = recording(({ threadId }) => {
    if (threadId === "thr_a") throw refusal;
  });
  const [a, b] = [publisher.thread("thr_a"), publisher.thread("thr_b")];
  await a.add(frame(1));
  await a.add(frame(1, { runId: "run_b" }));
  await b.add(frame(1, { threadId: "thr_b" }));
  assert.equal((await a.finish()).error, refusal);
  assert.deepEqual(await b.finish(), { appended: 1, duplicates: 0, error: null });
  assert.deepEqual(
    sent.map(({ threadId }) => threadId),
    ["thr_b"],
  );
});

test("a server that stays away is given up", async () => {
  const publish: Publish = async () => {
    throw new SpoolError("gone", { code: "NO_ANSWER", status: 0 });
  };
  const thread = new BatchPublisher({ publish, giveUpAfterMs: 0 }).thread("thr_a");
  await thread.add(frame(1));
  assert.equal((await thread.finish()).error?.code, "NO_ANSWER");
});

test("one thread's batches go one after the other, those of several side by side", async () => {
  const active = new Map<string, number>();
  let most = 0;
  const publish: Publish = async (batch) => {
    active.set(batch.threadId, (active.get(batch.threadId) ?? 0) + 1);
    assert.equal(active.get(batch.threadId), 1);
    most = Math.max(most, active.size);
    await new Promise((resolve) => setImmediate(resolve));
    active.delete(batch.threadId);
    return appended(batch);
  };
  const publisher = new BatchPublisher({ publish, parallel: 3 });
  const threads = ["thr_a", "thr_b", "thr_c", "thr_d", "thr_a"].map((id) => ({
    id,
    thread: publisher.thread(id),
  }));
  for (const run of ["run_1", "run_2", "run_3"]) {
    for (const { id, thread } of threads) await thread.add(frame(1, { threadId: id, runId: run }));
  }
  const totals = await Promise.all(threads.map(({ thread }) => thread.finish()));
  assert.deepEqual(
    totals.map(({ appended }) => appended),
    [3, 3, 3, 3, 3],
  );
  assert.equal(most, 3);
});

test("memory is bounded: adding waits, and half-filled batches go out", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const publish: Publish = async (batch) => {
    await released;
    return appended(batch);
  };
  const publisher = new BatchPublisher({ publish });
  const payload = { text: "x".repeat(1024 * 1024) };
  const threads = Array.from({ length: 40 }, (_, index) => publisher.thread(`thr_${index}`));
  let added = 0;
  const adding = (async () => {
    for (const [index, thread] of threads.entries()) {
      await thread.add(frame(1, { threadId: `thr_${index}`, payload }));
      added += 1;
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(added > 25 && added < 33, `${added} added`);
  release();
  await adding;
  const totals = await Promise.all(threads.map((thread) => thread.finish()));
  assert.equal(
    totals.reduce((sum, { appended }) => sum + appended, 0),
    40,
  );
});

test("an abort ends everything with its reason", async () => {
  const stop = new AbortController();
  const publish: Publish = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const thread = new BatchPublisher({ publish, signal: stop.signal }).thread("thr_a");
  await thread.add(frame(1));
  const finishing = thread.finish();
  stop.abort(new Error("enough"));
  await assert.rejects(finishing, /enough/);
});
