/**
 * The seam behind which threads are remembered. Two implementations: embedded (journal, JSONL
 * rollouts, SQLite) and PostgreSQL. `thread-store.contract.ts` is what both must pass.
 *
 * Guarantees of every implementation:
 * - `commit` resolves only when the changes are on stable storage; commits of one thread become
 *   durable in the order they were given, all of a commit or nothing of it (LOG1).
 * - Everything else reads what is durable, and at least every commit that has resolved (LOG5).
 * - Lines come back byte for byte as they were committed (LOG2).
 *
 * Errors: DomainError STORAGE_UNAVAILABLE when storage refuses, OVERLOADED when too much waits;
 * anything else that is thrown is a defect or damage that was found (`StorageDamage`).
 */
import type { Readable } from "node:stream";
import type { Change, ThreadCreated } from "./changes.ts";
import type { EventLine } from "./event-line.ts";
import type { RolloutRow, RowChanges, RunRow, ThreadHead, ThreadRow } from "./rows.ts";
import type { Excerpt } from "./search-snippet.ts";
import type { SearchTerm } from "./search-words.ts";
import type { ThreadKey } from "./thread-key.ts";

/** What `load` reads besides the head; nothing is read that was not asked for. */
export type LoadNeeds = {
  /** This run's row, active or ended, as `run`. */
  readonly runId?: string | null;
  /** The last run-less message ids, as `messageIds`. */
  readonly messageIds?: boolean;
};

/** A thread as stored. `head.thread.deletedAt` is set for one that was deleted. */
export type StoredThread = {
  readonly head: ThreadHead;
  readonly run: RunRow | null;
  readonly messageIds: readonly string[] | null;
};

/** Changes of one thread, all or nothing, decided on revision `expectedRevision` (0: no thread). */
export type Commit = {
  readonly key: ThreadKey;
  readonly expectedRevision: number;
  readonly changes: readonly Change[];
  /** The fold of `changes` on the thread as it was (`rows.ts`). */
  readonly rows: RowChanges;
};

/** `conflict`: the thread is at another revision; nothing was kept; load and decide again. */
export type CommitOutcome = "committed" | "conflict";

/** Which events: of all rollouts or one, between two sequences, both included. */
export type EventQuery = {
  readonly key: ThreadKey;
  readonly rolloutId: string | null;
  readonly from: number;
  readonly to: number;
  readonly order: "asc" | "desc";
  readonly type: string | null;
  /** Most events, and most bytes of lines unless the first alone is longer (PAGE2). */
  readonly limit: number;
  readonly bytesMax: number;
};

/**
 * Lines in the order asked for. `next` is the sequence the page after begins at, or null. Who has
 * no further use for the lines may call `release`, if there is one: they are empty afterwards, and
 * their memory is free at once instead of at some collection, which much of it would bring on.
 */
export type EventPage = {
  readonly lines: readonly Buffer[];
  readonly next: number | null;
  readonly release?: () => void;
};

/** A place in a list; `orgId` where the list is of every org. */
export type ListPlace = {
  readonly updatedAt: number;
  readonly threadId: string;
  readonly orgId?: string;
};

/** Which threads, newest activity first (`updatedAt`, `threadId` descending). */
export type ThreadQuery = {
  /** Null: of every org, for the server's own chores. */
  readonly orgId: string | null;
  /** Null: of every owner. */
  readonly ownerUserId: string | null;
  readonly includeArchived: boolean;
  readonly agentId: string | null;
  readonly status: "idle" | "running" | "compacting" | null;
  readonly parentThreadId: string | null;
  readonly after: ListPlace | null;
  readonly limit: number;
  /**
   * Only threads in which each term occurs, in the title or in some message. With `ownerUserId`
   * null only titles that people set count (FIND4). What is committed is found within 2 s (FIND6).
   */
  readonly terms?: readonly SearchTerm[];
};

/** Why a thread was found: a text that holds what was asked for; `sequence` 0 is the title. */
export type ThreadMatch = Excerpt & { readonly sequence: number; readonly type: string };

/** A thread of a list; `match` only where words were asked for. */
export type ListedThread = ThreadRow & { readonly match?: ThreadMatch };

/** Rollouts by index or runs by first sequence, descending, below `before` (null: from the top). */
export type PartQuery = {
  readonly key: ThreadKey;
  readonly before: number | null;
  readonly limit: number;
};

/** `refusing`: reads go on, commits answer STORAGE_UNAVAILABLE, and why. */
export type StoreHealth = (
  | { readonly state: "writable" }
  | { readonly state: "refusing"; readonly why: string }
) & {
  /** The search index lacks what was committed before: words may be missing (FIND9). */
  readonly search?: "filling";
};

/**
 * A whole history of a thread on its way in, in nobody's sight until a commit of `thread_imported`
 * names it; then it is the thread's, all of it, and what the thread had before is not. Every method
 * may reject with STORAGE_UNAVAILABLE.
 */
export interface StagedHistory {
  /** What `thread_imported` names it by. */
  readonly id: string;
  /** The next event, from the first of the thread on. Await each: memory is bounded by it. */
  add(line: EventLine): Promise<void>;
  /** Resolves when all of it is on stable storage. Gives what its events fold to. */
  finish(): Promise<ThreadHead>;
  /** Takes it away unless it was given to `commit`. */
  discard(): Promise<void>;
}

/** Remembers threads. What holds of every method, and what each may throw, stands above. */
export interface ThreadStore {
  /** The thread at its last durable change, a deleted one included; null for an unknown id. */
  load(key: ThreadKey, needs?: LoadNeeds): Promise<StoredThread | null>;
  /** Makes changes durable. Order within a thread is the order of the calls. */
  commit(commit: Commit): Promise<CommitOutcome>;
  /** Begins a whole history of the thread, `created` being what comes before its events. */
  stage(key: ThreadKey, created: ThreadCreated): Promise<StagedHistory>;
  /** A page of event lines. Empty for an unknown thread. */
  readEvents(query: EventQuery): Promise<EventPage>;
  /** The rollout's durable bytes [start, end) as a stream, newlines included. */
  readRollout(key: ThreadKey, rollout: RolloutRow, range: ByteRange): Readable;
  /** Threads that are not deleted. */
  listThreads(query: ThreadQuery): Promise<ListedThread[]>;
  listRollouts(query: PartQuery): Promise<RolloutRow[]>;
  listRuns(query: PartQuery): Promise<RunRow[]>;
  health(): StoreHealth;
  /** Finishes what was accepted, then lets go of everything held. */
  close(): Promise<void>;
}

/** Offsets of bytes, `start` included, `end` not. */
export type ByteRange = { readonly start: number; readonly end: number };

/** Stored bytes are not what was written: where, and what to run. Never served, never skipped. */
export class StorageDamage extends Error {
  override readonly name = "StorageDamage";
}
