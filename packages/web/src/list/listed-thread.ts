/**
 * A thread as the list has it, and the list's order: newest activity first, by `updatedAt`, then by
 * id (REST1). Pure. Timestamps have one length, so that comparing their texts compares moments.
 */
import type { Thread } from "@spool/protocol/resources";

/** Where a search found its words: `ranges` of `text`, [start, end) in UTF-16 units. */
export type Snippet = {
  /** Of the event the text is from; null: it is the title. */
  readonly sequence: number | null;
  readonly text: string;
  readonly ranges: readonly (readonly [number, number] | readonly number[])[];
};

/** A thread, with what a search found of it where one was made. */
export type ListedThread = Thread & { readonly snippet?: Snippet | null | undefined };

/** A place in the order; that of a thread, or where a page ended. */
export type ListPlace = { readonly updatedAt: string; readonly id: string };

/** Below 0 where `a` stands above `b`. */
export function byActivity(a: ListPlace, b: ListPlace): number {
  if (a.updatedAt !== b.updatedAt) return a.updatedAt > b.updatedAt ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

/** How many of `threads`, which are in order, stand above `place`; one at the place itself does not. */
export function countAbove(threads: readonly ListPlace[], place: ListPlace): number {
  let low = 0;
  let high = threads.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byActivity(threads[middle] as ListPlace, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
