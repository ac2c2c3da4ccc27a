/** Gathers the lines of one page of events: up to a count and to bytes, never none for bytes. */
import { typeOfLine } from "../event-line.ts";
import type { EventPage, EventQuery } from "../thread-store.ts";
import type { LineSink } from "./rollout-files.ts";

/** Memory shorter than this is left to the collector: it may be shared, and is little. */
const releasedBytesMin = 64 * 1024;

/** Takes the lines of one query in its order; `page` is what came together. */
export class LineCollector implements LineSink {
  readonly #query: EventQuery;
  readonly #lines: Buffer[] = [];
  readonly #owned: ArrayBuffer[] = [];
  #bytes = 0;
  #next: number | null = null;

  constructor(query: EventQuery) {
    this.#query = query;
  }

  /** Takes the line of `sequence`, or remembers that the next page begins there. False: full. */
  take(line: Buffer, sequence: number): boolean {
    const { type, limit, bytesMax } = this.#query;
    if (type !== null && typeOfLine(line) !== type) return true;
    const full = this.#lines.length >= limit;
    if (full || (this.#lines.length > 0 && this.#bytes + line.length > bytesMax)) {
      this.#next = sequence;
      return false;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    return true;
  }

  /** How many more lines tell what the page holds and whether another follows; null: any number. */
  get wanted(): number | null {
    return this.#query.type === null ? this.#query.limit + 1 - this.#lines.length : null;
  }

  owns({ buffer, length }: Buffer): void {
    if (length >= releasedBytesMin && length === buffer.byteLength) {
      this.#owned.push(buffer as ArrayBuffer);
    }
  }

  page(): EventPage {
    const page = { lines: this.#lines, next: this.#next };
    const owned = this.#owned;
    if (owned.length === 0) return page;
    const release = () => {
      for (const memory of owned.splice(0)) memory.transfer(0);
    };
    return { ...page, release };
  }
}
