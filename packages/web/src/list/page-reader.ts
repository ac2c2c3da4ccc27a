/**
 * Reads the list page by page into `LoadedThreads`: on from its end as somebody scrolls there, and
 * again from the newest thread when something may have been missed, down to where it was loaded.
 * What was asked for before a reading anew began does not count any more. Used by `ThreadListState`.
 */
import { withRetries } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import type { ListFilter } from "../routing/route.ts";
import { queryOf } from "./list-query.ts";
import type { ListedThread, ListPlace } from "./listed-thread.ts";
import { type ListPage, type LoadedThreads, placeOf } from "./loaded-threads.ts";

/** What a reader reads with, and into what. */
export type ReaderParts = {
  readonly client: SpoolClient;
  readonly filter: ListFilter;
  readonly loaded: LoadedThreads;
  /** After each page, with its threads. */
  readonly onChange: (threads: readonly ListedThread[]) => void;
};

/** How long trouble that may pass is waited for, when somebody is waiting for the answer. */
const patienceMs = 5_000;

/** Reads one list. Throws SpoolError; a read that was overtaken by another resolves quietly. */
export class PageReader {
  readonly #parts: ReaderParts;
  readonly #closed: AbortSignal;
  #round = new AbortController();
  #isReadingOn = false;

  constructor(parts: ReaderParts, closed: AbortSignal) {
    this.#parts = parts;
    this.#closed = closed;
  }

  /** Reads everything that is loaded anew, or the first page. */
  async readAnew(): Promise<void> {
    const { loaded } = this.#parts;
    this.#round.abort();
    this.#round = new AbortController();
    const signal = this.#signal;
    const isFirst = loaded.end === "nothing";
    let from: ListedThread | null = null;
    let cursor: string | null = null;
    do {
      const page: ListPage | null = await this.#readPage({ from, cursor, signal, isFirst });
      if (page === null) return;
      from = page.threads.at(-1) ?? null;
      cursor = page.nextCursor;
    } while (from !== null && cursor !== null && this.#isAboveEnd(from));
  }

  /** Reads the page behind the end, unless that is under way or there is none. */
  async readOn(): Promise<void> {
    const { end } = this.#parts.loaded;
    if (typeof end === "string" || this.#isReadingOn) return;
    this.#isReadingOn = true;
    try {
      const signal = this.#signal;
      await this.#readPage({ from: end.place, cursor: end.cursor, signal, isFirst: true });
    } finally {
      this.#isReadingOn = false;
    }
  }

  /** Reads all sub-agents of a thread that the list covers. */
  async readSubAgents(parentId: string): Promise<void> {
    const { client, filter, loaded, onChange } = this.#parts;
    const read = loaded.beginSubAgents(parentId);
    const { limit: _limit, q: _q, ...query } = queryOf(filter);
    const signal = this.#signal;
    try {
      const threads: ListedThread[] = [];
      for await (const thread of client.threads.all({ ...query, parent: parentId }, { signal })) {
        threads.push(thread);
      }
      if (signal.aborted) return;
      loaded.takeSubAgents(read, threads);
      onChange(threads);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      loaded.abandon(read);
    }
  }

  get #signal(): AbortSignal {
    return AbortSignal.any([this.#closed, this.#round.signal]);
  }

  /** One page into the list; null when it was overtaken. */
  async #readPage(wish: {
    readonly from: ListPlace | null;
    readonly cursor: string | null;
    readonly signal: AbortSignal;
    /** Somebody waits for it: then trouble is soon told, else it is waited out. */
    readonly isFirst: boolean;
  }): Promise<ListPage | null> {
    const { client, filter, loaded, onChange } = this.#parts;
    const { from, cursor, signal } = wish;
    const giveUpAfterMs = wish.isFirst ? patienceMs : Number.POSITIVE_INFINITY;
    const query = { ...queryOf(filter), cursor };
    try {
      return await withRetries(
        async () => {
          const read = loaded.beginPage(from === null ? null : placeOf(from));
          try {
            const { items, nextCursor } = await client.threads.list(query, { signal });
            if (signal.aborted) return null;
            const page = { threads: items as ListedThread[], nextCursor };
            loaded.takePage(read, page);
            onChange(page.threads);
            return page;
          } finally {
            loaded.abandon(read);
          }
        },
        { signal, giveUpAfterMs },
      );
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  #isAboveEnd(place: ListedThread): boolean {
    const { end } = this.#parts.loaded;
    if (end === "everything") return true;
    return end !== "nothing" && end.place.id !== place.id && this.#parts.loaded.reaches(place);
  }
}
