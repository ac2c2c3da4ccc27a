/**
 * The threads that hold one term, as far as a search needs to know them: read one after the other
 * from the lowest number on, or asked for, neighbours together. Of a thread that is known to hold
 * it, so is the last document that does. Used by `search-threads.ts`; synchronous, in short steps.
 */
import type { SearchReader } from "./search-reader.ts";
import { documentsPerThread, threadNumberMax } from "./search-schema.ts";

/** Threads whose numbers are this near are asked for together, with those between them. */
const nearby = 64;
/** After so many questions it is read on, which costs as much, so that a long row of them ends. */
const questionsPerReading = 16;
/** Reading on finds its place anew each time, so that more is read at once, up to so much. */
const readingsMax = 32;

type Numbers = { first: number; last: number };

/** What is known of one term's threads. */
export class Holders {
  /** What the index is asked. */
  readonly expression: string;
  readonly #search: SearchReader;
  readonly #atOnce: number;
  /** Of each thread below `#next` that holds the term the last document that does, ascending. */
  readonly #read: number[] = [];
  /** The same of threads that were asked for, by number. */
  readonly #asked = new Map<number, number>();
  /** The thread to read on from; null: all are known. */
  #next: number | null = 0;
  /** Documents that are read when it goes on. */
  #readNext: number;

  /** Reads `atOnce` documents at a time. */
  constructor(search: SearchReader, expression: string, atOnce: number) {
    this.#search = search;
    this.expression = expression;
    this.#atOnce = atOnce;
    this.#readNext = atOnce;
  }

  /** How many threads; infinite while not all are known. */
  get size(): number {
    return this.#next === null ? this.#read.length : Number.POSITIVE_INFINITY;
  }

  /** The threads read so far, by number, ascending. */
  numbers(): number[] {
    return this.#read.map(threadOf);
  }

  /** Reads on, each time more; false where all are known. */
  readOn(): boolean {
    if (this.#next === null) return false;
    const threads = { first: this.#next, last: threadNumberMax };
    const { documents, next } = this.#lastDocuments(threads, this.#readNext);
    for (const document of documents) this.#read.push(document);
    this.#next = next;
    this.#readNext = Math.min(2 * this.#readNext, readingsMax * this.#atOnce);
    return next !== null;
  }

  /** Those of the threads that hold the term. */
  among(numbers: readonly number[]): number[] {
    for (const [at, run] of this.#unknownRuns(numbers).entries()) {
      if (at % questionsPerReading === questionsPerReading - 1 && !this.readOn()) break;
      this.#ask(run);
    }
    return numbers.filter((number) => this.documentOf(number) !== null);
  }

  /** The last document of the thread that holds the term; null where none is known. */
  documentOf(number: number): number | null {
    const asked = this.#asked.get(number);
    if (asked !== undefined) return asked;
    let [from, to] = [0, this.#read.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (threadOf(this.#read[middle] as number) < number) from = middle + 1;
      else to = middle;
    }
    const document = this.#read[from];
    return document !== undefined && threadOf(document) === number ? document : null;
  }

  /** Threads that are neither read nor asked for yet, neighbours together. */
  #unknownRuns(numbers: readonly number[]): Numbers[] {
    const runs: Numbers[] = [];
    const next = this.#next ?? Number.POSITIVE_INFINITY;
    const unknown = numbers.filter((number) => number >= next && !this.#asked.has(number));
    for (const number of unknown.sort((a, b) => a - b)) {
      const run = runs.at(-1);
      if (run !== undefined && number - run.last <= nearby) run.last = number;
      else runs.push({ first: number, last: number });
    }
    return runs;
  }

  #ask({ first, last }: Numbers): void {
    for (let from: number | null = first; from !== null && from <= last; ) {
      const { documents, next } = this.#lastDocuments({ first: from, last }, this.#atOnce);
      for (const document of documents) this.#asked.set(threadOf(document), document);
      from = next;
    }
  }

  /** Reads at most `limit` documents, gives the last of each thread, and where to go on. */
  #lastDocuments(threads: Numbers, limit: number): { documents: number[]; next: number | null } {
    const all = this.#search.documents(this.expression, threads, limit);
    // The last thread may go on behind what was read.
    const cut = all.length === limit ? threadOf(all.at(-1) as number) : null;
    const documents = all.filter((document, at) => {
      const number = threadOf(document);
      return number !== cut && number !== threadOf(all[at + 1] ?? -1);
    });
    if (cut === null || documents.length > 0) return { documents, next: cut };
    const last = this.#search.lastDocument(this.expression, cut);
    return { documents: last === null ? [] : [last], next: cut + 1 };
  }
}

function threadOf(document: number): number {
  return Math.floor(document / documentsPerThread);
}
