/**
 * Where the keys move the focus among the rows. Pure. One row is the stop of the Tab key; when its
 * thread goes away, the one that takes its place is.
 */

/** The index a key leads to from `index`, among `count` rows of which `perPage` are in view; null: no such key. */
export function indexAfterKey(
  key: string,
  { index, count, perPage }: { index: number; count: number; perPage: number },
): number | null {
  const step = Math.max(1, perPage - 1);
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + step,
    PageUp: index - step,
    Home: 0,
    End: count - 1,
  };
  const to = Object.hasOwn(moves, key) ? moves[key] : undefined;
  if (to === undefined || count === 0) return null;
  return Math.min(Math.max(to, 0), count - 1);
}
