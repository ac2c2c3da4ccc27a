/**
 * The ThreadStore on one machine's disk: journal for durability, JSONL rollouts as the truth,
 * SQLite as a view of them. This file only puts the parts together:
 *
 *   commit ─▶ journal ──flushed──▶ memory tail + row overlay ─▶ (promise resolves)
 *                 │                      │           └──▶ view, 200 ms behind
 *              sealed segment ─▶ checkpoint ─▶ rollout files, thread.json, view ─▶ segment freed
 *
 * Reads take the file and the tail, the view and the overlay, as they stand in one turn of the
 * event loop.
 */
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import {
  type RolloutRow,
  type RunRow,
  revisionOf,
  type ThreadHead,
  type ThreadRow,
} from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import {
  type ByteRange,
  type Commit,
  type CommitOutcome,
  type EventPage,
  type EventQuery,
  type LoadNeeds,
  type PartQuery,
  StorageDamage,
  type StoredThread,
  type StoreHealth,
  type ThreadQuery,
  type ThreadStore,
} from "../thread-store.ts";
import { Checkpointer, type StaleThread } from "./checkpointer.ts";
import { isMissing } from "./file-system.ts";
import { type FlushedCommit, Journal, type SealedSegment } from "./journal.ts";
import { LineCollector } from "./line-collector.ts";
import { mergedMessageIds, mergedRollouts, mergedRuns, mergedThreads } from "./merged-rows.ts";
import type { Opened } from "./open-embedded-store.ts";
import { collectChunks } from "./rollout-files.ts";
import type { ViewUpdate } from "./view-writer.ts";

/** A commit under way: the revision it will have brought its thread to, and its flush. */
type Pending = { readonly revision: number; readonly flushed: Promise<void> };

export class EmbeddedStore implements ThreadStore {
  readonly #parts: Opened;
  readonly #journal: Journal;
  readonly #checkpointer: Checkpointer;
  /** Commits under way by thread, in order. */
  readonly #pending = new Map<string, Pending[]>();
  #lastBatch: number;
  #viewTimer: NodeJS.Timeout | null = null;
  #viewRunning: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  readonly #ticker: NodeJS.Timeout;

  /** Use `openEmbeddedStore`. */
  constructor(parts: Opened) {
    this.#parts = parts;
    const { files, dataDir, limits, tail, rollouts, end } = parts;
    this.#lastBatch = end.lastBatch;
    this.#journal = new Journal({
      files,
      dataDir,
      limits,
      now: parts.now,
      newSalt: () => randomBytes(4).toString("hex"),
      nextSegment: end.lastSegment + 1,
      lastBatch: end.lastBatch,
      onFlushed: (segment, batch, commits) => this.#flushed(segment, batch, commits),
      onSealed: (sealed) => this.#sealed(sealed),
      onHealth: (health) => parts.log(health.state === "refusing" ? health.why : "writing again"),
    });
    this.#checkpointer = new Checkpointer({
      files,
      dataDir,
      limits,
      tail,
      rollouts,
      damage: parts.damage,
      staleThreads: (segment) => this.#staleThreads(segment),
      commitView: (batch) => this.#writeView(batch, true),
      onFreed: ({ segment }) => parts.stale.delete(segment),
    });
    for (const sealed of parts.sealed) this.#checkpointer.add(sealed);
    this.#ticker = setInterval(() => this.#tick(), Math.min(1_000, limits.checkpointIntervalMs));
    this.#ticker.unref();
  }

  /** Opens the journal for writing and begins to work off what replay found. */
  async start(): Promise<this> {
    try {
      await this.#journal.open();
    } catch (error) {
      this.#closing = this.#letGo();
      await this.#closing;
      throw error;
    }
    this.#checkpoint();
    this.#scheduleView();
    return this;
  }

  async load(key: ThreadKey, needs: LoadNeeds = {}): Promise<StoredThread | null> {
    this.#refuseClosed();
    const head = this.#head(key);
    if (head === null) return null;
    const { overlay, reader } = this.#parts;
    const entry = overlay.get(key);
    let run: RunRow | null = null;
    if (needs.runId != null && head.thread.deletedAt === null) {
      run = entry?.runs.get(needs.runId)?.row ?? reader.run(key, needs.runId);
    }
    const messageIds = needs.messageIds ? mergedMessageIds(reader, entry, key) : null;
    return { head, run, messageIds };
  }

  async commit(commit: Commit): Promise<CommitOutcome> {
    this.#refuseClosed();
    const text = keyText(commit.key);
    this.#refuseDamaged(text);
    const last = this.#pending.get(text)?.at(-1);
    const revision = last?.revision ?? revisionOf(this.#threadRow(commit.key) ?? undefined);
    if (revision !== commit.expectedRevision) {
      // Whoever loads now shall find what it lost to (LOG4).
      await last?.flushed.catch(() => undefined); // its own caller is told
      return "conflict";
    }
    const flushed = this.#journal.append(commit);
    const settle = this.#begin(text, { revision: revisionOf(commit.rows.thread), flushed });
    try {
      await flushed;
    } finally {
      settle();
    }
    return "committed";
  }

  async readEvents(query: EventQuery): Promise<EventPage> {
    this.#refuseClosed();
    const collector = new LineCollector(query);
    const rollouts = this.#rolloutsOf(query);
    if (query.order === "desc") rollouts.reverse();
    // Taken at once: what a checkpoint moves meanwhile stands in both.
    const tails = rollouts.map((row) => this.#parts.tail.chunks(query.key, row.rolloutId));
    try {
      for (const [index, row] of rollouts.entries()) {
        const chunks = tails[index] ?? [];
        if (!(await this.#readRolloutLines(query, row, chunks, collector))) break;
      }
    } catch (error) {
      // Files that go away under a reader are those of a thread that was deleted meanwhile.
      const deleted = this.#threadRow(query.key)?.deletedAt !== null;
      const gone = isMissing(error) || error instanceof StorageDamage;
      if (!deleted || !gone) throw error;
      return { lines: [], next: null };
    }
    return collector.page();
  }

  readRollout(key: ThreadKey, rollout: RolloutRow, range: ByteRange): Readable {
    const chunks = this.#parts.tail.chunks(key, rollout.rolloutId);
    const { rollouts } = this.#parts;
    async function* pieces() {
      const fileEnd = Math.min(range.end, chunks[0]?.offset ?? range.end);
      if (range.start < fileEnd) yield* rollouts.bytes(key, rollout, range.start, fileEnd);
      for (const { offset, bytes } of chunks) {
        const from = Math.max(0, range.start - offset);
        const to = Math.min(bytes.length, range.end - offset);
        if (from < to) yield bytes.subarray(from, to);
      }
    }
    return Readable.from(pieces(), { objectMode: false });
  }

  async listThreads(query: ThreadQuery): Promise<ThreadRow[]> {
    this.#refuseClosed();
    return mergedThreads(this.#parts.reader, this.#parts.overlay, query);
  }

  async listRollouts(query: PartQuery): Promise<RolloutRow[]> {
    this.#refuseClosed();
    return mergedRollouts(this.#parts.reader, this.#parts.overlay.get(query.key), query);
  }

  async listRuns(query: PartQuery): Promise<RunRow[]> {
    this.#refuseClosed();
    return mergedRuns(this.#parts.reader, this.#parts.overlay.get(query.key), query);
  }

  health(): StoreHealth {
    const { damage } = this.#parts;
    if (damage.all !== null) return { state: "refusing", why: damage.all };
    return this.#journal.health();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#journal.close();
      await this.#checkpointer.run();
    } catch (error) {
      // The journal keeps it all; the next start works it off.
      this.#parts.log(`the last checkpoint was not finished: ${(error as Error).message}`);
    } finally {
      await this.#letGo();
    }
  }

  async #letGo(): Promise<void> {
    clearInterval(this.#ticker);
    if (this.#viewTimer !== null) clearTimeout(this.#viewTimer);
    await this.#parts.view.close();
    this.#parts.close();
  }

  /** Notes a commit under way. Call what is returned when it is flushed or dropped. */
  #begin(text: string, commit: Pending): () => void {
    const pending = this.#pending.get(text) ?? [];
    pending.push(commit);
    if (pending.length === 1) this.#pending.set(text, pending);
    return () => {
      pending.splice(pending.indexOf(commit), 1);
      if (pending.length === 0) this.#pending.delete(text);
    };
  }

  /** A request may still be on its way when the server stops; it can be sent again. */
  #refuseClosed(): void {
    if (this.#closing === null) return;
    throw new DomainError("STORAGE_UNAVAILABLE", "The server is stopping. Try again shortly.", {
      retryAfterSeconds: 1,
    });
  }

  #refuseDamaged(text: string): void {
    const why = this.#parts.damage.of(text);
    if (why !== null) throw new DomainError("STORAGE_UNAVAILABLE", why);
  }

  #flushed(segment: number, batch: number, commits: readonly FlushedCommit[]): void {
    const { overlay, tail } = this.#parts;
    for (const { commit, writes } of commits) {
      overlay.put(batch, commit.rows);
      const deleted = commit.rows.thread.deletedAt !== null;
      if (deleted) tail.erase(commit.key);
      else tail.add(commit.key, segment, writes);
      const meta =
        commit.changes.some(({ kind }) => kind !== "event") ||
        writes.some(({ offset }) => offset === 0);
      if (meta) this.#parts.stale.add(segment, commit.key);
    }
    this.#lastBatch = batch;
    this.#parts.observe.flushed(commits.length);
    this.#scheduleView();
  }

  #sealed(sealed: SealedSegment): void {
    this.#checkpointer.add(sealed);
    this.#checkpoint();
    if (this.#checkpointer.pending > this.#parts.limits.sealedSegmentsMax) {
      this.#journal.waitFor(this.#room());
    }
  }

  /** Resolves when the backlog of sealed segments is small enough again. */
  async #room(): Promise<void> {
    const { sealedSegmentsMax, retryMs } = this.#parts.limits;
    while (this.#checkpointer.pending > sealedSegmentsMax && this.#closing === null) {
      await this.#checkpointer.run().catch(() => undefined); // logged by #checkpoint
      if (this.#checkpointer.pending <= sealedSegmentsMax) return;
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }

  #checkpoint(): void {
    if (this.#checkpointer.pending === 0) return;
    this.#checkpointer.run().catch((error: Error) => {
      this.#parts.log(`a checkpoint failed and is tried again: ${error.message}`);
    });
  }

  #tick(): void {
    const since = this.#journal.openSince;
    if (since !== null && this.#parts.now() - since >= this.#parts.limits.checkpointIntervalMs) {
      void this.#journal.seal();
    }
    this.#checkpoint();
  }

  #scheduleView(): void {
    if (this.#closing !== null || this.#viewTimer !== null) return;
    if (this.#parts.overlay.size === 0) return;
    this.#viewTimer = setTimeout(() => {
      this.#viewTimer = null;
      this.#writeView(0, false).catch((error: Error) => {
        this.#parts.log(`the tables could not be written and are tried again: ${error.message}`);
        this.#scheduleView();
      });
    }, this.#parts.limits.viewIntervalMs);
    this.#viewTimer.unref();
  }

  /** Brings the view to the last flushed batch (at least `batch`). One call at a time. */
  async #writeView(batch: number, durable: boolean): Promise<void> {
    while (this.#viewRunning !== null) await this.#viewRunning.catch(() => undefined);
    const { overlay, view } = this.#parts;
    const upTo = Math.max(batch, this.#lastBatch);
    const updates: ViewUpdate[] = overlay.takeUnsent().map((entry) => ({
      thread: entry.thread,
      rollouts: [...entry.rollouts.values()].map((dated) => dated.row),
      runs: [...entry.runs.values()].map((dated) => dated.row),
      messageIds: entry.messageIds.map((dated) => dated.row),
    }));
    if (updates.length === 0 && !durable) return;
    this.#viewRunning = view.apply(upTo, updates, durable).then(
      () => overlay.settle(upTo),
      (error) => {
        overlay.markUnsent();
        throw error;
      },
    );
    try {
      await this.#viewRunning;
    } finally {
      this.#viewRunning = null;
    }
  }

  #staleThreads(segment: number): StaleThread[] {
    const { stale, reader, overlay } = this.#parts;
    return stale.of(segment).flatMap((key) => {
      const row = this.#threadRow(key);
      if (row === null) return [];
      const query = { key, before: null, limit: Number.MAX_SAFE_INTEGER };
      const rollouts = mergedRollouts(reader, overlay.get(key), query).reverse();
      return [{ row, rollouts: rollouts.map(({ rolloutId }) => rolloutId) }];
    });
  }

  /** The rollouts a query covers, in order. */
  #rolloutsOf({ key, rolloutId, from, to }: EventQuery): RolloutRow[] {
    const { reader, overlay } = this.#parts;
    const query = { key, before: null, limit: Number.MAX_SAFE_INTEGER };
    return mergedRollouts(reader, overlay.get(key), query)
      .filter((row) => rolloutId === null || row.rolloutId === rolloutId)
      .filter((row) => row.lastSequence >= from && row.firstSequence <= to && row.lastSequence > 0)
      .reverse();
  }

  /** Lines of one rollout, file and tail. False when the collector is full. */
  async #readRolloutLines(
    query: EventQuery,
    row: RolloutRow,
    chunks: ReturnType<Opened["tail"]["chunks"]>,
    collector: LineCollector,
  ): Promise<boolean> {
    const { key, order } = query;
    const from = Math.max(query.from, row.firstSequence);
    const to = Math.min(query.to, row.lastSequence);
    const range = { key, rolloutId: row.rolloutId, from, to };
    const fileTo = Math.min(to, (chunks[0]?.firstSequence ?? Number.POSITIVE_INFINITY) - 1);
    const inFile = async () => {
      if (from > fileTo) return true;
      const { rollouts } = this.#parts;
      const fileRange = { ...range, to: fileTo };
      return order === "asc"
        ? rollouts.collectAscending(fileRange, collector)
        : rollouts.collectDescending(fileRange, collector);
    };
    if (order === "asc") {
      return (await inFile()) && collectChunks(chunks, range, order, collector);
    }
    return collectChunks(chunks, range, order, collector) && (await inFile());
  }

  #threadRow(key: ThreadKey): ThreadRow | null {
    return this.#parts.overlay.get(key)?.thread ?? this.#parts.reader.thread(key);
  }

  #head(key: ThreadKey): ThreadHead | null {
    return this.#parts.headOf(key);
  }
}
