/**
 * Compares a thread as a store gives it, through everything its interface offers, with what a
 * `ThreadScript` says it must be. Used by the store's contract and by its crash tests.
 */
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { revisionOf } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { EventQuery, ThreadQuery, ThreadStore } from "../store/thread-store.ts";
import type { ExpectedThread } from "./thread-script.ts";

const everything = Number.MAX_SAFE_INTEGER;

/** A query for all events of a thread, narrowed by what is given. */
export function eventsOf(key: ThreadKey, narrowed: Partial<EventQuery> = {}): EventQuery {
  return {
    key,
    rolloutId: null,
    from: 1,
    to: everything,
    order: "asc",
    type: null,
    limit: 100_000,
    bytesMax: everything,
    ...narrowed,
  };
}

/** A query for all threads, narrowed by what is given. */
export function threadsOf(narrowed: Partial<ThreadQuery> = {}): ThreadQuery {
  return {
    orgId: "acme",
    ownerUserId: null,
    includeArchived: true,
    agentId: null,
    status: null,
    parentThreadId: null,
    after: null,
    limit: 100_000,
    ...narrowed,
  };
}

/** The revision a store has a thread at; 0 when it has none. */
export async function storedRevision(store: ThreadStore, key: ThreadKey): Promise<number> {
  return revisionOf((await store.load(key))?.head.thread);
}

/** Fails unless the store holds exactly what is expected of the thread, every byte of it. */
export async function assertStored(
  store: ThreadStore,
  key: ThreadKey,
  expected: ExpectedThread,
): Promise<void> {
  const stored = await store.load(key, { messageIds: true });
  assert.deepEqual(stored?.head.thread ?? null, expected.thread, "the thread's row");
  const parts = { key, before: null, limit: everything };
  const rollouts = (await store.listRollouts(parts)).reverse();
  assert.deepEqual(rollouts, expected.rollouts, "the rollouts' rows");
  const runs = (await store.listRuns(parts)).reverse();
  assert.deepEqual(runs, expected.runs, "the runs' rows");
  const { lines, next } = await store.readEvents(eventsOf(key));
  assert.deepEqual(
    lines.map((line) => line.toString("latin1")),
    expected.events.map(({ line }) => line.toString("latin1")),
    "the events' lines",
  );
  assert.equal(next, null);
  assert.deepEqual(stored?.messageIds ?? [], expected.messageIds, "the message ids");
  if (expected.thread === null || expected.thread.deletedAt !== null) return;
  assert.deepEqual(stored?.head, expected.head, "the head");
  for (const rollout of expected.rollouts) {
    const file = await text(store.readRollout(key, rollout, { start: 0, end: rollout.bytes }));
    const own = expected.events.filter(({ rolloutId }) => rolloutId === rollout.rolloutId);
    assert.equal(file, own.map(({ line }) => `${line}\n`).join(""), "the rollout's bytes");
  }
}
