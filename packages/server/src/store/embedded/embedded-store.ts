/**
 * The ThreadStore on one machine's disk: journal for durability, JSONL rollouts as the truth,
 * SQLite as a view of them. This file only puts the parts together:
 *
 *   commit ─▶ journal ──flushed──▶ memory tail + row overlay ─▶ (promise resolves)
 *                 │                      │           └──▶ view, 200 ms behind
 *                 │                                  └▶ search index, within 2 s
 *              sealed segment ─▶ checkpoint ─▶ rollout files, thread.json, view ─▶ segment freed
 *
 * Reads take the file and the tail, the view and the overlay, as they stand in one turn of the
 * event loop.
 */
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import type { ThreadCreated } from "../changes.ts";
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
  type ListedThread,
  type LoadNeeds,
  type PartQuery,
  type StagedHistory,
  StorageDamage,
  type StoredThread,
  type StoreHealth,
  type ThreadQuery,
  type ThreadStore,
} from "../thread-store.ts";
import { Checkpointer, type StaleThread } from "./checkpointer.ts";
import { HistoryReader } from "./history-reader.ts";
import { ImportCommits } from "./import-commits.ts";
import { type FlushedCommit, Journal, type SealedSegment } from "./journal.ts";
import { isMeta } from "./journal-record.ts";
import { mergedMessageIds, mergedRollouts, mergedRuns, mergedThreads } from "./merged-rows.ts";
import type { Opened } from "./open-embedded-store.ts";
import { SearchIndex } from "./search-index.ts";
import { EmbeddedStagedHistory } from "./staged-history.ts";
import { ViewFeed } from "./view-feed.ts";

/** A commit under way: the revision it will have brought its thread to, and its flush. */
type Pending = { readonly revision: number; readonly flushed: Promise<void> };

/** The store of an opened data directory. Made by `openEmbeddedStore`; `close` lets go of it. */
export class EmbeddedStore implements ThreadStore {
  readonly #parts: Opened;
  readonly #journal: Journal;
  readonly #checkpointer: Checkpointer;
  readonly #history: HistoryReader;
  readonly #viewFeed: ViewFeed;
  readonly #imports: ImportCommits;
  /** Staged histories whose commit was tried: only the journal knows what became of it. */
  readonly #claimed = new Set<string>();
  readonly #search: SearchIndex;
  /** Commits under way by thread, in order. */
  readonly #pending = new Map<string, Pending[]>();
  #closing: Promise<void> | null = null;
  readonly #ticker: NodeJS.Timeout;

  /** Use `openEmbeddedStore`. */
  constructor(parts: Opened) {
    this.#parts = parts;
    const { files, dataDir, limits, tail, rollouts, end } = parts;
    this.#history = new HistoryReader(parts);
    const onDamage = parts.onViewDamage;
    this.#viewFeed = new ViewFeed({ ...parts, onDamage, lastBatch: end.lastBatch });
    this.#search = new SearchIndex({
      ...parts,
      threadRow: (key) => this.#threadRow(key),
      isReadable: (key) => !this.#imports.isPending(key),
      readEvents: (query) => this.#history.page(query),
    });
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
      staleKeys: (segment) => parts.stale.of(segment),
      staleThread: (key) => this.#staleThread(key),
      importsApplied: (segment) => this.#imports.applied(segment),
      commitView: async (batch) => {
        await this.#viewFeed.commit(batch);
        await this.#search.erased();
      },
      onFreed: async ({ segment }) => {
        parts.stale.delete(segment);
        await this.#imports.freed(segment);
      },
    });
    this.#imports = new ImportCommits({
      ...{ files, dataDir, limits, rollouts, view: parts.view, log: parts.log },
      threadRow: (key) => this.#threadRow(key),
      checkpointWritten: () => this.#checkpointer.written(),
      onApplied: (key) => this.#search.changed(key),
    });
    for (const imported of parts.imports) this.#imports.add(imported);
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
    this.#viewFeed.schedule();
    return this;
  }

  async load(key: ThreadKey, needs: LoadNeeds = {}): Promise<StoredThread | null> {
    this.#refuseClosed();
    if (this.#imports.isPending(key)) await this.#imports.ready(key);
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
    const stageId = stagedIdOf(commit);
    if (stageId !== null) this.#claimed.add(stageId);
    const flushed = this.#journal.append(commit);
    const settle = this.#begin(text, { revision: revisionOf(commit.rows.thread), flushed });
    try {
      await flushed;
    } finally {
      settle();
    }
    if (stageId !== null) await this.#imports.ready(commit.key);
    return "committed";
  }

  async stage(key: ThreadKey, created: ThreadCreated): Promise<StagedHistory> {
    this.#refuseClosed();
    const health = this.health();
    if (health.state === "refusing") throw new DomainError("STORAGE_UNAVAILABLE", health.why);
    const id = randomBytes(12).toString("hex");
    const isClaimed = () => this.#claimed.has(id);
    return EmbeddedStagedHistory.begin({ ...this.#parts, id, isClaimed }, key, created);
  }

  async readEvents(query: EventQuery): Promise<EventPage> {
    this.#refuseClosed();
    if (this.#imports.isPending(query.key)) await this.#imports.ready(query.key);
    try {
      return await this.#history.page(query);
    } catch (error) {
      // Files that go away under a reader are those of a thread that was deleted meanwhile.
      const deleted = this.#threadRow(query.key)?.deletedAt !== null;
      if (!deleted || !(error instanceof StorageDamage)) throw error;
      return { lines: [], next: null };
    }
  }

  readRollout(key: ThreadKey, rollout: RolloutRow, range: ByteRange): Readable {
    const bytes = this.#imports.isPending(key)
      ? this.#bytesOnceReady(key, rollout, range)
      : this.#history.bytes(key, rollout, range);
    return Readable.from(bytes, { objectMode: false });
  }

  async listThreads(query: ThreadQuery): Promise<ListedThread[]> {
    this.#refuseClosed();
    if (query.terms !== undefined) return this.#search.find(query, query.terms);
    return mergedThreads(this.#parts.reader, this.#parts.overlay, query);
  }

  async listRollouts(query: PartQuery): Promise<RolloutRow[]> {
    this.#refuseClosed();
    if (this.#imports.isPending(query.key)) await this.#imports.ready(query.key);
    return mergedRollouts(this.#parts.reader, this.#parts.overlay.get(query.key), query);
  }

  async listRuns(query: PartQuery): Promise<RunRow[]> {
    this.#refuseClosed();
    if (this.#imports.isPending(query.key)) await this.#imports.ready(query.key);
    return mergedRuns(this.#parts.reader, this.#parts.overlay.get(query.key), query);
  }

  health(): StoreHealth {
    const { damage } = this.#parts;
    const search = this.#search.isFilling ? ({ search: "filling" } as const) : {};
    if (damage.all !== null) return { state: "refusing", why: damage.all, ...search };
    return { ...this.#journal.health(), ...search };
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
    await this.#search.close();
    await this.#viewFeed.close();
    this.#parts.close();
  }

  async *#bytesOnceReady(key: ThreadKey, rollout: RolloutRow, range: ByteRange) {
    await this.#imports.ready(key);
    yield* this.#history.bytes(key, rollout, range);
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
      const stageId = stagedIdOf(commit);
      if (stageId === null) overlay.put(batch, commit.key, commit.rows);
      else {
        const { key } = commit;
        overlay.replace(batch, key, commit.rows);
        tail.erase(key);
        this.#imports.add({ segment, key, stageId });
      }
      const deleted = commit.rows.thread.deletedAt !== null;
      if (deleted) this.#parts.stale.addDeleted(commit.key, tail.erase(commit.key));
      else tail.add(commit.key, writes);
      if (deleted) this.#search.deleted(commit.key);
      else this.#search.changed(commit.key, commit.changes);
      const meta = commit.changes.some(isMeta) || writes.some(({ offset }) => offset === 0);
      if (meta) this.#parts.stale.add(segment, commit.key);
    }
    this.#parts.observe.flushed(commits.length);
    this.#viewFeed.flushed(batch);
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
      this.#checkpoint();
      await this.#checkpointer.attempt();
      if (this.#checkpointer.failure === null) continue;
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

  #staleThread(key: ThreadKey): StaleThread | null {
    const { reader, overlay } = this.#parts;
    const row = this.#threadRow(key);
    // Its rows are not all there; the segment of the import brings its thread.json.
    if (this.#imports.isPending(key)) return null;
    // What is known of a damaged thread may be less than its file says.
    if (row === null || this.#parts.damage.has(keyText(key))) return null;
    const query = { key, before: null, limit: Number.MAX_SAFE_INTEGER };
    const rollouts = mergedRollouts(reader, overlay.get(key), query).reverse();
    return { row, rollouts: rollouts.map(({ rolloutId }) => rolloutId) };
  }

  #threadRow(key: ThreadKey): ThreadRow | null {
    return this.#parts.overlay.get(key)?.thread ?? this.#parts.reader.thread(key);
  }

  #head(key: ThreadKey): ThreadHead | null {
    return this.#parts.headOf(key);
  }
}

/** The staged history that a commit makes its thread's, or null. */
function stagedIdOf({ changes: [change] }: Commit): string | null {
  return change?.kind === "thread_imported" ? change.stageId : null;
}
