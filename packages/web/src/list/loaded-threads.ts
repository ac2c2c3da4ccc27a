/**
 * The threads that are loaded: an unbroken beginning of the list, from the newest down to where the
 * last page ended, kept right by pages and by live changes in whatever order they come. Pure.
 * Guarantees that a thread stands once, that the order is the list's, and that once every read and
 * every change has come in, the list is the server's.
 *
 *   newest ┌─────────────┐ live changes: new threads, threads that moved
 *          │   loaded    │ a page (from, to] says which threads stand there, and that no other does,
 *      end └─────────────┘ but for threads that changed after the page was asked for
 *          · not loaded · ┄ sub-agents of an unfolded thread may be known from here already
 */
import { byActivity, countAbove, type ListedThread, type ListPlace } from "./listed-thread.ts";

/** A page, or all sub-agents of a thread, that is being read. */
export type ListRead = {
  /** Null: from the newest thread. */
  readonly from: ListPlace | null;
  /** Null: a page of the list. */
  readonly parentId: string | null;
  /** What changed live since the read began; null: deleted. */
  readonly changed: Map<string, ListedThread | null>;
};

/** A page of the list as it was answered. */
export type ListPage = {
  readonly threads: readonly ListedThread[];
  /** How to read on; null: this was the last page. */
  readonly nextCursor: string | null;
};

/** Where the loaded part ends, and how to read on from there. */
export type LoadedEnd = { readonly place: ListPlace; readonly cursor: string };

/** Whether the list shows a thread; `isKnown`: it did until now. */
export type Accepts = (thread: ListedThread, isKnown: boolean) => boolean;

/** The loaded part of one list. */
export class LoadedThreads {
  readonly #accepts: Accepts;
  readonly #known = new Map<string, ListedThread>();
  readonly #subAgents = new Map<string, Set<string>>();
  readonly #reads = new Set<ListRead>();
  /** In order; everything known down to the end. */
  readonly #threads: ListedThread[] = [];
  /** Known, but below the end. */
  readonly #below = new Set<string>();
  #end: LoadedEnd | "nothing" | "everything" = "nothing";

  constructor(accepts: Accepts) {
    this.#accepts = accepts;
  }

  /** Newest activity first. The same array is changed later. */
  get threads(): readonly ListedThread[] {
    return this.#threads;
  }

  /** `nothing` before the first page, `everything` after the last. */
  get end(): LoadedEnd | "nothing" | "everything" {
    return this.#end;
  }

  get(threadId: string): ListedThread | undefined {
    return this.#known.get(threadId);
  }

  /** Known sub-agents of each thread that has any. */
  get subAgents(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#subAgents;
  }

  /** Whether the place is within the loaded part. */
  reaches(place: ListPlace): boolean {
    if (this.#end === "nothing" || this.#end === "everything") return this.#end === "everything";
    return byActivity(place, this.#end.place) <= 0;
  }

  /** To be called when the request for a page goes out; `from` is where the page before it ended. */
  beginPage(from: ListPlace | null): ListRead {
    return this.#begin({ from, parentId: null, changed: new Map() });
  }

  /** To be called before the first request for a thread's sub-agents goes out. */
  beginSubAgents(parentId: string): ListRead {
    return this.#begin({ from: null, parentId, changed: new Map() });
  }

  /** The read came to nothing. */
  abandon(read: ListRead): void {
    this.#reads.delete(read);
  }

  /** Takes in the page of a read. `read.from` must be within the loaded part. */
  takePage(read: ListRead, { threads, nextCursor }: ListPage): void {
    this.#reads.delete(read);
    const last = threads.at(-1);
    const to = nextCursor === null || last === undefined ? null : placeOf(last);
    const start = read.from === null ? 0 : this.#countDownTo(read.from);
    const stop = to === null ? this.#threads.length : this.#countDownTo(to);
    const stood = this.#threads.slice(start, stop).map(({ id }) => id);
    const below = [...this.#below].filter((id) => to === null || this.#standsDownTo(id, to));
    if (to === null || nextCursor === null) this.#end = "everything";
    else if (!this.reaches(to) || this.#end === "nothing") {
      this.#end = { place: to, cursor: nextCursor };
    }
    this.#replace(read, [...stood, ...below], threads);
  }

  /** Takes in all sub-agents of the read's thread. */
  takeSubAgents(read: ListRead, threads: readonly ListedThread[]): void {
    this.#reads.delete(read);
    const stood = [...(this.#subAgents.get(read.parentId as string) ?? [])];
    this.#replace(read, stood, threads);
  }

  /** A thread as it is now. */
  upsert(thread: ListedThread): void {
    for (const { changed } of this.#reads) changed.set(thread.id, thread);
    const known = this.#known.get(thread.id);
    if (!this.#accepts(thread, known !== undefined)) this.#forget(thread.id);
    else if (known !== undefined) this.#put({ ...thread, ...foundOf(known) });
    else if (this.reaches(thread)) this.#put(thread);
  }

  /** A thread is no more. */
  remove(threadId: string): void {
    for (const { changed } of this.#reads) changed.set(threadId, null);
    this.#forget(threadId);
  }

  #begin(read: ListRead): ListRead {
    this.#reads.add(read);
    return read;
  }

  /** Puts what was read in place of what stood there, but for what changed since. */
  #replace(read: ListRead, stood: readonly string[], threads: readonly ListedThread[]): void {
    const { changed } = read;
    const isRead = new Set(threads.map(({ id }) => id));
    for (const id of stood) if (!isRead.has(id) && !changed.has(id)) this.#forget(id);
    for (const thread of threads) {
      const newer = changed.get(thread.id);
      if (newer === undefined) this.#put(thread);
      else if (newer !== null && this.#accepts(newer, true)) {
        this.#put({ ...newer, ...foundOf(thread) });
      }
    }
    // What changed below the end was left aside, and may be above it now.
    for (const thread of changed.values()) {
      if (thread === null || isRead.has(thread.id) || !this.reaches(thread)) continue;
      const known = this.#known.get(thread.id);
      if (this.#accepts(thread, known !== undefined)) {
        this.#put({ ...thread, ...(known === undefined ? {} : foundOf(known)) });
      }
    }
  }

  #put(thread: ListedThread): void {
    if (this.#staysInPlace(thread)) {
      this.#known.set(thread.id, thread);
      this.#threads[countAbove(this.#threads, thread)] = thread;
      return;
    }
    this.#forget(thread.id);
    this.#known.set(thread.id, thread);
    if (thread.parentThreadId !== null) {
      const siblings = this.#subAgents.get(thread.parentThreadId) ?? new Set();
      this.#subAgents.set(thread.parentThreadId, siblings.add(thread.id));
    }
    if (this.reaches(thread)) this.#threads.splice(countAbove(this.#threads, thread), 0, thread);
    else this.#below.add(thread.id);
  }

  #staysInPlace(thread: ListedThread): boolean {
    const known = this.#known.get(thread.id);
    return (
      known !== undefined &&
      byActivity(known, thread) === 0 &&
      known.parentThreadId === thread.parentThreadId &&
      !this.#below.has(thread.id)
    );
  }

  #forget(threadId: string): void {
    const thread = this.#known.get(threadId);
    if (thread === undefined) return;
    this.#known.delete(threadId);
    if (thread.parentThreadId !== null) {
      const siblings = this.#subAgents.get(thread.parentThreadId);
      siblings?.delete(threadId);
      if (siblings?.size === 0) this.#subAgents.delete(thread.parentThreadId);
    }
    if (!this.#below.delete(threadId)) {
      this.#threads.splice(countAbove(this.#threads, thread), 1);
    }
  }

  /** How many stand above or at the place. */
  #countDownTo(place: ListPlace): number {
    const above = countAbove(this.#threads, place);
    return this.#threads[above]?.id === place.id ? above + 1 : above;
  }

  #standsDownTo(threadId: string, place: ListPlace): boolean {
    return byActivity(this.#known.get(threadId) as ListedThread, place) <= 0;
  }
}

/** The place alone, so that a thread is not kept for it. */
export function placeOf({ updatedAt, id }: ListPlace): ListPlace {
  return { updatedAt, id };
}

/** What a search found stays with the thread while it changes. */
function foundOf({ snippet }: ListedThread): { snippet?: ListedThread["snippet"] } {
  return snippet === undefined ? {} : { snippet };
}
