/**
 * Pages and walking them (PAGE3). Used by the route groups that list something.
 */
import type { Envelope } from "./http-transport.ts";

/** One page; `nextCursor` is null at the end. */
export type Page<T> = {
  readonly items: T[];
  readonly hasMore: boolean;
  readonly nextCursor: string | null;
};

/** The page an envelope holds in its field `name`. */
export function pageOf<T>(envelope: Envelope<unknown>, name: string): Page<T> {
  const { hasMore = false, nextCursor = null } = envelope.meta;
  const items = (envelope.data as Record<string, T[]>)[name] ?? [];
  return { items, hasMore, nextCursor };
}

/** Every item of all pages, in order. `fetchPage` gets null for the first page, then cursors. */
export async function* walkPages<T>(
  fetchPage: (cursor: string | null) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await fetchPage(cursor);
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}
