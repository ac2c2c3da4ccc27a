/**
 * The requests of a watch: batches of all its files, few at a time and of bounded size, repeated
 * for as long as the server is away, which is told once (WATCH6, WATCH7). Used by
 * `session-watch.ts`.
 */
import { BatchPublisher } from "@spool/client/batch-publisher";
import type { RetryOptions } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import type { SpoolError } from "@spool/client/spool-error";
import { failureMessage } from "../failure-message.ts";
import type { WatchEvent } from "./watch-event.ts";

/** How to send. */
export type WatchSenderOptions = {
  readonly client: SpoolClient;
  /** For messages. */
  readonly url: string;
  /** Requests under way at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Hears `waiting` and `resumed`. */
  readonly onEvent: (event: WatchEvent) => void;
};

/** Units of frames on their way, over all files; with `parallel` it bounds memory. */
const unsentUnitsMax = 3 * 1024 * 1024;
const batchUnitsMax = 512 * 1024;

/** The sending side of a watch. */
export class WatchSender {
  /** How requests are repeated: for ever, until the signal. */
  readonly retry: RetryOptions & { readonly signal: AbortSignal };
  readonly publisher: BatchPublisher;
  readonly #options: WatchSenderOptions;
  /** By thread, the run whose batch was refused last. */
  readonly #refusedRuns = new Map<string, string>();
  #isWaiting = false;

  constructor(options: WatchSenderOptions) {
    this.#options = options;
    const { client, parallel, signal } = options;
    this.retry = {
      signal,
      giveUpAfterMs: Number.POSITIVE_INFINITY,
      onRetry: (error) => this.#wait(error),
    };
    this.publisher = new BatchPublisher({
      ...this.retry,
      parallel,
      unsentUnitsMax,
      batchUnitsMax,
      publish: async (batch, more) => {
        try {
          return await client.publishEncoded(batch, more);
        } catch (error) {
          this.#refusedRuns.set(batch.threadId, batch.runId);
          throw error;
        }
      },
      onProgress: () => this.#answered(),
    });
  }

  /** The run of the thread whose batch was refused last; null when none was. */
  refusedRun(threadId: string): string | null {
    return this.#refusedRuns.get(threadId) ?? null;
  }

  #wait(error: SpoolError): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const message = failureMessage(error, this.#options.url);
    this.#options.onEvent({ type: "waiting", code: error.code, message });
  }

  #answered(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#options.onEvent({ type: "resumed" });
  }
}
