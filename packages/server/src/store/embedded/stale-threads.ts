/** Which threads' `thread.json` is out of date, by the journal segment that made it so. */
import { keyText, type ThreadKey } from "../thread-key.ts";

/** Threads by segment, each once, in the order of their first change there. */
export class StaleThreads {
  readonly #segments = new Map<number, Map<string, ThreadKey>>();

  add(segment: number, key: ThreadKey): void {
    const threads = this.#segments.get(segment) ?? new Map<string, ThreadKey>();
    this.#segments.set(segment, threads.set(keyText(key), key));
  }

  /**
   * Notes a deletion, and in which segments lines stand that no file will hold: before any of them
   * goes, the tombstone must be there, or a rebuild would find a history with a gap (LOG6).
   */
  addDeleted(key: ThreadKey, segments: Iterable<number>): void {
    for (const segment of segments) this.add(segment, key);
  }

  of(segment: number): ThreadKey[] {
    return [...(this.#segments.get(segment)?.values() ?? [])];
  }

  delete(segment: number): void {
    this.#segments.delete(segment);
  }
}
