/**
 * Proves the fold from changes to rows: what each change moves in a thread, its rollouts and runs,
 * that rows can be folded in one go or piece by piece, and that a change which does not follow on
 * the head is a broken invariant.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";
import fc from "fast-check";
import type { Change, EventAppended, ThreadCreated } from "./changes.ts";
import { encodeEvent } from "./event-line.ts";
import { applyChange, foldChanges, RowFold, revisionOf, type ThreadHead } from "./rows.ts";

const key = { orgId: "acme", threadId: "thr_1" };
const createdAt = Date.UTC(2026, 0, 1);

const created: ThreadCreated = {
  kind: "thread_created",
  ownerUserId: "alice",
  rolloutId: "rol_0",
  agentId: null,
  title: null,
  executionMode: null,
  metadata: {},
  parentThreadId: null,
  parentToolCallId: null,
  createdAt,
};

/** The event `sequence`, one second after the one before. */
function event(sequence: number, type: string, more: Partial<Event> = {}): EventAppended {
  const line = encodeEvent({
    sequence,
    type,
    threadId: key.threadId,
    rolloutId: "rol_0",
    runId: null,
    createdAt: new Date(createdAt + sequence * 1_000).toISOString(),
    payload: {},
    ...more,
  });
  return { kind: "event", ...line };
}

const inRun = (
  sequence: number,
  type: string,
  payload: JsonObject = {},
  more: Partial<Event> = {},
) => event(sequence, type, { runId: "run_1", runSequence: sequence, payload, ...more });

/** A run with a compaction in it, begun with everything a run can say. */
const history: readonly Change[] = [
  created,
  inRun(1, "run_started", {
    agentId: "coder",
    executionMode: "local",
    leaseSeconds: 60,
    metadata: { k: 1 },
  }),
  inRun(2, "compaction_started", { compactionId: "cmp_1" }),
  inRun(3, "compaction_completed", { compactionId: "cmp_1", summary: "s" }, { rolloutId: "rol_1" }),
  inRun(4, "run_completed", { status: "failed", reason: "why" }, { rolloutId: "rol_1" }),
];
const bytesOf = (...changes: readonly Change[]) => {
  let bytes = 0;
  for (const change of changes) bytes += change.kind === "event" ? change.line.length + 1 : 0;
  return bytes;
};
const foldOf = (changes: readonly Change[], start: ThreadHead | null = null) =>
  foldChanges(key, start, changes);

test("THR1 a new thread is empty, with an empty rollout and no run", () => {
  const { head, rows } = foldOf([{ ...created, title: "T", metadata: { a: 1 } }]);
  assert.deepEqual(head.thread, {
    ...key,
    ownerUserId: "alice",
    agentId: null,
    title: "T",
    titleSource: "user",
    executionMode: null,
    metadata: { a: 1 },
    archivedAt: null,
    parentThreadId: null,
    parentToolCallId: null,
    createdAt,
    updatedAt: createdAt,
    metaVersion: 1,
    sequence: 0,
    crc: 0,
    activeRolloutId: "rol_0",
    activeRunId: null,
    lapsedRunId: null,
    compaction: null,
    deletedAt: null,
    deletedByUserId: null,
  });
  assert.deepEqual(rows.rollouts, [
    {
      rolloutId: "rol_0",
      index: 0,
      startedAt: createdAt,
      completedAt: null,
      firstSequence: 0,
      lastSequence: 0,
      bytes: 0,
    },
  ]);
  assert.deepEqual([head.run, rows.runs, rows.messageIds], [null, [], []]);
  assert.equal(foldOf([created]).head.thread.titleSource, null);
});

test("THR1 THR2 an active run shows in its thread, with the last line's checksum", () => {
  const { head } = foldOf(history.slice(0, 3));
  assert.deepEqual(head.run, {
    runId: "run_1",
    status: "running",
    reason: null,
    startedAt: createdAt + 1_000,
    completedAt: null,
    runSequence: 2,
    firstSequence: 1,
    lastSequence: 2,
    leaseSeconds: 60,
    renewedAt: createdAt + 2_000,
    endedBy: null,
    metadata: { k: 1 },
  });
  const last = history[2] as EventAppended;
  assert.deepEqual(
    {
      ...head.thread,
      activeRunId: "run_1",
      agentId: "coder",
      executionMode: "local",
      crc: last.crc,
    },
    head.thread,
  );
  assert.deepEqual(head.thread.compaction, { compactionId: "cmp_1", runId: "run_1" });
  assert.equal(head.thread.updatedAt, createdAt + 2_000);
});

test("ROL1 ROL4 RUN11 rows of a closed rollout and of an ended run are the last of their kind", () => {
  const { head, rows } = foldOf(history);
  assert.deepEqual(rows.rollouts, [
    {
      rolloutId: "rol_0",
      index: 0,
      startedAt: createdAt,
      completedAt: createdAt + 3_000,
      firstSequence: 1,
      lastSequence: 2,
      bytes: bytesOf(...history.slice(0, 3)),
    },
    {
      rolloutId: "rol_1",
      index: 1,
      startedAt: createdAt + 3_000,
      completedAt: null,
      firstSequence: 3,
      lastSequence: 4,
      bytes: bytesOf(...history.slice(3)),
    },
  ]);
  const [run] = rows.runs;
  assert.deepEqual(
    {
      ...run,
      status: "failed",
      reason: "why",
      runSequence: 4,
      lastSequence: 4,
      endedBy: "publisher",
    },
    run,
  );
  assert.equal(run?.completedAt, createdAt + 4_000);
  assert.deepEqual([head.run, head.thread.activeRunId, head.thread.compaction], [null, null, null]);
});

test("RUN6 a run that ends without a number was ended by the server", () => {
  const { runSequence: _, ...end } = inRun(2, "run_completed", { status: "cancelled" }).event;
  const { rows } = foldOf([
    created,
    inRun(1, "run_started"),
    { kind: "event", ...encodeEvent(end) },
  ]);
  assert.deepEqual([rows.runs[0]?.endedBy, rows.runs[0]?.status], ["server", "cancelled"]);
  assert.deepEqual([rows.runs[0]?.runSequence, rows.runs[0]?.lastSequence], [1, 2]);
});

test("THR1 RUN10 a run that says nothing has the defaults", () => {
  const { head } = foldOf([created, inRun(1, "run_started")]);
  assert.deepEqual([head.run?.leaseSeconds, head.run?.metadata], [900, {}]);
  assert.deepEqual([head.thread.agentId, head.thread.executionMode], [null, null]);
});

test("PUB10 PUB11 a frame without a run moves the thread, not the run, and leaves its message id", () => {
  const aside = event(2, "user_message", { payload: { content: "x", messageId: "m" } });
  const { head, rows } = foldOf([created, inRun(1, "run_started"), aside]);
  assert.deepEqual(rows.messageIds, [{ messageId: "m", sequence: 2 }]);
  assert.deepEqual([head.run?.runSequence, head.run?.lastSequence], [1, 1]);
  assert.equal(head.thread.sequence, 2);
  const others = [
    event(1, "custom", { payload: { name: "n", data: 1, messageId: "m" } }),
    event(2, "user_message", { payload: { content: "x" } }),
  ];
  assert.deepEqual(foldOf([created, ...others]).rows.messageIds, []);
});

test("THR5 what is no event leaves sequence and updatedAt alone, and counts in the revision", () => {
  const edits: Change[] = [
    { kind: "thread_renamed", title: "T", titleSource: "user" },
    { kind: "thread_archived", archivedAt: 5 },
    { kind: "metadata_set", metadata: { a: 1 } },
  ];
  const before = foldOf(history).head;
  const { head } = foldOf(edits, before);
  assert.deepEqual(head.thread, {
    ...before.thread,
    title: "T",
    titleSource: "user",
    archivedAt: 5,
    metadata: { a: 1 },
    metaVersion: 4,
  });
  assert.equal(revisionOf(head.thread), 8);
  assert.equal(revisionOf(undefined), 0);
});

test("DEL6 a tombstone knows whose the thread was and who deleted it, and no more", () => {
  const before = foldOf([
    ...history.slice(0, 3),
    { kind: "thread_renamed", title: "T", titleSource: "user" },
  ]).head;
  const deletion: Change = { kind: "thread_deleted", deletedAt: 9, deletedByUserId: "root" };
  const { thread } = foldOf([deletion], before).head;
  const { title, titleSource, agentId, executionMode, metadata, compaction, activeRunId } = thread;
  assert.deepEqual(
    [title, titleSource, agentId, executionMode, metadata, compaction, activeRunId],
    [null, null, null, null, {}, null, null],
  );
  assert.deepEqual(
    [thread.ownerUserId, thread.deletedAt, thread.deletedByUserId, thread.sequence],
    ["alice", 9, "root", 2],
  );
});

test("LOG6 folding in one go or in any pieces gives the same head and the same last rows", () => {
  const whole = foldOf(history);
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: history.length - 1 }));
  fc.assert(
    fc.property(cuts, (places) => {
      let head: ThreadHead | null = null;
      const rollouts = new Map<number, unknown>();
      const runs = new Map<string, unknown>();
      const ends = [...places.sort((a, b) => a - b), history.length];
      for (const [index, end] of ends.entries()) {
        const fold: { head: ThreadHead; rows: ReturnType<RowFold["rows"]> } = foldOf(
          history.slice(ends[index - 1] ?? 0, end),
          head,
        );
        head = fold.head;
        for (const row of fold.rows.rollouts) rollouts.set(row.index, row);
        for (const row of fold.rows.runs) runs.set(row.runId, row);
      }
      assert.deepEqual(head, whole.head);
      assert.deepEqual([...rollouts.values()], whole.rows.rollouts);
      assert.deepEqual([...runs.values()], whole.rows.runs);
    }),
    { seed: 6, numRuns: 50 },
  );
});

test("LOG6 a fold leaves the head it began with alone", () => {
  const before = foldOf(history.slice(0, 3)).head;
  const copy = structuredClone(before);
  const fold = new RowFold(key, before);
  for (const change of history.slice(3)) fold.apply(change);
  assert.deepEqual(before, copy);
  assert.notDeepEqual(fold.head, before);
});

test("THR6 LOG6 a change that does not follow on the head is a broken invariant", () => {
  const { head } = foldOf(history.slice(0, 2));
  const deletion: Change = { kind: "thread_deleted", deletedAt: 1, deletedByUserId: "a" };
  const gone = foldOf([deletion], head).head;
  const wrong: readonly (readonly [string, ThreadHead | null, Change])[] = [
    ["created twice", head, created],
    ["no thread", null, inRun(1, "run_started")],
    ["a gap", head, inRun(3, "user_message")],
    ["a repeat", head, inRun(1, "run_started")],
    ["another run's", head, event(2, "user_message", { runId: "run_2" })],
    ["a second run", head, event(2, "run_started", { runId: "run_2" })],
    ["no run", foldOf([created]).head, inRun(1, "user_message")],
    ["an event after the deletion", gone, inRun(2, "user_message")],
    ["a deletion after the deletion", gone, deletion],
  ];
  for (const [what, start, change] of wrong) {
    assert.throws(() => applyChange(key, start, change), assert.AssertionError, what);
  }
});

test("RUN14 what the server adds by itself renews no lease", () => {
  const { head } = foldOf(history.slice(0, 3));
  const closed = event(3, "compaction_completed", {
    runId: "run_1",
    payload: { compactionId: "cmp_1", status: "failed", error: "e" },
  });
  assert.equal(foldOf([closed], head).head.run?.renewedAt, head.run?.renewedAt);
  assert.equal(foldOf([inRun(3, "custom")], head).head.run?.renewedAt, createdAt + 3_000);
});
