/**
 * A LiveBus over another one, with faults to order. Deterministic: the same seed and the same
 * publishes give the same faults.
 *
 * The permitted faults, each for a publish as a whole:
 * - it never arrives, be it the last one of its thread (`drop`, or the next one: `loseNext`);
 * - it arrives again, at once or later, together with others (`repeat`);
 * - it arrives after later ones (`reorder`), at the latest with `flush`.
 * Not permitted: messages of a publish torn apart, changed, or brought to another thread; anything
 * said about what is in flight that the bus beneath did not say; an error from `publish`.
 */
import type { InFlight } from "@spool/protocol/live-frames";
import type { BusListener, BusMessage, LiveBus } from "../live/live-bus.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** How likely each fault is, from 0 (never, also where it is left out) to 1. */
export type BusFaults = {
  readonly drop?: number;
  readonly repeat?: number;
  readonly reorder?: number;
};

type Publish = { readonly key: ThreadKey; readonly messages: readonly BusMessage[] };

/** A bus that promises only what `live-bus.ts` promises to sessions. */
export class FaultyBus implements LiveBus {
  readonly #bus: LiveBus;
  readonly #random: SeededRandom;
  readonly #faults: BusFaults;
  /** Publishes and repeats that arrive later. */
  #late: Publish[] = [];
  #losing = 0;

  constructor(bus: LiveBus, options: { random: SeededRandom; faults: BusFaults }) {
    this.#bus = bus;
    this.#random = options.random;
    this.#faults = options.faults;
  }

  publish(key: ThreadKey, messages: readonly BusMessage[]): void {
    const publish = { key, messages };
    if (this.#losing > 0) {
      this.#losing -= 1;
      return;
    }
    if (this.#happens("drop")) return;
    if (this.#happens("reorder")) this.#late.push(publish);
    else this.#deliver(publish);
    if (this.#happens("repeat")) this.#late.push(publish);
    if (this.#random.next() < 0.5) this.#deliverLate();
  }

  /** The next `count` publishes never arrive, whoever they are for. */
  loseNext(count = 1): void {
    this.#losing += count;
  }

  /** Everything that was only late arrives now. */
  flush(): void {
    while (this.#late.length > 0) this.#deliverLate();
  }

  subscribe(key: ThreadKey, listener: BusListener): () => void {
    return this.#bus.subscribe(key, listener);
  }

  inFlight(key: ThreadKey): Promise<InFlight | null> {
    return this.#bus.inFlight(key);
  }

  /** One of the late ones arrives, not always the one that has waited longest. */
  #deliverLate(): void {
    if (this.#late.length === 0) return;
    const [publish] = this.#late.splice(this.#random.below(this.#late.length), 1);
    if (publish !== undefined) this.#deliver(publish);
  }

  #deliver({ key, messages }: Publish): void {
    this.#bus.publish(key, messages);
  }

  #happens(fault: keyof BusFaults): boolean {
    const likelihood = this.#faults[fault] ?? 0;
    return likelihood > 0 && this.#random.next() < likelihood;
  }
}
