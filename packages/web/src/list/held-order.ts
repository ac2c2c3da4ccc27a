/**
 * Keeps the order of the rows while somebody points at them: rows change in place, what is new and
 * what moves waits, older threads still join at the end. Pure. Used by `ThreadListState`.
 *
 *   held     A B C D          A' B C D E F      (A changed, N is new, C moved, E and F were read)
 *   let go                 N C A' B D E F
 */
import { countAbove, type ListedThread, type ListPlace } from "./listed-thread.ts";

/** What stands in the list, and how many threads wait to take their places. */
export type Arranged = { readonly threads: readonly ListedThread[]; readonly waiting: number };

/** One row that is held where it stood. */
type HeldRow = { thread: ListedThread; readonly stoodAt: string };

/** The order, held or not. */
export class HeldOrder {
  #rows: Map<string, HeldRow> | null = null;
  /** Down to here the list was loaded when it was last looked at. */
  #end: ListPlace | null = null;

  get isHeld(): boolean {
    return this.#rows !== null;
  }

  /** Keeps the rows as they stand; `end` is where the loaded part ends, null: nowhere. */
  hold(threads: readonly ListedThread[], end: ListPlace | null): void {
    this.#rows = new Map();
    for (const thread of threads) this.#add(thread);
    this.#end = end;
  }

  /** Lets everything take its place. */
  release(): void {
    this.#rows = null;
  }

  /** A thread that stands here has changed, also one that the list does not cover any more. */
  change(thread: ListedThread): void {
    const row = this.#rows?.get(thread.id);
    if (row !== undefined) row.thread = { ...row.thread, ...thread };
  }

  /** The thread's row goes at once. */
  drop(threadId: string): void {
    this.#rows?.delete(threadId);
  }

  /** The rows to show of `threads`, which are in order; `end` as for `hold`. */
  arrange(threads: readonly ListedThread[], end: ListPlace | null): Arranged {
    const rows = this.#rows;
    if (rows === null) return { threads, waiting: 0 };
    this.#join(threads, end);
    const waiting = waitingFor(rows, threads);
    return { threads: [...rows.values()].map(({ thread }) => thread), waiting };
  }

  /** Adds what was read below the end, and takes over what changed. */
  #join(threads: readonly ListedThread[], end: ListPlace | null): void {
    const rows = this.#rows as Map<string, HeldRow>;
    for (const thread of threads) {
      const row = rows.get(thread.id);
      if (row !== undefined) row.thread = thread;
    }
    if (this.#end === null) return;
    for (const thread of threads.slice(countAbove(threads, this.#end))) {
      if (!rows.has(thread.id)) this.#add(thread);
    }
    this.#end = end;
  }

  #add(thread: ListedThread): void {
    this.#rows?.set(thread.id, { thread, stoodAt: thread.updatedAt });
  }
}

/** How many threads are new, moved or went away; 0 where the order is right as it stands. */
function waitingFor(rows: ReadonlyMap<string, HeldRow>, threads: readonly ListedThread[]): number {
  const ids = rows.keys();
  const isRight =
    rows.size === threads.length && threads.every(({ id }) => ids.next().value === id);
  if (isRight) return 0;
  let stayed = 0;
  let changed = 0;
  for (const { id, updatedAt } of threads) {
    const row = rows.get(id);
    if (row !== undefined) stayed += 1;
    if (row?.stoodAt !== updatedAt) changed += 1;
  }
  return changed + rows.size - stayed;
}
