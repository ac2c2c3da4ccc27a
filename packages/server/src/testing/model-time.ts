/**
 * Time for tests of model summarisers: waits are over at once and are noted, limits come when the
 * test says, chance always takes the middle. Faults: none.
 */
import { SeededRandom } from "./seeded-random.ts";

/** See above; fits `ModelTime`. */
export class FakeModelTime {
  /** The waits so far, in milliseconds. */
  readonly pauses: number[] = [];
  readonly #limits = new Set<{ readonly milliseconds: number; readonly task: () => void }>();
  readonly #random: SeededRandom | null;
  #time = 0;

  /** With a seed chance is that of the seed. */
  constructor(seed: number | null = null) {
    this.#random = seed === null ? null : new SeededRandom(seed);
  }

  readonly now = (): number => this.#time;

  readonly random = (): number => this.#random?.next() ?? 0.5;

  readonly pause = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    this.pauses.push(milliseconds);
    this.#time += milliseconds;
  };

  readonly after = (milliseconds: number, task: () => void): (() => void) => {
    const limit = { milliseconds, task };
    this.#limits.add(limit);
    return () => void this.#limits.delete(limit);
  };

  /** How many limits of that many milliseconds run. */
  running(milliseconds: number): number {
    return [...this.#limits].filter((limit) => limit.milliseconds === milliseconds).length;
  }

  /** Lets the limits of that many milliseconds be over now. */
  expire(milliseconds: number): void {
    for (const limit of [...this.#limits]) {
      if (limit.milliseconds !== milliseconds) continue;
      this.#limits.delete(limit);
      limit.task();
    }
  }
}
