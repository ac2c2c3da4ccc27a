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
import { keyText } from "../thread-key.ts";
import type { Commit, StoreHealth } from "../thread-store.ts";
import { writeFully } from "./file-system.ts";
import { encodeBatchLine, type JournalCommit } from "./journal-codec.ts";
import { journalRecord, type RolloutWrite, rolloutWrites } from "./journal-record.ts";
import { JournalSegments, type JournalSegmentsParts, type Segment } from "./journal-segments.ts";

/** A commit that is on stable storage, with its lines as one run of bytes per rollout. */
export type FlushedCommit = { readonly commit: Commit; readonly writes: readonly RolloutWrite[] };

/** A segment that takes no further batch. `lastBatch` is the last flushed one in or before it. */
export type SealedSegment = { readonly segment: number; readonly lastBatch: number };

/** Where the journal goes on, and whom it tells; `now` in milliseconds since the epoch. */
export type JournalParts = JournalSegmentsParts & {
  readonly now: () => number;
  /** The last batch there is; the first to write is the one above it. */
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

/** The one writer of the journal. `open` before the first append, `close` after the last. */
export class Journal {
  readonly #parts: JournalParts;
  readonly #segments: JournalSegments;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lateTimer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #current: Segment | null = null;
  #lastBatch: number;
  #refusing: string | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retrying: Promise<void> | null = null;
  #roomFor: Promise<void> | null = null;
  readonly #closing = Promise.withResolvers<void>();
  #closed = false;
  #sealWaiters: (() => void)[] = [];

  constructor(parts: JournalParts) {
    this.#parts = parts;
    this.#segments = new JournalSegments(parts);
    this.#lastBatch = parts.lastBatch;
  }

  /** Opens the first segment. Rejects when the disk refuses. */
  async open(): Promise<void> {
    try {
      this.#current = await this.#segments.next(this.#lastBatch);
    } catch (error) {
      await this.#segments.close();
      throw error;
    }
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
      this.#watchForLate();
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
    this.#closing.resolve();
    while (this.#running !== null) await this.#running;
    clearTimeout(this.#lateTimer ?? undefined);
    clearTimeout(this.#retryTimer ?? undefined);
    await this.#retrying;
    this.#sealCurrent();
    try {
      if (this.#current === null && this.#refusing === null) await this.open();
    } finally {
      if (this.#current !== null) this.#segments.end(this.#current);
      await this.#segments.close();
    }
  }

  #refusal(): DomainError | null {
    if (this.#refusing !== null) return storageUnavailable(this.#refusing);
    if (this.#closed) return storageUnavailable("The server is shutting down.");
    const { waitingBytesMax, waitingMsMax } = this.#parts.limits;
    const first = this.#waiting[0];
    if (first === undefined) return null;
    const late = this.#parts.now() - first.since > waitingMsMax;
    return late || this.#waitingBytes >= waitingBytesMax ? overloaded() : null;
  }

  #watchForLate(): void {
    const first = this.#waiting[0];
    if (first === undefined || this.#lateTimer !== null) return;
    const { limits, now } = this.#parts;
    this.#lateTimer = setTimeout(
      () => {
        this.#lateTimer = null;
        this.#dropLate();
        this.#watchForLate();
      },
      Math.max(1, first.since + limits.waitingMsMax - now() + 1),
    );
    this.#lateTimer.unref();
  }

  /** Answers those who waited too long, and whoever of their threads was decided on them (LOG21). */
  #dropLate(): void {
    const oldest = this.#parts.now() - this.#parts.limits.waitingMsMax;
    const dropped = new Set<string>();
    const late: Waiting[] = [];
    this.#waiting = this.#waiting.filter((waiting) => {
      const thread = keyText(waiting.commit.key);
      if (waiting.since >= oldest && !dropped.has(thread)) return true;
      dropped.add(thread);
      late.push(waiting);
      this.#waitingBytes -= waiting.bytes;
      return false;
    });
    for (const waiting of late) waiting.reject(overloaded());
  }

  async #run(): Promise<void> {
    // What arrives in this turn of the event loop joins the batch.
    await immediate();
    while (this.#waiting.length > 0) {
      if (this.#roomFor !== null) {
        await Promise.race([this.#roomFor, this.#closing.promise]);
        this.#roomFor = null;
        continue; // some may have waited too long
      }
      const batch = this.#take();
      try {
        this.#current ??= await this.#segments.next(this.#lastBatch);
        await this.#flush(this.#current, batch);
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
    const line = encodeBatchLine(segment.salt, { batch: number, commits, body });
    const end = segment.position + line.length + body.length;
    await this.#segments.allocate(segment, end);
    await writeFully(segment.file, line, segment.position);
    await writeFully(segment.file, body, segment.position + line.length);
    await segment.file.sync();
    segment.position = end;
    segment.openSince ??= this.#parts.now();
    this.#lastBatch = number;
    this.#parts.onFlushed(segment.number, number, flushedCommits(batch, segment.number, body));
    for (const waiting of batch) waiting.resolve();
    const full = segment.position >= this.#parts.limits.segmentBytes;
    if (full || this.#sealWaiters.length > 0) this.#sealCurrent();
  }

  /** One that took no batch goes on, unless its content is in doubt. */
  #sealCurrent(inDoubt = false): void {
    for (const resolve of this.#sealWaiters.splice(0)) resolve();
    const segment = this.#current;
    if (segment === null || (segment.openSince === null && !inDoubt)) return;
    this.#current = null;
    this.#segments.end(segment);
    this.#parts.onSealed({ segment: segment.number, lastBatch: this.#lastBatch });
  }

  #fail(error: NodeJS.ErrnoException, batch: readonly Waiting[]): void {
    const dropped = [...batch, ...this.#waiting];
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#sealCurrent(true);
    const why = this.#refuse(error);
    for (const waiting of dropped) waiting.reject(storageUnavailable(why, error));
    if (isFull(error)) this.#tryAgainLater();
  }

  #refuse(error: NodeJS.ErrnoException): string {
    this.#refusing = isFull(error)
      ? "The disk is full. Free space: writing goes on by itself."
      : `The disk refused a write (${error.code ?? error.message}). Check it and restart the server.`;
    this.#parts.onHealth(this.health());
    return this.#refusing;
  }

  #tryAgainLater(): void {
    if (this.#closed) return;
    this.#retryTimer = setTimeout(() => {
      this.#retrying = this.#tryAgain();
    }, this.#parts.limits.retryMs);
    this.#retryTimer.unref();
  }

  /** Never rejects. */
  async #tryAgain(): Promise<void> {
    try {
      this.#current = await this.#segments.next(this.#lastBatch);
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      if (isFull(error)) this.#tryAgainLater();
      else this.#refuse(error);
      return;
    }
    this.#refusing = null;
    this.#parts.onHealth(this.health());
  }
}

function isFull(error: NodeJS.ErrnoException): boolean {
  return error.code === "ENOSPC" || error.code === "EDQUOT";
}

function overloaded(): DomainError {
  return new DomainError(
    "OVERLOADED",
    "More is being written than the disk takes. Wait and send it again with its numbers.",
    { retryAfterSeconds: 1 },
  );
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

function flushedCommits(batch: readonly Waiting[], segment: number, body: Buffer): FlushedCommit[] {
  let at = 0;
  return batch.map(({ commit, record, bytes }) => {
    const from = at;
    at += bytes;
    return { commit, writes: rolloutWrites(record, { segment, body, from, to: at }) };
  });
}

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
