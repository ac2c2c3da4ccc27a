/**
 * The commit log: the one path to durability (LOG7). Commits that wait together become one batch,
 * one write and one flush; the next batch fills while this one is on its way (LOG8).
 *
 *   append ─▶ waiting ─▶ [batch n: write, fdatasync] ─▶ onFlushed ─▶ promises resolve
 *                 └────▶ [batch n+1 …]     one after the other, never two in flight
 *
 * A failed write or flush drops the batch and all that waits, and refuses further commits. After
 * a full disk a new segment is tried every second; after any other error only a restart helps,
 * which reads the files again (LOG11, LOG13). The segment that failed is never written again:
 * the next one names the last flushed batch, and replay leaves the old one there (LOG12).
 */
import { DomainError } from "@spool/protocol/errors";
import type { Commit, StoreHealth } from "../thread-store.ts";
import { segmentFile } from "./data-paths.ts";
import { type FileSystem, type OpenFile, writeFully } from "./file-system.ts";
import { encodeBatch, encodeHeader, type JournalCommit } from "./journal-codec.ts";
import { journalRecord, type RolloutWrite, rolloutWrites } from "./journal-record.ts";
import type { StoreLimits } from "./store-limits.ts";

/** A commit that is on stable storage, with its lines as one run of bytes per rollout. */
export type FlushedCommit = { readonly commit: Commit; readonly writes: readonly RolloutWrite[] };

/** A segment that takes no further batch. `lastBatch` is the last flushed one in or before it. */
export type SealedSegment = { readonly segment: number; readonly lastBatch: number };

export type JournalParts = {
  readonly files: FileSystem;
  readonly dataDir: string;
  readonly limits: StoreLimits;
  readonly now: () => number;
  /** Eight hex digits that no segment had before. */
  readonly newSalt: () => string;
  /** The first segment and batch to write: one above everything there is. */
  readonly nextSegment: number;
  readonly lastBatch: number;
  /** Called in order, before the commits' promises resolve. Must not throw. */
  readonly onFlushed: (segment: number, batch: number, commits: readonly FlushedCommit[]) => void;
  readonly onSealed: (sealed: SealedSegment) => void;
  readonly onHealth: (health: StoreHealth) => void;
};

type Waiting = {
  readonly commit: Commit;
  readonly record: JournalCommit;
  readonly bytes: number;
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
};

type Segment = {
  readonly number: number;
  readonly file: OpenFile;
  readonly salt: string;
  /** When it took its first batch; null before. Milliseconds since the epoch. */
  openSince: number | null;
  position: number;
  allocated: number;
  growing: Promise<void> | null;
};

export class Journal {
  readonly #parts: JournalParts;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  #current: Segment | null = null;
  #spare: Promise<Segment> | null = null;
  #nextSegment: number;
  #lastBatch: number;
  #refusing: string | null = null;
  #retry: NodeJS.Timeout | null = null;
  #roomFor: Promise<void> | null = null;
  #closed = false;
  #sealWaiters: (() => void)[] = [];

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#nextSegment = parts.nextSegment;
    this.#lastBatch = parts.lastBatch;
  }

  /** Opens the first segment. Rejects when the disk refuses. */
  async open(): Promise<void> {
    this.#current = await this.#openNext();
  }

  /** Resolves when the commit is flushed. Rejects with STORAGE_UNAVAILABLE or OVERLOADED. */
  append(commit: Commit): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const record = journalRecord(commit);
      let bytes = 0;
      for (const change of commit.changes) {
        if (change.kind === "event") bytes += change.line.length + 1;
      }
      const since = this.#parts.now();
      this.#waiting.push({ commit, record, bytes, since, resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  health(): StoreHealth {
    if (this.#refusing === null) return { state: "writable" };
    return { state: "refusing", why: this.#refusing };
  }

  /** Seals the current segment if anything stands in it, once the batch under way is flushed. */
  seal(): Promise<void> {
    if (this.#running === null) {
      this.#sealCurrent();
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#sealWaiters.push(resolve));
  }

  /** Milliseconds since the epoch at which the current segment took its first batch, or null. */
  get openSince(): number | null {
    return this.#current?.openSince ?? null;
  }

  /** Appends wait while `room` is pending: sealed segments must become rollout files first. */
  waitFor(room: Promise<void>): void {
    this.#roomFor = room;
  }

  /** Flushes what waits and closes the files; a segment that took nothing stays, with its header. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running !== null) await this.#running;
    this.#sealCurrent();
    if (this.#current === null && this.#refusing === null) await this.open();
    await this.#current?.file.close();
    if (this.#retry !== null) clearTimeout(this.#retry);
    const spare = await this.#spare?.catch(() => null); // a spare that failed holds nothing
    if (spare) {
      await spare.file.close();
      await this.#parts.files.remove(segmentFile(this.#parts.dataDir, spare.number));
    }
  }

  #refusal(): DomainError | null {
    if (this.#refusing !== null) return storageUnavailable(this.#refusing);
    if (this.#closed) return storageUnavailable("The server is shutting down.");
    const { waitingBytesMax, waitingMsMax } = this.#parts.limits;
    const first = this.#waiting[0];
    if (first === undefined) return null;
    const late = this.#parts.now() - first.since > waitingMsMax;
    if (!late && this.#waitingBytes < waitingBytesMax) return null;
    return new DomainError(
      "OVERLOADED",
      "More is being written than the disk takes. Wait and send it again with its numbers.",
      { retryAfterSeconds: 1 },
    );
  }

  async #run(): Promise<void> {
    // What arrives in this turn of the event loop joins the batch.
    await immediate();
    while (this.#waiting.length > 0) {
      if (this.#roomFor !== null) {
        await this.#roomFor;
        this.#roomFor = null;
      }
      const batch = this.#take();
      try {
        const segment = await this.#segment();
        await this.#flush(segment, batch);
      } catch (error) {
        this.#fail(error as NodeJS.ErrnoException, batch);
        break;
      }
      await immediate();
    }
    this.#running = null;
    if (this.#sealWaiters.length > 0) this.#sealCurrent();
    if (this.#waiting.length > 0 && this.#refusing === null) this.#running = this.#run();
  }

  #take(): Waiting[] {
    const { batchBytesMax } = this.#parts.limits;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > batchBytesMax) break;
      bytes += waiting.bytes;
      count += 1;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #flush(segment: Segment, batch: readonly Waiting[]): Promise<void> {
    const body = bodyOf(batch);
    const commits = batch.map((waiting) => waiting.record);
    const number = this.#lastBatch + 1;
    const bytes = encodeBatch(segment.salt, { batch: number, commits, body });
    await this.#allocate(segment, segment.position + bytes.length);
    await writeFully(segment.file, bytes, segment.position);
    await segment.file.sync();
    segment.position += bytes.length;
    segment.openSince ??= this.#parts.now();
    this.#lastBatch = number;
    this.#parts.onFlushed(segment.number, number, flushedCommits(batch, body));
    for (const waiting of batch) waiting.resolve();
    const full = segment.position >= this.#parts.limits.segmentBytes;
    if (full || this.#sealWaiters.length > 0) this.#sealCurrent();
  }

  /** The segment to write into; a new one begins where the last flushed batch ended. */
  async #segment(): Promise<Segment> {
    this.#current ??= await this.#openNext();
    return this.#current;
  }

  /**
   * A new segment with its header on stable storage, so that the journal always says which batch
   * the tables must hold at least. The one after it is prepared meanwhile.
   */
  async #openNext(): Promise<Segment> {
    const segment = await (this.#spare ?? this.#makeSegment());
    this.#spare = null;
    const header = { segment: segment.number, salt: segment.salt, after: this.#lastBatch };
    const bytes = encodeHeader(header);
    await writeFully(segment.file, bytes, 0);
    await segment.file.sync();
    segment.position = bytes.length;
    this.#spare = this.#makeSegment();
    this.#spare.catch(() => undefined); // reported when it is needed
    return segment;
  }

  async #makeSegment(): Promise<Segment> {
    const { files, dataDir, limits, newSalt } = this.#parts;
    const number = this.#nextSegment;
    this.#nextSegment += 1;
    const file = await files.open(segmentFile(dataDir, number), "write");
    const allocated = limits.allocateBytes;
    await writeFully(file, Buffer.alloc(allocated), 0);
    await file.sync();
    await files.syncFolder(segmentFile(dataDir, number).replace(/[^/\\]+$/, ""));
    const salt = newSalt();
    return { number, file, salt, openSince: null, position: 0, allocated, growing: null };
  }

  /** Zeros ahead of the position; a batch that would pass them waits for those under way. */
  async #allocate(segment: Segment, end: number): Promise<void> {
    const { allocateBytes } = this.#parts.limits;
    if (end > segment.allocated && segment.growing !== null) await segment.growing;
    segment.allocated = Math.max(segment.allocated, end);
    if (segment.growing !== null || segment.allocated - end > allocateBytes / 2) return;
    const from = segment.allocated;
    segment.allocated += allocateBytes;
    segment.growing = writeFully(segment.file, Buffer.alloc(allocateBytes), from)
      .catch(() => {
        segment.allocated = from; // only time is lost: the batch meets the same disk itself
      })
      .finally(() => {
        segment.growing = null;
      });
  }

  #sealCurrent(): void {
    for (const resolve of this.#sealWaiters.splice(0)) resolve();
    const segment = this.#current;
    if (segment === null || segment.openSince === null) return;
    this.#current = null;
    void (async () => {
      await segment.growing;
      await segment.file.close();
    })().catch(() => undefined); // all that counts in it was synced before
    this.#parts.onSealed({ segment: segment.number, lastBatch: this.#lastBatch });
  }

  #fail(error: NodeJS.ErrnoException, batch: readonly Waiting[]): void {
    const full = error.code === "ENOSPC" || error.code === "EDQUOT";
    this.#refusing = full
      ? "The disk is full. Free space: writing goes on by itself."
      : `The disk refused a write (${error.code ?? error.message}). Check it and restart the server.`;
    const dropped = [...batch, ...this.#waiting];
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#sealCurrent();
    // Never written again, batch or no batch: what the failed write left in it stays unread.
    void this.#current?.file.close().catch(() => undefined);
    this.#current = null;
    this.#parts.onHealth(this.health());
    for (const waiting of dropped) waiting.reject(storageUnavailable(this.#refusing, error));
    if (full) this.#tryAgainLater();
  }

  #tryAgainLater(): void {
    this.#retry = setTimeout(async () => {
      try {
        const spare = await this.#spare?.catch(() => null); // one that failed is made again
        this.#spare = spare ? Promise.resolve(spare) : null;
        this.#current = await this.#openNext();
        this.#refusing = null;
        this.#parts.onHealth(this.health());
      } catch {
        // Still full, or worse: commits go on being refused, and the next attempt will tell.
        if (!this.#closed) this.#tryAgainLater();
      }
    }, this.#parts.limits.retryMs);
    this.#retry.unref();
  }
}

function storageUnavailable(why: string, cause?: unknown): DomainError {
  return new DomainError(
    "STORAGE_UNAVAILABLE",
    `${why} Nothing of the request is certain; send it again with its numbers.`,
    { cause, retryAfterSeconds: 2 },
  );
}

/** All lines of a batch behind each other, each with its newline. */
function bodyOf(batch: readonly Waiting[]): Buffer {
  let bytes = 0;
  for (const waiting of batch) bytes += waiting.bytes;
  const body = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const { commit } of batch) {
    for (const change of commit.changes) {
      if (change.kind !== "event") continue;
      at += change.line.copy(body, at);
      body[at] = 0x0a;
      at += 1;
    }
  }
  return body;
}

function flushedCommits(batch: readonly Waiting[], body: Buffer): FlushedCommit[] {
  let at = 0;
  return batch.map(({ commit, record, bytes }) => {
    const writes = rolloutWrites(record, body.subarray(at, at + bytes));
    at += bytes;
    return { commit, writes };
  });
}

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
