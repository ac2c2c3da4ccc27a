/**
 * Prints a page's rows as JSON and ends the page early where it would get too long (PAGE2). Pure;
 * called by every list whose rows are not stored lines.
 */
import { pageBytesMax } from "@spool/protocol/limits";

/** The rows that fit, as JSON text, and the last of them where more rows follow. */
export type CutPage<T> = { readonly texts: readonly string[]; readonly lastBeforeMore: T | null };

/** `rows` are at most one more than `limit`; at least the first is always part of the page. */
export function cutPage<T>(
  rows: readonly T[],
  limit: number,
  viewOf: (row: T) => object,
): CutPage<T> {
  const texts: string[] = [];
  let bytes = 0;
  for (const row of rows.slice(0, limit)) {
    const text = JSON.stringify(viewOf(row));
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > pageBytesMax && texts.length > 0) break;
    texts.push(text);
  }
  const isMore = rows.length > texts.length;
  return { texts, lastBeforeMore: isMore ? (rows[texts.length - 1] as T) : null };
}
