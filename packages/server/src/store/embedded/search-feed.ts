/**
 * Keeps the search index behind the store, in a queue of its own so that nobody waits for it:
 *
 *   flush ──▶ changed threads ──┐
 *   start ──▶ scan, in pieces ──┴▶ title and new lines ─▶ worker ─▶ search.db (how far, with it)
 *   nothing to do ─▶ what was written apart is merged, in pieces, for quicker reading
 *   deletion ─▶ erased first; a checkpoint waits until that is on stable storage (DEL6)
 *
 * How far a thread is indexed stands in the index alone, written with what it tells of. So a crash
 * at any point leaves work to do, never a hole (FIND7). A thread whose history is no longer the one
 * that was indexed (MOVE8) is erased and indexed anew. One task at a time.
 */
import { TurnPace } from "../../ops/turn-pace.ts";
import type { Change } from "../changes.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { HeldLines } from "./search-held-lines.ts";
import type { SearchSink } from "./search-link.ts";
import { type ScanPlace, scanStart } from "./search-scan.ts";
import { nextUpdate, type SearchUpdateParts } from "./search-update.ts";
import type { SearchUpdate } from "./search-writer.ts";
import type { StoreLimits } from "./store-limits.ts";

/** Where threads are read and how far they are indexed, and who writes the index. */
export type SearchFeedParts = SearchUpdateParts & {
  readonly sink: () => SearchSink;
  readonly limits: StoreLimits;
  readonly now: () => number;
  /** Called when a task failed; true: the index is new, and everything is to be indexed again. */
  readonly onFailure: (error: unknown) => Promise<boolean>;
};

/** The queue of what is not indexed yet. Calls never wait, but for `erased`. */
export class SearchFeed {
  readonly #parts: SearchFeedParts;
  readonly #changed = new Map<string, ThreadKey>();
  readonly #deleted = new Map<string, ThreadKey>();
  readonly #held: HeldLines;
  #scan: ScanPlace | null = scanStart;
  /** Threads that the comparison found the index to lack something of. */
  readonly #lacking = new Set<string>();
  /** Whether something was erased that is not on stable storage yet. */
  #isUnsynced = false;
  /** Whether what was written apart is still to be merged, so that reading it costs less. */
  #isUnmerged = true;
  #timer: NodeJS.Timeout | null = null;
  /** Ends when all that was begun has ended. */
  #last: Promise<void> = Promise.resolve();
  #failing = false;
  #closed = false;

  constructor(parts: SearchFeedParts) {
    this.#parts = parts;
    this.#held = new HeldLines(parts.limits);
  }

  /** Whether the index lacks what was there at the start, or what was to be written (FIND9). */
  get isFilling(): boolean {
    return this.#scan !== null || this.#lacking.size > 0 || this.#failing;
  }

  /** The thread has a title or events that the index may not know; `changes` were just flushed. */
  changed(key: ThreadKey, changes: readonly Change[]): void {
    this.#held.add(key, changes);
    this.#changed.set(keyText(key), key);
    this.#schedule(this.#parts.limits.searchIntervalMs);
  }

  /** The thread is gone. */
  deleted(key: ThreadKey): void {
    const text = keyText(key);
    this.#held.forget(key);
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

  /** One round of what is most urgent; others get time in between. */
  async #work(): Promise<void> {
    try {
      await this.#eraseAll();
      if (this.#changed.size > 0) await this.#index();
      else if (this.#scan !== null) await this.#scanOn(this.#scan);
      else if (this.#isUnmerged) this.#isUnmerged = await this.#parts.sink().merge();
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
    const isBehind = this.#changed.size > 0 || this.#deleted.size > 0 || this.#scan !== null;
    return !isBehind && !this.#isUnmerged;
  }

  /** Changes come by themselves and gather; what is left of a backlog goes on at once. */
  #pause(): number {
    const { retryMs, searchIntervalMs, searchThreads } = this.#parts.limits;
    if (this.#failing) return retryMs;
    const { size } = this.#changed;
    return size > 0 && size < searchThreads && this.#scan === null ? searchIntervalMs : 0;
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
    const { limits, sink } = this.#parts;
    const taken = [...this.#changed].slice(0, limits.searchThreads);
    const updates: SearchUpdate[] = [];
    const begun: ThreadKey[] = [];
    const finished: string[] = [];
    let bytesLeft = limits.searchBytes;
    // Lines in memory are read without a wait, and one thread after the other would be one turn.
    const pace = new TurnPace(this.#parts.now, limits.turnMs);
    try {
      for (const [text, key] of taken) {
        await pace.pause();
        if (bytesLeft <= 0) break;
        this.#changed.delete(text);
        begun.push(key);
        const parts = { ...this.#parts, held: this.#held };
        const { update, isToErase, left } = await nextUpdate(parts, key, bytesLeft);
        if (isToErase) this.#deleted.set(text, key);
        if (left === "more") this.#changed.set(text, key);
        if (left === "nothing") finished.push(text);
        if (update === null) continue;
        bytesLeft -= update.lines.length;
        updates.push(update);
      }
      if (updates.length > 0) await sink().write(updates);
      this.#isUnmerged ||= updates.length > 0;
      for (const text of finished) this.#lacking.delete(text);
      for (const key of begun) if (!this.#changed.has(keyText(key))) this.#held.forget(key);
    } catch (error) {
      for (const key of begun) this.#changed.set(keyText(key), key);
      throw error;
    }
  }
}
