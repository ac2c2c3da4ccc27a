/**
 * Between commits and journal records: what a thread lacks is found again from the record and its
 * lines alone, wherever the thread stands (LOG9).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import {
  archived,
  compacted,
  created,
  event,
  leaseRenewed,
  message,
  renamed,
  runStarted,
  type Step,
  ThreadScript,
} from "../../testing/thread-script.ts";
import type { Change } from "../changes.ts";
import { foldChanges, type ThreadHead } from "../rows.ts";
import type { Commit } from "../thread-store.ts";
import {
  bodyBytes,
  endOfWrite,
  journalRecord,
  missingChanges,
  rolloutWrites,
} from "./journal-record.ts";

function bodyOf({ changes }: Commit): Buffer {
  const lines = changes.flatMap((change) => (change.kind === "event" ? [`${change.line}\n`] : []));
  return Buffer.from(lines.join(""));
}

/** One commit of many kinds of changes on a thread with a little history. */
function mixedCommit(seed: number) {
  const random = new SeededRandom(seed);
  const script = new ThreadScript({ orgId: "acme", threadId: "thr_1" }, new FakeClock().now);
  script.commit(created(), message("before"), runStarted("run_1"));
  const start = script.expected();
  const steps = Array.from({ length: 1 + random.below(9) }, (_, at): Step => {
    const turn = compacted(`rol_${seed}-${at}`);
    return random.pick([
      message("é".repeat(at)),
      event("custom", { at }),
      renamed(`${at}`),
      leaseRenewed(),
      archived(),
      turn,
    ]);
  });
  return { commit: script.commit(...steps), start, end: script.expected() };
}

test("LOG9 a record says where each run of lines goes, and nothing overlaps", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const { commit, start, end } = mixedCommit(seed);
    const record = journalRecord(commit);
    const body = bodyOf(commit);
    assert.equal(bodyBytes(record), body.length);
    const ends = new Map(start.rollouts.map((row) => [row.rolloutId, row.bytes]));
    let sequence = start.thread?.sequence ?? 0;
    const part = { segment: 1, body, from: 0, to: body.length };
    for (const write of rolloutWrites(record, part)) {
      assert.equal(write.offset, ends.get(write.rolloutId) ?? 0);
      assert.equal(write.firstSequence, sequence + 1);
      sequence = write.lastSequence;
      ends.set(write.rolloutId, endOfWrite(write));
    }
    for (const row of end.rollouts) assert.equal(ends.get(row.rolloutId) ?? 0, row.bytes);
    assert.throws(() => rolloutWrites(record, { ...part, to: body.length + 2 }));
  }
});

test("LOG9 what a thread lacks of a record is found, wherever it stands", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const { commit, start, end } = mixedCommit(seed);
    const record = JSON.parse(JSON.stringify(journalRecord(commit)));
    const body = bodyOf(commit);
    for (let known = 0; known <= commit.changes.length; known += 1) {
      const { head } =
        known === 0
          ? { head: start.head as ThreadHead }
          : foldChanges(commit.key, start.head, commit.changes.slice(0, known));
      const missing = missingChanges(record, body, head.thread);
      // Renewals are not counted, and folded again change nothing.
      const counted = (changes: readonly Change[]) => {
        return changes.filter(({ kind }) => kind !== "lease_renewed").length;
      };
      assert.equal(counted(missing), counted(commit.changes.slice(known)));
      const after = foldChanges(commit.key, head, missing);
      assert.deepEqual(after.head, end.head, `seed ${seed}, ${known} known`);
    }
  }
});
