/**
 * Compares an import, line by line, with what the thread has here, and finds out which of the two
 * histories is the beginning of the other (MOVE6). What closed an imported history counts as no part
 * of it, at the end of either (MOVE8).
 *
 *   here  1 … 50 c      same lines, then c closes: the import goes on from 50 in place of it
 *   file  1 … 50 51 …
 *
 *   here  1 … 50 51 …   same lines, then the file closes: it is the beginning of what is here
 *   file  1 … 50 c
 */
import type { Event } from "@spool/protocol/resources";
import { decodeEvent, type EventLine } from "../store/event-line.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import { closingEventsMax, isClosing } from "./import-closing.ts";

/** Lines read at a time. */
const page = { limit: 1_000, bytesMax: 1024 * 1024 };

/** The lines of a thread from the first to `to`, in order, as the store has them. */
export async function* storedLines(
  store: ThreadStore,
  key: ThreadKey,
  to: number,
): AsyncGenerator<Buffer> {
  for (let from = 1; from <= to; ) {
    const query = { key, rolloutId: null, from, to, order: "asc", type: null, ...page } as const;
    const { lines, next } = await store.readEvents(query);
    yield* lines;
    if (next === null) return;
    from = next;
  }
}

/** What a line of the import is: known here, new, or proof of another history. */
export type Compared = "known" | "new" | "other";

/** One comparison; lines are given to `take` in order. */
export class ImportComparison {
  readonly #stored: AsyncGenerator<Buffer>;
  readonly #length: number;
  #common = 0;
  /** From here on, what the file holds is not compared any more. */
  #state: "same" | "goes_on" | "closes" = "same";
  /** Whether all lines beyond the common ones close a history. */
  #onlyCloses = true;

  /** With the thread in `store` up to `length` events, 0 where it has none or there is none. */
  constructor(store: ThreadStore, key: ThreadKey, length: number) {
    this.#stored = storedLines(store, key, length);
    this.#length = length;
  }

  /** How many events both histories have; those beyond are new. */
  get common(): number {
    return this.#common;
  }

  /** Whether events that are here must go: they closed the history at its last import. */
  get replacesClosing(): boolean {
    return this.#common < this.#length;
  }

  /** Whether the import adds anything, now that all of it was taken. */
  get adds(): boolean {
    return this.#state === "goes_on" && !(this.#length > 0 && this.#onlyCloses);
  }

  async take({ event, line }: EventLine): Promise<Compared> {
    if (this.#state === "same" && event.sequence > this.#length) this.#state = "goes_on";
    if (this.#state === "same") {
      const { value } = await this.#stored.next();
      if (value !== undefined && line.equals(value)) {
        this.#common = event.sequence;
        return "known";
      }
      const rest = value === undefined ? [] : await this.#restFrom(value);
      if (rest.length <= closingEventsMax && rest.every(isClosing)) this.#state = "goes_on";
      else if (isClosing(event)) this.#state = "closes";
      else return "other";
    }
    if (!isClosing(event)) {
      this.#onlyCloses = false;
      if (this.#state === "closes") return "other";
    }
    return this.#state === "closes" ? "known" : "new";
  }

  /** What is here from the line that differs on, as far as it matters. */
  async #restFrom(first: Buffer): Promise<Event[]> {
    const rest = [decodeEvent(first).event];
    while (rest.length <= closingEventsMax) {
      const { value } = await this.#stored.next();
      if (value === undefined) break;
      rest.push(decodeEvent(value).event);
    }
    return rest;
  }
}
