/**
 * Between commits and the journal's records, both ways. Pure. A record says where each run of
 * lines goes in its rollout file, so that replay needs nothing but the journal (LOG9).
 */
import { strict as assert } from "node:assert";
import type { Change } from "../changes.ts";
import { decodeEvent } from "../event-line.ts";
import type { ThreadRow } from "../rows.ts";
import type { Commit } from "../thread-store.ts";
import type { JournalChange, JournalCommit, RolloutLines } from "./journal-codec.ts";

/** A run of whole lines at its place in a rollout. */
export type RolloutWrite = {
  readonly rolloutId: string;
  readonly offset: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bytes: Buffer;
};

/** The record of a commit: its changes, the events as runs of lines with their offsets. */
export function journalRecord(commit: Commit): JournalCommit {
  const { key, rows } = commit;
  return {
    orgId: key.orgId,
    threadId: key.threadId,
    metaVersion: rows.thread.metaVersion,
    sequence: rows.thread.sequence,
    changes: recordChanges(commit),
  };
}

function recordChanges(commit: Commit): JournalChange[] {
  const recorded: JournalChange[] = [];
  let rolloutId: string | null = null;
  let offset = 0;
  let sizes: number[] | null = null;
  for (const change of commit.changes) {
    if (change.kind !== "event") {
      sizes = null;
      recorded.push(change);
      continue;
    }
    const { event, line } = change;
    if (event.rolloutId !== rolloutId) {
      rolloutId = event.rolloutId;
      offset = startIn(rolloutId, commit);
      sizes = null;
    }
    if (sizes === null) {
      sizes = [];
      const firstSequence = event.sequence;
      recorded.push({ kind: "events", rolloutId, offset, firstSequence, sizes });
    }
    const size = line.length + 1;
    sizes.push(size);
    offset += size;
  }
  return recorded;
}

/** Where a commit's first line in a rollout goes: its lines end where the rollout now ends. */
function startIn(rolloutId: string, { changes, rows }: Commit): number {
  let start = rows.rollouts.find((row) => row.rolloutId === rolloutId)?.bytes ?? 0;
  for (const change of changes) {
    if (change.kind !== "event" || change.event.rolloutId !== rolloutId) continue;
    start -= change.line.length + 1;
  }
  return start;
}

/** The runs of lines of a record, which stand in `body` from `from` up to `to`. */
export function rolloutWrites(
  record: JournalCommit,
  body: Buffer,
  { from, to } = { from: 0, to: body.length },
): RolloutWrite[] {
  const writes: RolloutWrite[] = [];
  let at = from;
  for (const change of record.changes) {
    if (change.kind !== "events") continue;
    const end = at + bytesOf(change);
    writes.push({
      rolloutId: change.rolloutId,
      offset: change.offset,
      firstSequence: change.firstSequence,
      lastSequence: change.firstSequence + change.sizes.length - 1,
      bytes: body.subarray(at, end),
    });
    at = end;
  }
  assert(at === to, "a record accounts for all of its lines");
  return writes;
}

/** How much of a batch's body belongs to a record. */
export function bodyBytes(record: JournalCommit): number {
  let bytes = 0;
  for (const change of record.changes) if (change.kind === "events") bytes += bytesOf(change);
  return bytes;
}

/**
 * The changes of a record that a thread at `row` does not have yet, in order. The view may be
 * ahead of the journal's start, so that replay meets changes it has folded before (LOG9). Renewals
 * of a lease have no place in the count; folded again they change nothing.
 */
export function missingChanges(
  record: JournalCommit,
  body: Buffer,
  row: ThreadRow | undefined,
): Change[] {
  const missing: Change[] = [];
  let metaVersion = record.metaVersion;
  for (const change of record.changes) if (isMeta(change)) metaVersion -= 1;
  let at = 0;
  for (const change of record.changes) {
    if (change.kind === "lease_renewed") {
      if (row == null || row.deletedAt === null) missing.push(change);
      continue;
    }
    if (change.kind !== "events") {
      metaVersion += 1;
      if (metaVersion > (row?.metaVersion ?? 0)) missing.push(change);
      continue;
    }
    for (const [index, size] of change.sizes.entries()) {
      if (change.firstSequence + index > (row?.sequence ?? 0)) {
        missing.push({ kind: "event", ...decodeEvent(body.subarray(at, at + size - 1)) });
      }
      at += size;
    }
  }
  return missing;
}

/** Whether a change, of a commit or a record, is told by `thread.json` and counted there. */
export function isMeta({ kind }: Change | JournalChange): boolean {
  return kind !== "event" && kind !== "events" && kind !== "lease_renewed";
}

function bytesOf(lines: RolloutLines): number {
  let bytes = 0;
  for (const size of lines.sizes) bytes += size;
  return bytes;
}
