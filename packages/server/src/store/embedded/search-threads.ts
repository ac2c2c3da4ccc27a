/**
 * Finds threads by words, newest activity first (FIND1). How, depends on how often the words
 * occur, so that neither a rare nor a common word makes a page slow:
 *
 *   words together are rare   their threads are looked up, sorted, and the page is cut from them
 *   all words are common      the list is walked newest first, by places alone, and of each piece
 *                             those are taken that hold the words; where few do, all threads of
 *                             each word are read, and the walk goes on by memory
 *
 * Long work is cut into pieces between which other requests run; pieces follow each other by the
 * list's own places, so that they are as right as pages (PAGE8).
 */

import type { ThreadRow } from "../rows.ts";
import { excerptOf } from "../search-snippet.ts";
import type { SearchTerm } from "../search-words.ts";
import type { ListedThread, ThreadQuery } from "../thread-store.ts";
import { mergedPlaces, mergedPlacesOf } from "./merged-rows.ts";
import type { RowOverlay } from "./row-overlay.ts";
import { Holders } from "./search-holders.ts";
import type { SearchReader } from "./search-reader.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { ThreadPlace, ViewReader } from "./view-reader.ts";

/** Where rows and words are. */
export type SearchSources = {
  readonly reader: ViewReader;
  readonly overlay: RowOverlay;
  readonly search: SearchReader;
  readonly limits: StoreLimits;
};

/** A search is within one org. */
type SearchQuery = ThreadQuery & { readonly orgId: string };

/** A thread that was found, and its number in the index. */
type Hit = { readonly row: ThreadRow; readonly number: number };

/** A page of an org's threads in which each term occurs, in the title or a message (FIND1). */
export async function searchThreads(
  sources: SearchSources,
  query: SearchQuery,
  terms: readonly SearchTerm[],
): Promise<ListedThread[]> {
  const { search, limits } = sources;
  const held: Holders[] = [];
  for (const term of terms) {
    const expression = search.expression(term, query.orgId, query.ownerUserId);
    if (expression === null) return [];
    const one = new Holders(search, expression, limits.searchProbedTexts);
    // The first reading tells a rare word from a common one.
    one.readOn();
    if (one.size === 0) return [];
    held.push(one);
  }
  const isRare = held.some(({ size }) => size <= limits.searchRareThreads);
  const hits = isRare
    ? fromFew(sources, query, await shared(sources, held))
    : await walk(sources, query, held);
  return withMatches(sources, { hits, query, terms, held });
}

/** The threads, by number, that hold every term; those of at least one are all known. */
async function shared({ limits }: SearchSources, held: readonly Holders[]): Promise<number[]> {
  const atOnce = limits.searchAskedThreads;
  const [rarest, ...others] = [...held].sort((a, b) => a.size - b.size);
  const candidates = rarest?.numbers() ?? [];
  const numbers: number[] = [];
  for (let at = 0; at < candidates.length; at += atOnce) {
    if (at > 0) await othersRan();
    numbers.push(...among(others, candidates.slice(at, at + atOnce)));
  }
  return numbers;
}

/** Those of the threads that hold every term. */
function among(held: readonly Holders[], numbers: readonly number[]): readonly number[] {
  return held.reduce((left, one) => one.among(left), numbers);
}

function fromFew(sources: SearchSources, query: SearchQuery, numbers: readonly number[]): Hit[] {
  const byId = sources.search.threadsOf(numbers);
  const places = mergedPlacesOf(sources, query, [...byId.keys()]);
  return places.slice(0, query.limit).flatMap((place) => hitsAt(sources, place, byId));
}

async function walk(
  sources: SearchSources,
  query: SearchQuery,
  held: readonly Holders[],
): Promise<Hit[]> {
  const { search, limits } = sources;
  const page: Hit[] = [];
  let { after } = query;
  // Since the last word came to be known: threads that hold all known ones, and those found.
  let [candidates, found] = [0, 0];
  for (;;) {
    const limit = limits[held.every(isKnown) ? "searchWalkedThreads" : "searchAskedThreads"];
    const { places, next } = mergedPlaces(sources, { ...query, after, limit });
    const ids = places.map(({ threadId }) => threadId);
    const byId = search.numbersOf(query.orgId, ids);
    const holding = new Set(among(held, [...byId.values()]));
    for (const place of places) {
      if (!holding.has(byId.get(place.threadId) ?? -1)) continue;
      page.push(...hitsAt(sources, place, byId));
      if (page.length === query.limit) return page;
    }
    if (next === null) return page;
    after = next;
    await othersRan();
    candidates += among(held.filter(isKnown), [...byId.values()]).length;
    found += holding.size;
    if (found * limits.searchHitsOneIn >= candidates || !(await knowOneMore(held))) continue;
    [candidates, found] = [0, 0];
    const numbers = await shared(sources, held.filter(isKnown));
    if (numbers.length > limits.searchRareThreads) continue;
    return fromFew(sources, query, await shared(sources, held));
  }
}

function isKnown({ size }: Holders): boolean {
  return size < Number.POSITIVE_INFINITY;
}

/** Reads on until all threads of one more term are known; false where they are of each. */
async function knowOneMore(held: readonly Holders[]): Promise<boolean> {
  const unknown = held.filter((one) => !isKnown(one));
  while (unknown.length > 0) {
    for (const one of unknown) {
      if (!one.readOn()) return true;
      await othersRan();
    }
  }
  return false;
}

/** The row at a place, which was found in this turn. */
function hitsAt(
  { reader, overlay }: SearchSources,
  place: ThreadPlace,
  byId: ReadonlyMap<string, number>,
): Hit[] {
  const row = overlay.get(place)?.thread ?? reader.thread(place);
  const number = byId.get(place.threadId);
  return row === null || number === undefined ? [] : [{ row, number }];
}

/** Rows with the text that shows why each was found (FIND5). */
function withMatches(
  { search, limits }: SearchSources,
  found: {
    readonly hits: readonly Hit[];
    readonly query: SearchQuery;
    readonly terms: readonly SearchTerm[];
    readonly held: readonly Holders[];
  },
): ListedThread[] {
  const { hits, query, terms, held } = found;
  const all = held.map(({ expression }) => `(${expression})`).join(" AND ");
  const together = new Holders(search, all, limits.searchProbedTexts);
  const newest = (number: number) => held.map((one) => one.documentOf(number) ?? 0);
  // Where the newest text of each term is one and the same, it is that of all.
  const isApart = ({ number }: Hit) => new Set(newest(number)).size > 1;
  together.among(hits.filter(isApart).map(({ number }) => number));
  return hits.map(({ row, number }) => {
    const text = search.text(together.documentOf(number) ?? Math.max(...newest(number)));
    // Erased, or renamed, since the list was read.
    if (text === null || (query.ownerUserId === null && text.type !== "title")) return row;
    const { sequence, type } = text;
    return { ...row, match: { sequence, type, ...excerptOf(text.text, terms) } };
  });
}

function othersRan(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
