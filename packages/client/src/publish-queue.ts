/**
 * Frames that wait to be sent, in order. Merges a delta into the one before it where they are of
 * one id and kind, cuts what waits into messages, and over its bound gives up the oldest transient
 * frames; durable ones never. Pure but for its own state; used by `Publisher`.
 */
import { bytesOf, type Entry, type TransientEntry } from "./publish-frames.ts";

/** Frames and bytes of one message; one frame may be larger. */
const messageFramesMax = 1_000;
const messageBytesMax = 1024 * 1024;
/** UTF-16 units of a merged delta. */
const deltaUnitsMax = 64 * 1024;

/** The queue of one run. */
export class PublishQueue {
  #entries: Entry[] = [];
  #bytes = 0;
  #durables = 0;

  get length(): number {
    return this.#entries.length;
  }

  /** Bytes of what waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a durable frame waits. */
  get hasDurable(): boolean {
    return this.#durables > 0;
  }

  /** Whether what waits fills a message, so that gathering more gains nothing. */
  get fillsMessage(): boolean {
    return this.#entries.length >= messageFramesMax || this.#bytes >= messageBytesMax;
  }

  /** Puts a frame behind what waits. */
  push(entry: Entry): void {
    const last = this.#entries.at(-1);
    if (!entry.durable && last !== undefined && !last.durable && continues(last, entry)) {
      const delta = String(entry.payload.delta);
      last.payload.delta = String(last.payload.delta) + delta;
      const bytes = bytesOf(delta);
      last.bytes += bytes;
      this.#bytes += bytes;
      return;
    }
    this.#entries.push(entry);
    this.#count(entry, 1);
  }

  /** Puts back in front what was sent and is to be sent again. */
  putBack(entries: readonly Entry[]): void {
    this.#entries = [...entries, ...this.#entries];
    for (const entry of entries) this.#count(entry, 1);
  }

  /** Gives up the oldest transient frames until at most `bytesMax` wait, or none is left. */
  shedTransient(bytesMax: number): void {
    if (this.#bytes <= bytesMax) return;
    this.#entries = this.#entries.filter((entry) => {
      if (entry.durable || this.#bytes <= bytesMax) return true;
      this.#count(entry, -1);
      return false;
    });
  }

  /** Gives up the transient frames in front of the first durable one. */
  dropLeadingTransient(): void {
    const durableAt = this.#entries.findIndex(({ durable }) => durable);
    const count = durableAt === -1 ? this.#entries.length : durableAt;
    for (const entry of this.#entries.splice(0, count)) this.#count(entry, -1);
  }

  /** The frames of the next message; `durableOnly` stops in front of a transient one. */
  take(durableOnly: boolean): Entry[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#entries) {
      if (count === messageFramesMax || (durableOnly && !entry.durable)) break;
      bytes += entry.bytes;
      if (count > 0 && bytes > messageBytesMax) break;
      count += 1;
    }
    const taken = this.#entries.splice(0, count);
    for (const entry of taken) this.#count(entry, -1);
    return taken;
  }

  /** Everything that waits; the queue is empty then. */
  takeAll(): Entry[] {
    const taken = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    this.#durables = 0;
    return taken;
  }

  #count(entry: Entry, sign: 1 | -1): void {
    this.#bytes += sign * entry.bytes;
    if (entry.durable) this.#durables += sign;
  }
}

/** Whether `next` is the rest of a delta that was not sent yet. */
function continues(last: TransientEntry, next: TransientEntry): boolean {
  const { delta, offset, stream } = last.payload;
  if (last.number !== null || typeof delta !== "string" || typeof offset !== "number") return false;
  const isSame =
    last.type === next.type && last.item === next.item && stream === next.payload.stream;
  return isSame && offset + delta.length === next.payload.offset && delta.length < deltaUnitsMax;
}
