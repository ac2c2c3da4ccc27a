/**
 * Flushed lines that stand in the journal but not yet in their rollout files. A reader takes a
 * rollout's file up to where its tail begins, then the tail; a checkpoint turns the chunks of a
 * sealed segment into file content and drops them here. Only whole segments are ever dropped, so
 * the border between file and tail is always a segment's (LOG14).
 */
import { keyText, type ThreadKey } from "../thread-key.ts";
import { endOfWrite, type RolloutWrite } from "./journal-record.ts";

/** What of a thread sealed segments hold. */
export type SegmentShare = {
  readonly key: ThreadKey;
  readonly rollouts: ReadonlyMap<string, readonly RolloutWrite[]>;
};

type ThreadTail = { readonly key: ThreadKey; readonly rollouts: Map<string, RolloutWrite[]> };

/** The tails of all threads, by rollout, in the order of the lines. */
export class MemoryTail {
  readonly #threads = new Map<string, ThreadTail>();

  add(key: ThreadKey, writes: readonly RolloutWrite[]): void {
    if (writes.length === 0) return;
    const text = keyText(key);
    let tail = this.#threads.get(text);
    if (tail === undefined) {
      tail = { key, rollouts: new Map() };
      this.#threads.set(text, tail);
    }
    for (const write of writes) {
      const chunks = tail.rollouts.get(write.rolloutId);
      if (chunks === undefined) tail.rollouts.set(write.rolloutId, [write]);
      else chunks.push(write);
    }
  }

  /** Whether a commit's lines go on where the tail ends; an empty one begins anywhere. */
  continues(key: ThreadKey, writes: readonly RolloutWrite[]): boolean {
    const first = new Map(writes.toReversed().map((write) => [write.rolloutId, write]));
    return [...first.values()].every(({ rolloutId, offset }) => {
      const last = this.chunks(key, rolloutId).at(-1);
      return last === undefined || endOfWrite(last) === offset;
    });
  }

  /** The rollout's chunks in order. The array may grow later; take what is needed at once. */
  chunks(key: ThreadKey, rolloutId: string): readonly RolloutWrite[] {
    return this.#threads.get(keyText(key))?.rollouts.get(rolloutId) ?? [];
  }

  /** Threads with lines in segments up to this one, and those lines. */
  *shares(segment: number): Generator<SegmentShare> {
    for (const { key, rollouts } of this.#threads.values()) {
      const share = new Map<string, RolloutWrite[]>();
      for (const [rolloutId, chunks] of rollouts) {
        const own = chunks.filter((chunk) => chunk.segment <= segment);
        if (own.length > 0) share.set(rolloutId, own);
      }
      if (share.size > 0) yield { key, rollouts: share };
    }
  }

  /** Forgets the chunks of segments up to this one: their lines are in the files now. */
  drop(segment: number): void {
    for (const [text, { rollouts }] of this.#threads) {
      for (const [rolloutId, chunks] of rollouts) {
        const rest = chunks.filter((chunk) => chunk.segment > segment);
        if (rest.length === 0) rollouts.delete(rolloutId);
        // A new array: readers hold the old one.
        else if (rest.length < chunks.length) rollouts.set(rolloutId, rest);
      }
      if (rollouts.size === 0) this.#threads.delete(text);
    }
  }

  /** Forgets a deleted thread. Gives the segments that held lines of it. */
  erase(key: ThreadKey): ReadonlySet<number> {
    const text = keyText(key);
    const chunks = [...(this.#threads.get(text)?.rollouts.values() ?? [])].flat();
    this.#threads.delete(text);
    return new Set(chunks.map(({ segment }) => segment));
  }
}
