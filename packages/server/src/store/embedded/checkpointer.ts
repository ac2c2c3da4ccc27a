/**
 * Turns sealed journal segments into files and table rows, oldest first, and frees them (LOG14):
 *
 *   0 imports of the segments in the files and the view (`import-commits.ts`)
 *   1 rollout files and indexes written and synced, a few at a time, new folders' names too
 *   2 thread.json of threads whose metadata changed; deleted threads erased
 *   3 the view committed durably up to the segments' last batch
 *   4 the segments removed, or set aside when damage was found, their lines dropped from memory
 *
 * Segments that wait are worked off together: each file is synced once for all of them, so that the
 * more is written the less a segment costs. A crash between any two steps leaves the segments in
 * the journal, or the newest of them, and doing it all again changes nothing. Runs beside the
 * flushes and never delays one: they share no file.
 */
import type { ThreadRow } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { StorageDamage } from "../thread-store.ts";
import type { Damage } from "./damage.ts";
import {
  journalFolder,
  segmentFile,
  setAsideFile,
  threadFolder,
  threadJsonFile,
} from "./data-paths.ts";
import { type FileSystem, isMissing, replaceFile } from "./file-system.ts";
import type { SealedSegment } from "./journal.ts";
import type { RolloutWrite } from "./journal-record.ts";
import type { MemoryTail, SegmentShare } from "./memory-tail.ts";
import type { RolloutFiles } from "./rollout-files.ts";
import type { StoreLimits } from "./store-limits.ts";
import { encodeThreadJson } from "./thread-json.ts";

/** A thread whose `thread.json` no longer says what the journal does. */
export type StaleThread = { readonly row: ThreadRow; readonly rollouts: readonly string[] };

/** What the checkpointer works on, and whom it asks and tells. */
export type CheckpointerParts = {
  readonly files: FileSystem;
  readonly dataDir: string;
  readonly limits: StoreLimits;
  readonly tail: MemoryTail;
  readonly rollouts: RolloutFiles;
  readonly damage: Damage;
  /** The threads whose metadata changed in a segment. */
  readonly staleKeys: (segment: number) => readonly ThreadKey[];
  /** Such a thread as it is now; null: its `thread.json` is not to be written. */
  readonly staleThread: (key: ThreadKey) => StaleThread | null;
  /** Resolves when the imports of the segment are in the files and the view. */
  readonly importsApplied: (segment: number) => Promise<void>;
  /** Commits the view durably, at least up to the batch. */
  readonly commitView: (batch: number) => Promise<void>;
  /** Called when a segment is gone from the journal. */
  readonly onFreed: (segment: SealedSegment) => Promise<void>;
};

/** Works through sealed segments, oldest first, one run at a time. */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  readonly #sealed: SealedSegment[] = [];
  #running: Promise<void> | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  #attempt: Promise<void> = Promise.resolve();
  /** Why the last attempt failed; null when it did not. */
  failure: Error | null = null;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
  }

  /** Sealed segments that are not in the files yet. */
  get pending(): number {
    return this.#sealed.length;
  }

  add(segment: SealedSegment): void {
    this.#sealed.push(segment);
  }

  /** Resolves when nothing is being written that was taken from the tail before this call. */
  async written(): Promise<void> {
    await this.#writing.catch(() => undefined); // told to the caller of `run`
  }

  /** Resolves when the segments that are being worked off are done with, well or not. */
  attempt(): Promise<void> {
    return this.#attempt;
  }

  /** Works through what is sealed. Resolves when nothing is left; rejects with what stopped it. */
  run(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(): Promise<void> {
    while (this.#sealed.length > 0) {
      const group = this.#sealed.slice(0, this.#parts.limits.checkpointSegments);
      const work = this.#free(group);
      this.#attempt = work.catch(() => undefined); // told to the caller of `run`
      try {
        await work;
        this.failure = null;
      } catch (error) {
        this.failure = error as Error;
        throw error;
      }
    }
  }

  async #free(group: readonly SealedSegment[]): Promise<void> {
    const { files, dataDir, tail, commitView, damage } = this.#parts;
    const last = group.at(-1) as SealedSegment;
    await this.#parts.importsApplied(last.segment);
    this.#writing = this.#write(group);
    await this.#writing;
    await commitView(last.lastBatch);
    await damage.save();
    for (const { segment } of group) {
      if (damage.holdsSegment(segment)) await this.#setAside(segment);
      else await files.remove(segmentFile(dataDir, segment));
      // Each before the next: behind a gap the journal would be taken to have ended.
      await files.syncFolder(journalFolder(dataDir));
    }
    tail.drop(last.segment);
    this.#sealed.splice(0, group.length);
    for (const sealed of group) await this.#parts.onFreed(sealed);
  }

  async #write(group: readonly SealedSegment[]): Promise<void> {
    const { tail, limits, staleKeys } = this.#parts;
    const shares = tail.shares((group.at(-1) as SealedSegment).segment);
    await inParallel(shares, limits.checkpointWriters, (share) => this.#writeShare(share));
    // Looked up now: of a thread deleted meanwhile the lines are not, or not all, in the files.
    const keys = group.flatMap(({ segment }) => staleKeys(segment));
    const stale = new Map(keys.map((key) => [keyText(key), key]));
    await inParallel(stale.values(), limits.checkpointWriters, (key) => this.#writeThread(key));
  }

  async #setAside(segment: number): Promise<void> {
    const { files, dataDir } = this.#parts;
    try {
      await files.rename(segmentFile(dataDir, segment), setAsideFile(dataDir, segment));
    } catch (error) {
      if (!isMissing(error)) throw error; // done by an attempt that failed later
    }
  }

  /** A thread whose files are damaged refuses writes from here on; the others' lines go on. */
  async #writeShare(share: SegmentShare): Promise<void> {
    try {
      await this.#writeLines(share);
    } catch (error) {
      if (!(error instanceof StorageDamage)) throw error;
      this.#parts.damage.add(keyText(share.key), error.message);
      const chunks = [...share.rollouts.values()].flat();
      for (const { segment } of chunks) this.#parts.damage.holdSegment(segment);
    }
  }

  /** The names of a new rollout's files are synced with `thread.json`, which names it as well. */
  async #writeLines({ key, rollouts }: SegmentShare): Promise<void> {
    const { dataDir, limits } = this.#parts;
    const folder = threadFolder(dataDir, key);
    const isNew = [...rollouts.values()].some((chunks) => chunks[0]?.offset === 0);
    if (isNew) await this.#parts.files.makeFolder(folder);
    for (const [rolloutId, chunks] of rollouts) {
      for (const piece of piecesOf(chunks, limits.checkpointBytes)) {
        await this.#parts.rollouts.write(key, rolloutId, piece);
      }
    }
  }

  async #writeThread(key: ThreadKey): Promise<void> {
    const { files, dataDir, staleThread } = this.#parts;
    const stale = staleThread(key);
    if (stale === null) return;
    const { row, rollouts } = stale;
    const folder = threadFolder(dataDir, row);
    await files.makeFolder(folder);
    await replaceFile(files, threadJsonFile(folder), encodeThreadJson(row, rollouts));
    if (row.deletedAt !== null) await this.#erase(row, folder);
  }

  /** DEL6: the tombstone stands already, so an erasure cut short is finished by the next one. */
  async #erase(key: ThreadKey, folder: string): Promise<void> {
    const { files, rollouts } = this.#parts;
    for (const name of await files.list(folder)) {
      if (name !== "thread.json") await files.remove(`${folder}/${name}`);
    }
    await files.syncFolder(folder);
    rollouts.forget(key);
  }
}

/** Chunks in order, so many bytes at a time; a single longer one goes alone. */
function* piecesOf(chunks: readonly RolloutWrite[], bytesMax: number): Generator<RolloutWrite[]> {
  let piece: RolloutWrite[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const length = chunk.to - chunk.from;
    if (piece.length > 0 && bytes + length > bytesMax) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(chunk);
    bytes += length;
  }
  yield piece;
}

/**
 * Works on all items, `width` at a time. Rejects with the first failure, and only when nothing is
 * under way any more: what is done again must not meet what was not finished.
 */
async function inParallel<Item>(
  queue: IterableIterator<Item>,
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const lane = async () => {
    for (const item of queue) {
      if (failures.length > 0) return;
      await work(item).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (failures.length > 0) throw failures[0];
}
