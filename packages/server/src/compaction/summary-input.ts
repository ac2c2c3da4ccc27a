/**
 * The events of a rollout as a summariser gets them: all of a usual one, as they are. Of a huge one
 * the beginning, where the goal stands, and the end; long texts in older events are cut in the
 * middle. So the memory of a summary is bounded, whatever the thread holds. Pure.
 */
import type { JsonObject } from "@spool/protocol/json";
import { bodyBytesMax } from "@spool/protocol/limits";
import type { Event } from "@spool/protocol/resources";
import { eventOfLine } from "../store/event-line.ts";

/** How much is kept; bytes and events are counted from the end, `firstEvents` from the start. */
export type SummaryInputLimits = {
  /** Of the newest events that stay as they are: what a compaction may keep word for word. */
  readonly wholeBytes: number;
  /** Of lines in all, long texts already cut. */
  readonly bytesMax: number;
  readonly firstEvents: number;
  /** Characters of one text in an older event. */
  readonly textCharacters: number;
};

const defaults: SummaryInputLimits = {
  wholeBytes: bodyBytesMax,
  bytesMax: 64 * 1024 * 1024,
  firstEvents: 500,
  textCharacters: 16 * 1024,
};

type Kept = { readonly event: Event; readonly bytes: number };

/** Takes lines in order, gives events in order. */
export class SummaryInput {
  readonly #limits: SummaryInputLimits;
  readonly #first: Kept[] = [];
  /** Older events, long texts cut; `#oldest` is the index of the first that is still kept. */
  #older: (Kept | null)[] = [];
  #oldest = 0;
  #bytes = 0;
  /** The newest events, whole. */
  #whole: Kept[] = [];
  #wholeAt = 0;
  #wholeBytes = 0;

  constructor(limits: SummaryInputLimits = defaults) {
    this.#limits = limits;
  }

  /** The line of the next event. Throws an assertion error when it is none. */
  add(line: Buffer): void {
    this.#whole.push({ event: eventOfLine(line), bytes: line.length });
    this.#wholeBytes += line.length;
    while (this.#wholeBytes > this.#limits.wholeBytes && this.#wholeAt < this.#whole.length - 1) {
      const kept = this.#whole[this.#wholeAt] as Kept;
      this.#wholeAt += 1;
      this.#wholeBytes -= kept.bytes;
      this.#age(kept);
    }
    if (this.#wholeAt > 1_000) {
      this.#whole = this.#whole.slice(this.#wholeAt);
      this.#wholeAt = 0;
    }
  }

  /** What was kept; sequences may have a gap behind the first ones. */
  get events(): Event[] {
    const kept = [...this.#first, ...this.#older.slice(this.#oldest)];
    const events = kept.flatMap((one) => (one === null ? [] : [one.event]));
    for (const { event } of this.#whole.slice(this.#wholeAt)) events.push(event);
    return events;
  }

  #age({ event, bytes }: Kept): void {
    const { textCharacters, firstEvents, bytesMax } = this.#limits;
    const isLong = bytes > textCharacters;
    const payload = isLong ? (cut(event.payload, textCharacters) as JsonObject) : event.payload;
    const size = isLong ? JSON.stringify(payload).length : bytes;
    const aged = { event: { ...event, payload }, bytes: size };
    this.#bytes += size;
    if (this.#first.length < firstEvents) this.#first.push(aged);
    else this.#older.push(aged);
    while (this.#bytes > bytesMax && this.#oldest < this.#older.length) {
      this.#bytes -= this.#older[this.#oldest]?.bytes ?? 0;
      this.#older[this.#oldest] = null;
      this.#oldest += 1;
    }
    if (this.#oldest > 10_000) {
      this.#older = this.#older.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

/** The value with every long text cut in the middle, which the text then says. */
function cut(value: unknown, characters: number): unknown {
  if (typeof value === "string") return cutText(value, characters);
  if (Array.isArray(value)) return value.map((one) => cut(one, characters));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, one]) => [name, cut(one, characters)]);
  return Object.fromEntries(entries);
}

function cutText(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const half = characters >> 1;
  const left = text.length - 2 * half;
  const start = text.slice(0, half);
  return `${start}\n[… ${left} characters left out …]\n${text.slice(-half)}`.toWellFormed();
}
