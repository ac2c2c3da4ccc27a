/**
 * Lines that were just flushed and that the search index has yet to take: kept so that they need
 * not be read back, which costs more than to index them. Bounded; what is not here is read. Filled
 * and emptied by `search-feed.ts`.
 */
import type { Change } from "../changes.ts";
import type { EventLine } from "../event-line.ts";
import { isSearched } from "../search-text.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import type { StoreLimits } from "./store-limits.ts";

/** Events `first` to `last` of a thread; of those that are searched the lines. */
type Held = { first: number; last: number; bytes: number; lines: HeldLine[] };
type HeldLine = { readonly sequence: number; readonly line: Buffer };

/** The lines of all threads, by thread. */
export class HeldLines {
  readonly #threads = new Map<string, Held>();
  readonly #limits: StoreLimits;
  #bytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  /** Takes the lines of a flushed commit, unless there are too many. */
  add(key: ThreadKey, changes: readonly Change[]): void {
    for (const change of changes) {
      // What was before may be of another history now (MOVE8).
      if (change.kind === "thread_imported") this.forget(key);
      if (change.kind === "event") this.#add(key, change);
    }
  }

  /** The lines that are searched, of events `first` to `last`; null where they are to be read. */
  lines(key: ThreadKey, first: number, last: number): Buffer[] | null {
    const held = this.#threads.get(keyText(key));
    if (held === undefined || held.first > first || held.last !== last) return null;
    return held.lines.filter(({ sequence }) => sequence >= first).map(({ line }) => line);
  }

  /** Lets go of a thread's lines. */
  forget(key: ThreadKey): void {
    const text = keyText(key);
    this.#bytes -= this.#threads.get(text)?.bytes ?? 0;
    this.#threads.delete(text);
  }

  #add(key: ThreadKey, { event, line }: EventLine): void {
    const text = keyText(key);
    const { sequence } = event;
    let held = this.#threads.get(text);
    if (held?.last !== sequence - 1) {
      this.forget(key);
      held = { first: sequence, last: sequence, bytes: 0, lines: [] };
      this.#threads.set(text, held);
    }
    held.last = sequence;
    if (!isSearched(event.type)) return;
    // In memory of its own: short buffers share theirs with others, which would stay as well.
    const own = Buffer.allocUnsafeSlow(line.length);
    line.copy(own);
    held.lines.push({ sequence, line: own });
    held.bytes += line.length;
    this.#bytes += line.length;
    const { searchHeldBytes, searchBytes } = this.#limits;
    if (held.bytes > searchBytes || this.#bytes > searchHeldBytes) this.forget(key);
  }
}
