/**
 * Keeps long work from holding the event loop: what is done piece by piece stops between two pieces
 * once it has had its share of a turn, and goes on in the next one, behind whatever came in
 * meanwhile. Used where thousands of threads may have to be looked at one after the other.
 */

/** The pace of one piece of work at a time. */
export class TurnPace {
  readonly #now: () => number;
  readonly #turnMs: number;
  #since: number;

  /** `now` in milliseconds of any clock; it may jump, which at worst gives a turn too many. */
  constructor(now: () => number, turnMs: number) {
    this.#now = now;
    this.#turnMs = turnMs;
    this.#since = now();
  }

  /** Whether the work has had its share of this turn. */
  get isSpent(): boolean {
    return Math.abs(this.#now() - this.#since) >= this.#turnMs;
  }

  /** Resolves in a later turn of the event loop, with a new share. */
  async nextTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#since = this.#now();
  }

  /** To be awaited between two pieces: resolves at once until the share is spent. */
  async pause(): Promise<void> {
    if (this.isSpent) await this.nextTurn();
  }
}
