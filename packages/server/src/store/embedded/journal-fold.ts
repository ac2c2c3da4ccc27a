/**
 * Folds the journal's batches into memory at start, as if they had just been flushed: lines into
 * the tail, rows into the overlay (LOG9). A thread whose batch is damaged, or that does not fit
 * what is known of it, stays as it was before and refuses writes; all others go on (LOG10).
 */
import { strict as assert } from "node:assert";
import { type RowChanges, RowFold, type ThreadHead } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import type { Damage } from "./damage.ts";
import type { ImportCommit } from "./import-commits.ts";
import type { ImportedAt } from "./imports-at-start.ts";
import type { SealedSegment } from "./journal.ts";
import type { JournalBatch, JournalCommit } from "./journal-codec.ts";
import { bodyBytes, isMeta, missingChanges, rolloutWrites } from "./journal-record.ts";
import type { JournalDamage, ReplayHandlers } from "./journal-replay.ts";
import { MemoryTail } from "./memory-tail.ts";
import type { RowOverlay } from "./row-overlay.ts";
import { StaleThreads } from "./stale-threads.ts";

/** Where the fold puts rows and damage; `headOf` gives a thread as known so far. */
export type JournalFoldParts = {
  readonly overlay: RowOverlay;
  readonly damage: Damage;
  readonly headOf: (key: ThreadKey) => ThreadHead | null;
  readonly importedAt: ImportedAt;
};

/** The handlers of one replay, and afterwards what it came to. */
export class JournalFold implements ReplayHandlers {
  readonly tail = new MemoryTail();
  readonly stale = new StaleThreads();
  readonly sealed: SealedSegment[] = [];
  readonly imports: ImportCommit[] = [];
  readonly #parts: JournalFoldParts;
  /** Whether there was anything to replay. */
  batches = 0;

  constructor(parts: JournalFoldParts) {
    this.#parts = parts;
  }

  onBatch = (segment: number, { batch, commits, body }: JournalBatch): void => {
    this.batches += 1;
    let at = 0;
    for (const record of commits) {
      const end = at + bodyBytes(record);
      this.#commit({ segment, batch, record, body: body.subarray(at, end) });
      at = end;
    }
  };

  onSegment = (segment: number, lastBatch: number): void => {
    this.sealed.push({ segment, lastBatch });
  };

  onDamage = (segment: number, { file, offset, commits }: JournalDamage): void => {
    const { damage } = this.#parts;
    const why =
      `the journal is not what was written: ${file}, offset ${offset}. ` +
      "The file is kept with the ending .damaged; restore the data directory from a backup.";
    damage.holdSegment(segment);
    if (commits === null) damage.add(null, why);
    else for (const commit of commits) damage.add(keyText(commit), why);
  };

  /** LOG6: the rows of a thread that was deleted since are not written again. */
  #import(
    at: { segment: number; batch: number; key: ThreadKey; rows: RowChanges | null },
    record: JournalCommit,
  ): void {
    const { segment, batch, key, rows } = at;
    if (rows !== null) this.#parts.overlay.replace(batch, key, rows);
    this.tail.erase(key);
    this.imports.push({ segment, key, stageId: importOf(record) as string });
  }

  #commit(at: { segment: number; batch: number; record: JournalCommit; body: Buffer }): void {
    const { segment, batch, record, body } = at;
    const { overlay, damage, headOf } = this.#parts;
    const key = { orgId: record.orgId, threadId: record.threadId };
    // Behind damage nothing fits: the thread stays as it was before it.
    if (damage.has(keyText(key))) {
      damage.holdSegment(segment);
      return;
    }
    // The files are already as the import left them, and its record tells the rest.
    if (batch < (this.#parts.importedAt.get(keyText(key)) ?? 0)) return;
    const head = headOf(key);
    const writes = rolloutWrites(record, { segment, body, from: 0, to: body.length });
    const wasDeleted = head !== null && head.thread.deletedAt !== null;
    try {
      // The tables may know what the journal lost, so that the rows alone do not tell.
      assert(wasDeleted || this.tail.continues(key, writes), "lines before it are missing");
      const rows = foldRecord(key, head, record, body);
      if (importOf(record) !== null) this.#import({ segment, batch, key, rows }, record);
      else if (rows !== null) overlay.put(batch, key, rows);
    } catch (error) {
      damage.add(keyText(key), `batch ${batch} does not follow: ${(error as Error).message}`);
      damage.holdSegment(segment);
      return;
    }
    const deleted = (overlay.get(key)?.thread ?? head?.thread)?.deletedAt !== null;
    if (deleted) this.stale.addDeleted(key, this.tail.erase(key));
    else this.tail.add(key, writes);
    const meta = record.changes.some(isMeta) || writes.some(({ offset }) => offset === 0);
    if (meta) this.stale.add(segment, key);
  }
}

/** The staged history that a record made its thread's; null for any other record. */
function importOf({ changes }: JournalCommit): string | null {
  const change = changes.find((one) => one.kind === "thread_imported");
  return change?.kind === "thread_imported" ? change.stageId : null;
}

/** The rows a record changes; null when all of it is known. Throws when it does not fit. */
function foldRecord(key: ThreadKey, head: ThreadHead | null, record: JournalCommit, body: Buffer) {
  const changes = missingChanges(record, body, head?.thread);
  if (changes.length === 0) return null;
  const fold = new RowFold(key, head);
  for (const change of changes) fold.apply(change);
  // What is known may be ahead of the record in one respect and behind it in the other.
  const { sequence, metaVersion } = fold.head.thread;
  const isImport = importOf(record) !== null;
  const known = head === null || isImport ? { sequence: 0, metaVersion: 0 } : head.thread;
  assert(sequence === Math.max(known.sequence, record.sequence), "an event is missing");
  assert(metaVersion === Math.max(known.metaVersion, record.metaVersion), "a change is missing");
  return fold.rows();
}
