/**
 * Turns sealed journal segments into files and table rows, oldest first, and frees them (LOG14):
 *
 *   0 imports of the segment in the files and the view (`import-commits.ts`)
 *   1 rollout files and indexes written and synced, a few at a time, new folders' names too
 *   2 thread.json of threads whose metadata changed; deleted threads erased
 *   3 the view committed durably up to the segment's last batch
 *   4 the segment removed, or set aside when damage was found, its lines dropped from memory
 *
 * A crash between any two steps leaves the segment in the journal, and doing it all again changes
 * nothing. Runs beside the flushes and never delays one: they share no file.
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
  /** The threads whose metadata changed in a segment, as they are now. */
  readonly staleThreads: (segment: number) => readonly StaleThread[];
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

  /** Works through what is sealed. Resolves when nothing is left; rejects with what stopped it. */
  run(): Promise<void> {
    this.#running ??= this.#work().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #work(): Promise<void> {
    for (let sealed = this.#sealed[0]; sealed !== undefined; sealed = this.#sealed[0]) {
      try {
        await this.#free(sealed);
        this.failure = null;
      } catch (error) {
        this.failure = error as Error;
        throw error;
      }
      this.#sealed.shift();
      await this.#parts.onFreed(sealed);
    }
  }

  async #free(sealed: SealedSegment): Promise<void> {
    const { files, dataDir, tail, commitView, damage } = this.#parts;
    await this.#parts.importsApplied(sealed.segment);
    this.#writing = this.#write(sealed.segment);
    await this.#writing;
    await commitView(sealed.lastBatch);
    await damage.save();
    if (damage.holdsSegment(sealed.segment)) await this.#setAside(sealed.segment);
    else await files.remove(segmentFile(dataDir, sealed.segment));
    await files.syncFolder(journalFolder(dataDir));
    tail.drop(sealed.segment);
  }

  async #write(segment: number): Promise<void> {
    const { tail, limits, staleThreads } = this.#parts;
    const stale = new Map(staleThreads(segment).map((one) => [keyText(one.row), one]));
    const shares = [...tail.shares(segment)];
    await inParallel(shares, limits.checkpointWriters, (share) => this.#writeShare(segment, share));
    await inParallel([...stale.values()], limits.checkpointWriters, (one) =>
      this.#writeThread(one),
    );
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
  async #writeShare(segment: number, share: SegmentShare): Promise<void> {
    try {
      await this.#writeLines(share);
    } catch (error) {
      if (!(error instanceof StorageDamage)) throw error;
      this.#parts.damage.add(keyText(share.key), error.message);
      this.#parts.damage.holdSegment(segment);
    }
  }

  /** The names of a new rollout's files are synced with `thread.json`, which names it as well. */
  async #writeLines({ key, rollouts }: SegmentShare): Promise<void> {
    const folder = threadFolder(this.#parts.dataDir, key);
    const isNew = [...rollouts.values()].some((chunks) => chunks[0]?.offset === 0);
    if (isNew) await this.#parts.files.makeFolder(folder);
    for (const [rolloutId, chunks] of rollouts) {
      await this.#parts.rollouts.write(key, rolloutId, chunks);
    }
  }

  async #writeThread({ row, rollouts }: StaleThread): Promise<void> {
    const { files, dataDir } = this.#parts;
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

/**
 * Works on all items, `width` at a time. Rejects with the first failure, and only when nothing is
 * under way any more: what is done again must not meet what was not finished.
 */
async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const lane = async () => {
    for (const item of queue) {
      if (failures.length > 0) return;
      await work(item).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}
