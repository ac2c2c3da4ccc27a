/**
 * Counts requests per caller in windows of a minute (WIRE11): a caller is an API key, or the user of
 * an identity provider's token; what comes without a good credential counts for its address. Memory
 * is bounded. Called once per request, and only where a limit is set.
 */
import { ratedCallersMax, rateWindowMs } from "../limits.ts";

/** Where a caller stands after a request. */
export type Rate = {
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the count begins anew, at least 1. */
  readonly resetSeconds: number;
  readonly isExceeded: boolean;
};

type Window = { readonly endsAt: number; count: number };

/** The counts of one server. */
export class RateLimiter {
  readonly #limit: number;
  readonly #now: () => number;
  readonly #callersMax: number;
  readonly #windows = new Map<string, Window>();

  /** `limit` in requests per minute and caller, `now` in milliseconds. */
  constructor(options: { limit: number; now: () => number; callersMax?: number }) {
    this.#limit = options.limit;
    this.#now = options.now;
    this.#callersMax = options.callersMax ?? ratedCallersMax;
  }

  /** Counts one request of `caller`. */
  take(caller: string): Rate {
    const at = this.#now();
    const window = this.#windowOf(caller, at);
    window.count += 1;
    return {
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - window.count),
      resetSeconds: Math.max(1, Math.ceil((window.endsAt - at) / 1_000)),
      isExceeded: window.count > this.#limit,
    };
  }

  #windowOf(caller: string, at: number): Window {
    const open = this.#windows.get(caller);
    // The lower bound: a clock that was set back must not stretch a window.
    if (open !== undefined && at < open.endsAt && at >= open.endsAt - rateWindowMs) return open;
    const window: Window = { endsAt: at + rateWindowMs, count: 0 };
    // Put at the end, so that the first entry is always the one that began earliest.
    this.#windows.delete(caller);
    this.#windows.set(caller, window);
    if (this.#windows.size > this.#callersMax) {
      this.#windows.delete(this.#windows.keys().next().value as string);
    }
    return window;
  }
}
