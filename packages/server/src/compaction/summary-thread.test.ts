/**
 * Proves that the thread that made a summary makes the next, that nothing of one is in another,
 * that it ends when nobody wants one, and that one that failed or was given up is not used again.
 */
import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { type TestContext, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { encodeEvent } from "../store/event-line.ts";
import type { RolloutRow } from "../store/rows.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import { eventually } from "../testing/eventually.ts";
import { threadEvent } from "../testing/model-fixture.ts";
import type { SummaryTask } from "./compactions.ts";
import { ModelCounters } from "./model-counters.ts";
import { summaryMaker } from "./summary-thread.ts";

/** A maker over threads given by their lines, and the worker threads it has started. */
function makerOf(t: TestContext, restMs: number) {
  const workers: { readonly worker: Worker; isOver: boolean }[] = [];
  const onWorker = (message: unknown) => {
    const { worker } = message as { worker: Worker };
    const started = { worker, isOver: false };
    workers.push(started);
    worker.once("exit", () => {
      started.isOver = true;
    });
  };
  diagnostics.subscribe("worker_threads", onWorker);
  t.after(async () => {
    diagnostics.unsubscribe("worker_threads", onWorker);
    await Promise.all(workers.map(({ worker }) => worker.terminate()));
  });
  let lines: readonly Buffer[] = [];
  // The one call that making a summary makes.
  const store = { readEvents: async () => ({ lines, next: null }) } as unknown as ThreadStore;
  const parts = { store, settings: null, counters: new ModelCounters(), restMs };
  const make = summaryMaker(parts);
  const summarise = async (given: readonly Buffer[], signal = new AbortController().signal) => {
    lines = given;
    return String((await make(taskOf(given.length), signal)).summary);
  };
  return { workers, summarise };
}

function taskOf(lastSequence: number): SummaryTask {
  const rollout = { rolloutId: "rol_1", firstSequence: 1 } as RolloutRow;
  const key = { orgId: "acme", threadId: "thr_1" };
  return { key, compactionId: "cmp_1", rollout, lastSequence, wishes: {} };
}

function said(...texts: readonly string[]): Buffer[] {
  return texts.map((content, at) => {
    return encodeEvent(threadEvent(at + 1, "user_message", { content })).line;
  });
}

test("ROL16 one thread makes summaries one after the other, and ends when none is wanted", async (t) => {
  const { workers, summarise } = makerOf(t, 100);
  assert.match(await summarise(said("Mend the parser.")), /Mend the parser/);
  const second = await summarise(said("Write the manual."));
  assert.match(second, /Write the manual/);
  assert.doesNotMatch(second, /parser/);
  assert.equal(workers.length, 1);
  await eventually("it ended", () => workers[0]?.isOver === true);
  assert.match(await summarise(said("Release it.")), /Release it/);
  assert.equal(workers.length, 2);
});

test("ROL16 of two that made summaries at once one stays", async (t) => {
  const { workers, summarise } = makerOf(t, 1_000_000);
  const both = await Promise.all([summarise(said("Mend it.")), summarise(said("Mend it."))]);
  assert.equal(both[0], both[1]);
  assert.deepEqual(workers.map(({ isOver }) => isOver).sort(), [false, true]);
  await summarise(said("And again."));
  assert.equal(workers.length, 2);
});

test("ROL14 a thread that broke, or that was given up, is that one summary's failure", async (t) => {
  const { workers, summarise } = makerOf(t, 1_000_000);
  await summarise(said("Mend it."));
  await assert.rejects(summarise([Buffer.from("no event")]));
  assert.deepEqual(workers, [{ worker: workers[0]?.worker, isOver: true }]);
  const wanted = new AbortController();
  const given = summarise(said(...Array.from({ length: 5_000 }, () => "Mend it.")), wanted.signal);
  wanted.abort();
  await assert.rejects(given, /ended before it was made/);
  assert.match(await summarise(said("Go on.")), /Go on/);
  assert.deepEqual(
    workers.map(({ isOver }) => isOver),
    [true, true, false],
  );
});

test("ROL14 one that died while it rested is not waited for", async (t) => {
  const { workers, summarise } = makerOf(t, 1_000_000);
  await summarise(said("Mend it."));
  await workers[0]?.worker.terminate();
  assert.match(await summarise(said("Go on.")), /Go on/);
  assert.equal(workers.length, 2);
});

test("ROL14 one that held much gives its memory back", async (t) => {
  const { workers, summarise } = makerOf(t, 1_000_000);
  await summarise(said(...Array.from({ length: 3 }, () => "long ".repeat(1_200_000))));
  assert.deepEqual(
    workers.map(({ isOver }) => isOver),
    [true],
  );
});
