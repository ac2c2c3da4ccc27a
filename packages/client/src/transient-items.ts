/**
 * What a run's transient frames are about: how long each text is so far, so that every delta says
 * its place, and which messages and calls have had their last word, so that nothing late is sent
 * about them (PUB16). Pure but for its own state; used by `Publisher`.
 */
import { itemOf, type OutgoingFrame } from "./publish-frames.ts";

/** Finished items that are remembered, as the server does. */
const finishedMax = 1_000;

/** One run's messages and calls. */
export class TransientItems {
  /** UTF-16 units so far, by type and item. */
  readonly #lengths = new Map<string, number>();
  readonly #finished = new Set<string>();

  /** Where a delta begins in its text: as it says, or behind the one before; null for others. */
  placeOf(frame: OutgoingFrame): number | null {
    const { delta, offset } = frame.payload;
    if (typeof delta !== "string" || !frame.type.endsWith("_delta")) return null;
    const name = `${frame.type} ${itemOf(frame)}`;
    const place = typeof offset === "number" ? offset : (this.#lengths.get(name) ?? 0);
    this.#lengths.set(name, place + delta.length);
    return place;
  }

  /** Takes in a durable frame: the last one about its message or call, perhaps. */
  finishWith(frame: OutgoingFrame): void {
    if (frame.type !== "assistant_message" && frame.type !== "tool_result") return;
    const item = itemOf(frame);
    if (item === null) return;
    this.#finished.add(item);
    for (const type of deltaTypes) this.#lengths.delete(`${type} ${item}`);
    if (this.#finished.size <= finishedMax) return;
    this.#finished.delete(this.#finished.values().next().value as string);
  }

  /** Whether the item had its last word. */
  isFinished(item: string | null): boolean {
    return item !== null && this.#finished.has(item);
  }
}

const deltaTypes = ["assistant_message_delta", "assistant_thinking_delta", "tool_output_delta"];
