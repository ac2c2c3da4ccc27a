/**
 * Waiting between attempts: doubled each time, capped, with jitter so that the clients of one
 * server do not come back all at once. Used by `watchThread` and the batch publisher.
 */

/** Delays in milliseconds: of the first repetition, and the longest one. */
export type BackOffOptions = { readonly firstMs: number; readonly maxMs: number };

/** Counts attempts; one per series of failures. */
export class BackOff {
  readonly #options: BackOffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** `random` gives numbers from 0 to below 1. */
  constructor(options: BackOffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** What to wait after one more failure, in milliseconds: half of it fixed, half by chance. */
  nextMs(): number {
    const { firstMs, maxMs } = this.#options;
    const full = Math.min(maxMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return full / 2 + (full / 2) * this.#random();
  }

  /** After a success: the next delay is the first one again. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
