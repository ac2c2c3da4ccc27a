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

/** The order, held or not. */
export class HeldOrder {
  /** As they are shown; null: nothing is held. */
  #rows: ListedThread[] | null = null;
  /** Where each stands in `#rows`, and with which activity it came there. */
  readonly #held = new Map<string, { index: number; readonly stoodAt: string }>();
  /** Down to here the list was loaded when it was last looked at. */
  #end: ListPlace | null = null;

  get isHeld(): boolean {
    return this.#rows !== null;
  }

  /** Keeps the rows as they stand; `end` is where the loaded part ends, null: nowhere. */
  hold(threads: readonly ListedThread[], end: ListPlace | null): void {
    this.#held.clear();
    this.#rows = [];
    for (const thread of threads) this.#add(thread);
    this.#end = end;
  }

  /** Lets everything take its place. */
  release(): void {
    this.#rows = null;
    this.#held.clear();
  }

  /** To be called for each thread that changed, also one that the list does not cover any more. */
  change(thread: ListedThread): void {
    const held = this.#held.get(thread.id);
    if (held === undefined || this.#rows === null) return;
    const { snippet } = this.#rows[held.index] as ListedThread;
    this.#rows[held.index] = snippet === undefined ? thread : { snippet, ...thread };
  }

  /** The thread's row goes at once. */
  drop(threadId: string): void {
    const held = this.#held.get(threadId);
    if (held === undefined || this.#rows === null) return;
    this.#held.delete(threadId);
    this.#rows.splice(held.index, 1);
    for (const { id } of this.#rows.slice(held.index)) {
      (this.#held.get(id) as { index: number }).index -= 1;
    }
  }

  /** The rows to show of `threads`, which are in order; `end` as for `hold`. */
  arrange(threads: readonly ListedThread[], end: ListPlace | null): Arranged {
    if (this.#rows === null) return { threads, waiting: 0 };
    this.#join(threads, end);
    return { threads: this.#rows.slice(), waiting: this.#waitingFor(threads, this.#rows) };
  }

  /** Adds what was read below the end. */
  #join(threads: readonly ListedThread[], end: ListPlace | null): void {
    if (this.#end === null) return;
    for (const thread of threads.slice(countAbove(threads, this.#end))) {
      if (!this.#held.has(thread.id)) this.#add(thread);
    }
    this.#end = end;
  }

  #add(thread: ListedThread): void {
    const rows = this.#rows as ListedThread[];
    this.#held.set(thread.id, { index: rows.length, stoodAt: thread.updatedAt });
    rows.push(thread);
  }

  /** How many threads are new, moved or went away; 0 where the order is right as it stands. */
  #waitingFor(threads: readonly ListedThread[], rows: readonly ListedThread[]): number {
    const isRight =
      rows.length === threads.length && threads.every(({ id }, index) => rows[index]?.id === id);
    if (isRight) return 0;
    let stayed = 0;
    let changed = 0;
    for (const { id, updatedAt } of threads) {
      const held = this.#held.get(id);
      if (held !== undefined) stayed += 1;
      if (held?.stoodAt !== updatedAt) changed += 1;
    }
    return changed + rows.length - stayed;
  }
}
