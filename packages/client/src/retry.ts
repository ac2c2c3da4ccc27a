/**
 * Repeats a request while its trouble may pass: no answer, 429, 502 to 504. Only for requests that
 * may be carried out twice: reading, what is numbered (PUB4), what has an id of the caller's. Used
 * by the batch publisher and by whoever prepares its threads.
 */
import { BackOff, sleep } from "./back-off.ts";
import { SpoolError } from "./spool-error.ts";

/** How to repeat. */
export type RetryOptions = {
  /** After so many milliseconds the failure counts (60,000). */
  readonly giveUpAfterMs?: number | undefined;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears why the request has to be sent again. */
  readonly onRetry?: ((error: SpoolError) => void) | undefined;
  /** Numbers from 0 to below 1, for the jitter. */
  readonly random?: (() => number) | undefined;
};

const delays = { firstMs: 200, maxMs: 10_000 } as const;
const giveUpAfterMsDefault = 60_000;

/** What `request` gives in the end. Throws its last error, or the signal's reason. */
export async function withRetries<T>(
  request: () => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const { signal, onRetry, giveUpAfterMs = giveUpAfterMsDefault } = options;
  const backOff = new BackOff(delays, options.random);
  const giveUpAt = performance.now() + giveUpAfterMs;
  while (true) {
    signal?.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof SpoolError) || !error.mayPass) throw error;
      const waitMs = Math.max(backOff.nextMs(), (error.retryAfterSeconds ?? 0) * 1_000);
      if (performance.now() + waitMs > giveUpAt) throw error;
      onRetry?.(error);
      await sleep(waitMs, signal);
    }
  }
}
