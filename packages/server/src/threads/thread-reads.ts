/**
 * Everything the REST routes read of threads: the one place that decides who sees what of them and
 * how pages go on. Each read loads the thread's head first and shows nothing beyond it.
 */

import type { Readable } from "node:stream";
import { listPage } from "@spool/protocol/limits";
import type { Access, InFlight } from "@spool/protocol/live-frames";
import type { Thread } from "@spool/protocol/resources";
import type { LiveBus } from "../live/live-bus.ts";
import { positionOf } from "../store/event-line.ts";
import type { RolloutRow, RunRow, ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ByteRange, ThreadStore } from "../store/thread-store.ts";
import { cutPage } from "./cut-page.ts";
import { type EventsQuery, readEventsPage, readNewestEvents } from "./event-pages.ts";
import { invalidCursor, type PageCursors } from "./page-cursors.ts";
import { rolloutView, runView, threadView } from "./resource-view.ts";
import { findRollout } from "./rollout-lookup.ts";
import { listThreads, type RowsResult, type ThreadsQuery } from "./thread-list.ts";
import {
  type Audit,
  type Caller,
  readableThread,
  type VisibleThread,
  visibleThread,
} from "./visible-thread.ts";

/** What reading needs. */
export type ReadSources = {
  readonly store: ThreadStore;
  readonly bus: Pick<LiveBus, "inFlight">;
  readonly cursors: PageCursors;
  readonly audit: Audit;
  /** When the active run's lease ends, in milliseconds since the epoch. */
  readonly leaseExpiresAt: (key: ThreadKey, head: ThreadHead) => number | null;
};

/** A page of a thread's parts. */
export type PartsQuery = {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
};

/** A page of events: stored lines as bytes, in the order asked for. */
export type EventsOf = {
  readonly thread: Thread;
  readonly lines: readonly Buffer[];
  readonly nextCursor: string | null;
  /** As that of `EventPage`. */
  readonly release: (() => void) | undefined;
};

/** A thread at one moment (REST7); `nextCursor` pages backwards through its events. */
export type SnapshotOf = EventsOf & {
  readonly access: Access;
  readonly inFlight: InFlight | null;
  readonly sequence: number;
  readonly position: string;
};

/** A rollout's file: its row, and its bytes as a stream. */
export type RolloutFile = {
  readonly rollout: RolloutRow;
  readonly open: (range: ByteRange) => Readable;
};

type PartsCursor = { readonly threadId: string; readonly before: number };

/** The reads of one server. All reject with THREAD_NOT_FOUND for what the caller may not see. */
export class ThreadReads {
  readonly #sources: ReadSources;

  constructor(sources: ReadSources) {
    this.#sources = sources;
  }

  /** A page of threads. */
  list(caller: Caller, query: ThreadsQuery): Promise<RowsResult> {
    return listThreads(this.#sources, caller, query);
  }

  /** The newest events with the thread; without any for an admin on another's thread (ORG7). */
  async snapshot(
    caller: Caller,
    threadId: string,
    query: { readonly limit?: number | undefined; readonly include?: "all_rollouts" | undefined },
  ): Promise<SnapshotOf> {
    // LIVE8: head and what is in flight are taken in one turn of the event loop, at whose start
    // everything flushed has been told to the bus.
    await new Promise((resolve) => setImmediate(resolve));
    const looking = visibleThread(this.#sources, caller, { threadId, action: "thread.read" });
    const inFlightNow = this.#sources.bus.inFlight({ orgId: caller.principal.orgId, threadId });
    const [visible, inFlight] = await Promise.all([looking, inFlightNow]);
    const { access, head } = visible;
    const { sequence, crc } = head.thread;
    const thread = threadView(head.thread, access);
    if (access === "metadata") {
      // A checksum of what was said would tell something of it.
      const position = positionOf(sequence, 0);
      const nothing = { lines: [], nextCursor: null, release: undefined, inFlight: null };
      return { thread, access, sequence, position, ...nothing };
    }
    const position = positionOf(sequence, crc);
    const { lines, nextCursor, release } = await readNewestEvents(this.#sources, caller, {
      visible,
      allRollouts: query.include !== undefined,
      limit: query.limit,
    });
    return { thread, access, sequence, position, lines, nextCursor, release, inFlight };
  }

  /** A page of events. */
  async events(caller: Caller, threadId: string, query: EventsQuery): Promise<EventsOf> {
    const page = await readEventsPage(this.#sources, caller, { threadId, query });
    const { head, access, lines, nextCursor, release } = page;
    return { thread: threadView(head.thread, access), lines, nextCursor, release };
  }

  /** A page of rollouts, newest first (REST9). */
  rollouts(caller: Caller, threadId: string, query: PartsQuery) {
    return this.#parts<RolloutRow>(caller, threadId, {
      query,
      kind: "rollouts",
      list: ({ key }, part) => this.#sources.store.listRollouts({ key, ...part }),
      top: (head) => head.rollout.index + 1,
      placeOf: (row) => row.index,
      viewOf: (row, { head }) => {
        // The active rollout as the head has it: it may have grown since.
        const isHead = row.rolloutId === head.rollout.rolloutId;
        return rolloutView(isHead ? head.rollout : row, threadId);
      },
    });
  }

  /** A page of runs, newest first (REST9). */
  runs(caller: Caller, threadId: string, query: PartsQuery) {
    return this.#parts<RunRow>(caller, threadId, {
      query,
      kind: "runs",
      list: ({ key }, part) => this.#sources.store.listRuns({ key, ...part }),
      top: (head) => head.thread.sequence + 1,
      placeOf: (row) => row.firstSequence,
      viewOf: (row, { key, head, access }) => {
        const isActive = row.runId === head.run?.runId;
        if (!isActive) return runView(row, access, null);
        return runView(head.run, access, this.#sources.leaseExpiresAt(key, head));
      },
    });
  }

  /** A rollout's stored lines, for its owner (REST10). Rejects with ROLLOUT_NOT_FOUND. */
  async rolloutFile(caller: Caller, threadId: string, rolloutId: string): Promise<RolloutFile> {
    const { store } = this.#sources;
    const wanted = { threadId, action: "rollout.download" };
    const { key, head } = await readableThread(this.#sources, caller, wanted);
    const rollout = await findRollout(store, { key, head }, rolloutId);
    return { rollout, open: (range) => store.readRollout(key, rollout, range) };
  }

  async #parts<Row>(
    caller: Caller,
    threadId: string,
    how: {
      query: PartsQuery;
      kind: "rollouts" | "runs";
      list: (visible: VisibleThread, part: { before: number; limit: number }) => Promise<Row[]>;
      /** Below what the first page begins. */
      top: (head: ThreadHead) => number;
      placeOf: (row: Row) => number;
      viewOf: (row: Row, visible: VisibleThread) => object;
    },
  ): Promise<RowsResult & { readonly thread: Thread }> {
    const { query, kind } = how;
    const before = this.#openParts(caller, threadId, { query, kind });
    const visible = await visibleThread(this.#sources, caller, {
      threadId,
      action: `thread.${kind}`,
    });
    const limit = Math.min(query.limit ?? listPage.default, listPage.max);
    const part = { before: before ?? how.top(visible.head), limit: limit + 1 };
    const rows = await how.list(visible, part);
    const page = cutPage(rows, limit, (row) => how.viewOf(row, visible));
    const last = page.lastBeforeMore;
    const cursor: PartsCursor | null = last && { threadId, before: how.placeOf(last) };
    return {
      thread: threadView(visible.head.thread, visible.access),
      rows: page.texts,
      nextCursor: cursor && this.#sources.cursors.seal(kind, caller.principal, cursor),
    };
  }

  #openParts(
    { principal }: Caller,
    threadId: string,
    { query, kind }: { query: PartsQuery; kind: "rollouts" | "runs" },
  ): number | null {
    if (query.cursor === undefined) return null;
    const cursor = this.#sources.cursors.open<PartsCursor>(kind, principal, query.cursor);
    if (cursor.threadId !== threadId) throw invalidCursor("is of another thread");
    return cursor.before;
  }
}
