/**
 * Finds threads by words, newest activity first (FIND1). How, depends on how often the words
 * occur, so that neither a rare nor a common word makes a page slow:
 *
 *   one word is rare      its threads are looked up, sorted, and the page is cut from them
 *   all words are common  the list is walked newest first, each thread asked whether it holds them;
 *                         where few do, whole sets of threads are read, and the walk goes on
 *
 * Long work is cut into pieces between which other requests run; pieces follow each other by the
 * list's own places, so that they are as right as pages (PAGE8).
 */

import type { ThreadRow } from "../rows.ts";
import { excerptOf } from "../search-snippet.ts";
import type { SearchTerm } from "../search-words.ts";
import type { ListedThread, ThreadQuery } from "../thread-store.ts";
import { matches, mergedThreads, newestFirst } from "./merged-rows.ts";
import type { RowOverlay } from "./row-overlay.ts";
import type { SearchReader } from "./search-reader.ts";
import { documentsPerThread } from "./search-schema.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { ViewReader } from "./view-reader.ts";

/** Threads looked up before others get their turn. */
const piece = 100;

/** Where rows and words are. */
export type SearchSources = {
  readonly reader: ViewReader;
  readonly overlay: RowOverlay;
  readonly search: SearchReader;
  readonly limits: StoreLimits;
};

/** A page of threads in which each term occurs in the title or in some message (FIND1). */
export async function searchThreads(
  sources: SearchSources,
  query: ThreadQuery,
  terms: readonly SearchTerm[],
): Promise<ListedThread[]> {
  const { search, limits } = sources;
  const held: Holders[] = [];
  for (const term of terms) {
    const expression = search.expression(term, query.orgId ?? "", query.ownerUserId);
    if (expression === null) return [];
    held.push(new Holders(search, expression, limits.searchProbedTexts));
  }
  // The smallest set first: it leaves out most.
  held.sort((a, b) => a.size - b.size);
  const [rarest] = held;
  if (rarest === undefined || rarest.size === 0) return [];
  const isRare = rarest.size <= limits.searchRareThreads;
  const rows = isRare
    ? await fromFew(sources, query, await shared(held))
    : await walk(sources, query, held);
  return withMatches(sources, { rows, query, terms, held });
}

/** The threads that hold one term: all of them where it is not too common, else asked for. */
class Holders {
  readonly expression: string;
  readonly #search: SearchReader;
  readonly #atOnce: number;
  /** By number, the last document known to hold it. */
  readonly #known = new Map<number, number>();
  #last = 0;
  #isComplete = false;

  /** Reads `atOnce` documents at a time, the first now, to see whether there are more. */
  constructor(search: SearchReader, expression: string, atOnce: number) {
    this.#search = search;
    this.expression = expression;
    this.#atOnce = atOnce;
    this.#readMore();
  }

  /** How many threads; infinite while not all are known. */
  get size(): number {
    return this.#isComplete ? this.#known.size : Number.POSITIVE_INFINITY;
  }

  /** The threads known, by number. */
  numbers(): Iterable<number> {
    return this.#known.keys();
  }

  /** A document of the thread that holds it, the last where that is known; null for none. */
  documentOf(number: number): number | null {
    const known = this.#known.get(number);
    if (known !== undefined || this.#isComplete) return known ?? null;
    const document = this.#search.lastDocument(this.expression, number);
    if (document !== null) this.#known.set(number, document);
    return document;
  }

  /** Reads all threads, letting others run in between. */
  async complete(): Promise<void> {
    while (!this.#isComplete) {
      this.#readMore();
      await othersRan();
    }
  }

  #readMore(): void {
    const documents = this.#search.documents(this.expression, this.#last, this.#atOnce);
    for (const document of documents) {
      this.#known.set(Math.floor(document / documentsPerThread), document);
    }
    this.#last = documents.at(-1) ?? this.#last;
    this.#isComplete = documents.length < this.#atOnce;
  }
}

/** The threads, by number, that hold every term; the first one's are all known. */
async function shared(held: readonly Holders[]): Promise<number[]> {
  const numbers: number[] = [];
  let looked = 0;
  for (const number of held[0]?.numbers() ?? []) {
    looked += 1;
    if (looked % piece === 0) await othersRan();
    if (held.every((one) => one.documentOf(number) !== null)) numbers.push(number);
  }
  return numbers;
}

async function fromFew(
  { reader, overlay, search }: SearchSources,
  query: ThreadQuery,
  numbers: readonly number[],
): Promise<ThreadRow[]> {
  const found: ThreadRow[] = [];
  for (const [at, number] of numbers.entries()) {
    if (at % piece === piece - 1) await othersRan();
    const key = search.keyOf(number);
    const row = key && (overlay.get(key)?.thread ?? reader.thread(key));
    if (row && matches(row, query)) found.push(row);
  }
  return found.sort(newestFirst).slice(0, query.limit);
}

async function walk(
  sources: SearchSources,
  query: ThreadQuery,
  held: readonly Holders[],
): Promise<ThreadRow[]> {
  const { reader, overlay, search, limits } = sources;
  const walkedAtOnce = limits.searchWalkedThreads;
  const page: ThreadRow[] = [];
  let { after } = query;
  let isComplete = false;
  for (let walked = 0; ; walked += walkedAtOnce) {
    const rows = mergedThreads(reader, overlay, { ...query, after, limit: walkedAtOnce });
    for (const row of rows) {
      const number = search.numberOf(row);
      if (number === null || !held.every((one) => one.documentOf(number) !== null)) continue;
      page.push(row);
      if (page.length === query.limit) return page;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < walkedAtOnce) return page;
    after = { updatedAt: last.updatedAt, threadId: last.threadId };
    await othersRan();
    const asked = walked + rows.length;
    if (isComplete || page.length * limits.searchHitsOneIn >= asked) continue;
    isComplete = true;
    for (const one of held) await one.complete();
    const numbers = await shared([...held].sort((a, b) => a.size - b.size));
    if (numbers.length <= limits.searchRareThreads) return fromFew(sources, query, numbers);
  }
}

/** Rows with the text that shows why each was found (FIND5). */
function withMatches(
  { search }: SearchSources,
  found: {
    readonly rows: readonly ThreadRow[];
    readonly query: ThreadQuery;
    readonly terms: readonly SearchTerm[];
    readonly held: readonly Holders[];
  },
): ListedThread[] {
  const { rows, query, terms, held } = found;
  const all = held.map(({ expression }) => `(${expression})`).join(" AND ");
  return rows.map((row) => {
    const number = search.numberOf(row);
    if (number === null) return row;
    const together = held.length === 1 ? null : search.lastDocument(all, number);
    const single = () => Math.max(...held.map((one) => one.documentOf(number) ?? 0));
    const text = search.text(together ?? single());
    // Erased, or renamed, since the list was read.
    if (text === null || (query.ownerUserId === null && text.type !== "title")) return row;
    const { sequence, type } = text;
    return { ...row, match: { sequence, type, ...excerptOf(text.text, terms) } };
  });
}

function othersRan(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
