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

/** Where the lines of a record stand: a part of a batch's body, and the segment it is in. */
export type BatchPart = {
  readonly segment: number;
  readonly body: Buffer;
  readonly from: number;
  readonly to: number;
};

/** A run of whole lines, which stand in that part of a batch, and its place in a rollout. */
export type RolloutWrite = BatchPart & {
  readonly rolloutId: string;
  readonly offset: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
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
    const size = line.length + 1;
    if (sizes === null) {
      sizes = [size];
      const firstSequence = event.sequence;
      recorded.push({ kind: "events", rolloutId, offset, firstSequence, sizes });
    } else sizes.push(size);
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

/** The runs of lines of a record, all of which stand in `part`. */
export function rolloutWrites(record: JournalCommit, part: BatchPart): RolloutWrite[] {
  const { segment, body } = part;
  const writes: RolloutWrite[] = [];
  let at = part.from;
  for (const change of record.changes) {
    if (change.kind !== "events") continue;
    const { rolloutId, offset, firstSequence, sizes } = change;
    const lastSequence = firstSequence + sizes.length - 1;
    const from = at;
    at += bytesOf(change);
    writes.push({ segment, body, from, to: at, rolloutId, offset, firstSequence, lastSequence });
  }
  assert(at === part.to, "a record accounts for all of its lines");
  return writes;
}

/** Behind which offset of its rollout a run of lines ends. */
export function endOfWrite({ offset, from, to }: RolloutWrite): number {
  return offset + to - from;
}

/** The bytes of a run of lines, not a copy. */
export function bytesOfWrite({ body, from, to }: RolloutWrite): Buffer {
  return body.subarray(from, to);
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
