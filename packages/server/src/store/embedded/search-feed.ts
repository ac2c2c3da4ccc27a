/**
 * Keeps the search index behind the store, in a queue of its own so that nobody waits for it:
 *
 *   flush ──▶ changed threads ──┐
 *   start ──▶ scan, in pieces ──┴▶ title and new lines ─▶ worker ─▶ search.db (how far, with it)
 *   deletion ─▶ erased first; a checkpoint waits until that is on stable storage (DEL6)
 *
 * How far a thread is indexed stands in the index alone, written with what it tells of. So a crash
 * at any point leaves work to do, never a hole (FIND7). A thread whose history is no longer the one
 * that was indexed (MOVE8) is erased and indexed anew. One task at a time.
 */
import { crc32 } from "node:zlib";
import { TurnPace } from "../../ops/turn-pace.ts";
import { typeOfLine } from "../event-line.ts";
import type { ThreadRow } from "../rows.ts";
import { isSearched } from "../search-text.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { type EventPage, type EventQuery, StorageDamage } from "../thread-store.ts";
import type { SearchSink } from "./search-link.ts";
import type { IndexedThread } from "./search-reader.ts";
import { type ScanPlace, scanStart } from "./search-scan.ts";
import type { SearchUpdate } from "./search-writer.ts";
import type { StoreLimits } from "./store-limits.ts";

/** Where threads are read and how far they are indexed, and who writes the index. */
export type SearchFeedParts = {
  readonly sink: () => SearchSink;
  readonly indexed: (key: ThreadKey) => IndexedThread | null;
  readonly threadRow: (key: ThreadKey) => ThreadRow | null;
  /** Whether the thread's events are in their place; `changed` is called when they come to be. */
  readonly isReadable: (key: ThreadKey) => boolean;
  readonly readEvents: (query: EventQuery) => Promise<EventPage>;
  readonly limits: StoreLimits;
  readonly now: () => number;
  readonly log: (line: string) => void;
  /** Called when a task failed; true: the index is new, and everything is to be indexed again. */
  readonly onFailure: (error: unknown) => Promise<boolean>;
};

/** What is to be indexed of a thread, and what is left then; of one to be said, `changed` tells. */
type NextUpdate = {
  readonly update: SearchUpdate | null;
  readonly left: "nothing" | "more" | "all, to be said";
};

/** Threads whose updates go to the index in one transaction. */
const threadsAtOnce = 200;
const linesAtOnce = 2_000;

/** The queue of what is not indexed yet. Calls never wait, but for `erased`. */
export class SearchFeed {
  readonly #parts: SearchFeedParts;
  readonly #changed = new Map<string, ThreadKey>();
  readonly #deleted = new Map<string, ThreadKey>();
  #scan: ScanPlace | null = scanStart;
  /** Threads that the comparison found the index to lack something of. */
  readonly #lacking = new Set<string>();
  /** Whether something was erased that is not on stable storage yet. */
  #isUnsynced = false;
  #timer: NodeJS.Timeout | null = null;
  /** Ends when all that was begun has ended. */
  #last: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(parts: SearchFeedParts) {
    this.#parts = parts;
  }

  /** Whether the index lacks what was there at the start, or what was to be written (FIND9). */
  get isFilling(): boolean {
    return this.#scan !== null || this.#lacking.size > 0 || this.#failing;
  }

  /** The thread has a title or events that the index may not know. */
  changed(key: ThreadKey): void {
    this.#changed.set(keyText(key), key);
    this.#schedule(this.#parts.limits.searchIntervalMs);
  }

  /** The thread is gone. */
  deleted(key: ThreadKey): void {
    const text = keyText(key);
    this.#changed.delete(text);
    this.#lacking.delete(text);
    this.#deleted.set(text, key);
    this.#schedule(this.#parts.limits.searchIntervalMs);
  }

  /** Compares the whole index with the tables, in the background. */
  compare(): void {
    this.#scan = scanStart;
    this.#schedule(this.#parts.limits.searchIntervalMs);
  }

  /** Resolves when nothing of the threads deleted so far is in the index's files. */
  erased(): Promise<void> {
    return this.#next(async () => {
      try {
        await this.#eraseAll();
        if (this.#isUnsynced) await this.#parts.sink().checkpoint();
        this.#isUnsynced = false;
      } catch (error) {
        // A new index holds nothing of them either.
        if (!(await this.#startedOver(error))) throw error;
      }
    });
  }

  /** Says that a reader of the index failed, in case it is to be made anew. */
  async failed(error: unknown): Promise<void> {
    await this.#next(async () => void (await this.#startedOver(error)));
  }

  /** Ends the work after the task under way; the next start goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer ?? undefined);
    await this.#last;
  }

  #schedule(delayMs: number): void {
    if (this.#closed || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      void this.#next(async () => {
        this.#timer = null;
        if (!this.#closed) await this.#work();
        if (!this.#isIdle()) this.#schedule(this.#pause());
      });
    }, delayMs);
    this.#timer.unref();
  }

  /** Does one thing after the other. */
  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined); // told to its caller
    return done;
  }

  /** One round; with nothing but the scan to do others get time in between. */
  async #work(): Promise<void> {
    try {
      await this.#eraseAll();
      if (this.#changed.size > 0) await this.#index();
      else if (this.#scan !== null) await this.#scanOn(this.#scan);
      this.#failing = false;
    } catch (error) {
      if (await this.#startedOver(error)) return;
      if (!this.#failing) {
        const { message } = error as Error;
        this.#parts.log(`search.db could not be written and is tried again: ${message}`);
      }
      this.#failing = true;
    }
  }

  #isIdle(): boolean {
    return this.#changed.size === 0 && this.#deleted.size === 0 && this.#scan === null;
  }

  /** Changes come by themselves and gather; what is left of a backlog goes on at once. */
  #pause(): number {
    const { retryMs, searchIntervalMs } = this.#parts.limits;
    if (this.#failing) return retryMs;
    return this.#scan === null && this.#changed.size < threadsAtOnce ? searchIntervalMs : 0;
  }

  /** Whether a failure was answered by a new index; then all of it is to be filled again. */
  async #startedOver(error: unknown): Promise<boolean> {
    if (!(await this.#parts.onFailure(error))) return false;
    this.#deleted.clear();
    this.#isUnsynced = false;
    this.#failing = false;
    return true;
  }

  async #eraseAll(): Promise<void> {
    for (const [text, key] of this.#deleted) {
      if (this.#parts.indexed(key) !== null) {
        this.#isUnsynced = true;
        await this.#parts.sink().erase(key);
      }
      this.#deleted.delete(text);
    }
  }

  async #scanOn(place: ScanPlace): Promise<void> {
    const { keys, next } = await this.#parts.sink().scan(place);
    for (const key of keys) {
      this.#changed.set(keyText(key), key);
      this.#lacking.add(keyText(key));
    }
    this.#scan = next;
  }

  async #index(): Promise<void> {
    const taken = [...this.#changed].slice(0, threadsAtOnce);
    const updates: SearchUpdate[] = [];
    const begun: ThreadKey[] = [];
    const finished: string[] = [];
    let bytesLeft = this.#parts.limits.searchBytes;
    // Lines in memory are read without a wait, and one thread after the other would be one turn.
    const pace = new TurnPace(this.#parts.now, this.#parts.limits.turnMs);
    try {
      for (const [text, key] of taken) {
        await pace.pause();
        if (bytesLeft <= 0) break;
        this.#changed.delete(text);
        begun.push(key);
        const { update, left } = await this.#updateOf(key, bytesLeft);
        if (left === "more") this.#changed.set(text, key);
        if (left === "nothing") finished.push(text);
        if (update === null) continue;
        bytesLeft -= update.lines.length;
        updates.push(update);
      }
      if (updates.length > 0) await this.#parts.sink().write(updates);
      for (const text of finished) this.#lacking.delete(text);
    } catch (error) {
      for (const key of begun) this.#changed.set(keyText(key), key);
      throw error;
    }
  }

  /** What the index lacks of a thread, as far as the bytes go. */
  async #updateOf(key: ThreadKey, bytesMax: number): Promise<NextUpdate> {
    const { threadRow, isReadable } = this.#parts;
    const row = threadRow(key);
    const isGone = row === null || row.deletedAt !== null;
    // Said again, by `changed`, when it is.
    if (!isGone && !isReadable(key)) return { update: null, left: "all, to be said" };
    const indexed = this.#parts.indexed(key);
    if (isGone || !(await this.#isBeginning(indexed, row))) {
      if (indexed !== null) this.#deleted.set(keyText(key), key);
      return { update: null, left: isGone ? "nothing" : "more" };
    }
    const { sequence, crc, metaVersion } = row;
    if (indexed?.sequence === sequence && indexed.metaVersion === metaVersion) {
      return { update: null, left: "nothing" };
    }
    const from = (indexed?.sequence ?? 0) + 1;
    const page = await this.#page({ key, from, to: sequence, bytesMax });
    if (page === null) return { update: null, left: "nothing" };
    // Imported meanwhile: what was read may be of two histories.
    if (threadRow(key)?.metaVersion !== metaVersion) return { update: null, left: "more" };
    const { ownerUserId, title, titleSource } = row;
    const last = page.lines.at(-1);
    const reached = {
      sequence: page.next === null ? sequence : page.next - 1,
      crc: last === undefined ? crc : crc32(last),
    };
    const lines = joined(page.lines.filter((line) => isSearched(typeOfLine(line))));
    const update = { key, ownerUserId, title, titleSource, metaVersion, ...reached, lines };
    return { update, left: page.next === null ? "nothing" : "more" };
  }

  /** Whether what is indexed is how the thread begins: an import may have replaced its end. */
  async #isBeginning(indexed: IndexedThread | null, row: ThreadRow): Promise<boolean> {
    if (indexed === null || indexed.sequence === 0) return true;
    const { sequence, crc } = indexed;
    if (sequence >= row.sequence) return sequence === row.sequence && crc === row.crc;
    // Each import is a change of this version too (MOVE8).
    if (indexed.metaVersion === row.metaVersion) return true;
    const page = await this.#page({ key: row, from: sequence, to: sequence, bytesMax: 1 });
    const line = page?.lines[0];
    return line === undefined || crc32(line) === crc;
  }

  /** Null where the history is damaged: what can still be read of it is not searched. */
  async #page(of: Pick<EventQuery, "key" | "from" | "to" | "bytesMax">): Promise<EventPage | null> {
    if (of.from > of.to) return { lines: [], next: null };
    const all = { rolloutId: null, order: "asc", type: null, limit: linesAtOnce } as const;
    try {
      return await this.#parts.readEvents({ ...of, ...all });
    } catch (error) {
      if (!(error instanceof StorageDamage)) throw error;
      this.#parts.log(`${of.key.threadId} is left out of search: ${error.message}`);
      return null;
    }
  }
}

/** Lines with their newlines, in memory of their own, which can be handed to another thread. */
function joined(lines: readonly Buffer[]): Uint8Array {
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const bytes = new Uint8Array(size).fill(0x0a);
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length + 1;
  }
  return bytes;
}
