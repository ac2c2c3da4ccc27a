/** Lets so much work be done at the same time, and no more. Used by `compactions.ts`. */

/** A number of places for work at the same time; whoever comes later waits, in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `places` at once. */
  constructor(places: number) {
    this.#free = places;
  }

  /** Resolves with what leaves the place again. Rejects when the signal ends the waiting. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    return () => this.#leave();
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entered = () => {
        signal.removeEventListener("abort", ended);
        resolve();
      };
      const ended = () => {
        this.#waiting.splice(this.#waiting.indexOf(entered), 1);
        reject(signal.reason);
      };
      this.#waiting.push(entered);
      signal.addEventListener("abort", ended, { once: true });
    });
  }
}
