/**
 * Keeps runs alive whose agents are at work in silence: an empty batch renews the lease (RUN9). A
 * run whose file has not changed for long is left to its lease, and a frame of it reopens it
 * (WATCH5). Used by `session-watch.ts`.
 */
import type { PublishBatch } from "@spool/client/spool-client";
import { SpoolError } from "@spool/client/spool-error";

/** What a keeper works with. */
export type LeaseKeeperOptions = {
  readonly publish: (batch: PublishBatch) => Promise<unknown>;
  /** Whether the file's agent may still be at work. */
  readonly isAtWork: (path: string) => boolean;
  /** Milliseconds after which a silent run is renewed (240,000, of a lease of 900,000). */
  readonly renewAfterMs?: number;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
};

type OpenRun = { readonly runId: string; readonly path: string; renewedAt: number };

const renewAfterMsDefault = 240_000;

/** The open runs, by thread. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #now: () => number;
  readonly #runs = new Map<string, OpenRun>();

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Open runs, for tests. */
  get size(): number {
    return this.#runs.size;
  }

  /** Something of the thread was published; `runId` is its open run, null without one. */
  published(threadId: string, runId: string | null, path: string): void {
    if (runId === null) this.#runs.delete(threadId);
    else this.#runs.set(threadId, { runId, path, renewedAt: this.#now() });
  }

  /** Renews what is due. Called every few seconds. */
  async renew(): Promise<void> {
    const after = this.#options.renewAfterMs ?? renewAfterMsDefault;
    for (const [threadId, run] of this.#runs) {
      if (!this.#options.isAtWork(run.path)) this.#runs.delete(threadId);
      else if (this.#now() - run.renewedAt >= after) await this.#renewOne(threadId, run);
    }
  }

  async #renewOne(threadId: string, run: OpenRun): Promise<void> {
    run.renewedAt = this.#now();
    try {
      await this.#options.publish({ threadId, runId: run.runId, events: [] });
    } catch (error) {
      // The run is over on the server, or it is not reached: its next frame settles it.
      if (!(error instanceof SpoolError)) throw error;
      if (!error.mayPass) this.#runs.delete(threadId);
    }
  }
}
