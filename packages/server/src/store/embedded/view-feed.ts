/**
 * Brings rows from memory to the view: a moment after each flush, so that many changes of a row
 * are one, and durably when a checkpoint asks for it. What the view holds leaves the overlay; what
 * it refused is sent again. One call at a time.
 */
import type { OverlayEntry, RowOverlay } from "./row-overlay.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { ViewSink } from "./view-link.ts";
import { isViewDamage } from "./view-schema.ts";
import type { ViewUpdate } from "./view-writer.ts";

/** The rows to write, who writes them, and which batch they are of. */
export type ViewFeedParts = {
  readonly overlay: RowOverlay;
  readonly view: ViewSink;
  readonly limits: StoreLimits;
  readonly log: (line: string) => void;
  /** Called when the view turns out not to be what was written. */
  readonly onDamage: () => void;
  /** The last batch that is flushed. */
  readonly lastBatch: number;
};

/** Keeps the view behind the overlay. `schedule` and `flushed` never wait; `commit` does. */
export class ViewFeed {
  readonly #parts: ViewFeedParts;
  #lastBatch: number;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(parts: ViewFeedParts) {
    this.#parts = parts;
    this.#lastBatch = parts.lastBatch;
  }

  /** Says that the overlay holds the rows of all batches up to this one. */
  flushed(batch: number): void {
    this.#lastBatch = batch;
    this.schedule();
  }

  /** Writes what there is to write, a moment later. */
  schedule(delayMs = this.#parts.limits.viewIntervalMs): void {
    if (this.#closed || this.#timer !== null || this.#parts.overlay.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#write(0, false).catch((error: Error) => {
        this.#parts.log(`the tables could not be written and are tried again: ${error.message}`);
        this.schedule(Math.max(delayMs, this.#parts.limits.retryMs));
      });
    }, delayMs);
    this.#timer.unref();
  }

  /** Resolves when the view durably holds every batch up to this one. */
  commit(batch: number): Promise<void> {
    return this.#write(batch, true);
  }

  /** Ends the writing; what was not written the next start takes from the journal. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer ?? undefined);
    await this.#parts.view.close();
  }

  async #write(batch: number, durable: boolean): Promise<void> {
    while (this.#running !== null) await this.#running.catch(() => undefined); // told to its caller
    const { overlay } = this.#parts;
    const upTo = Math.max(batch, this.#lastBatch);
    const entries = overlay.takeUnsent();
    if (entries.length === 0 && !durable) return;
    this.#running = this.#send(entries, upTo, durable).then(
      () => overlay.settle(upTo),
      (error) => {
        overlay.markUnsent();
        if (isViewDamage(error)) this.#parts.onDamage();
        throw error;
      },
    );
    try {
      await this.#running;
    } finally {
      this.#running = null;
    }
  }

  /** Sends the rows in pieces; the view holds all up to the batch only with the last of them. */
  async #send(entries: readonly OverlayEntry[], batch: number, durable: boolean): Promise<void> {
    const { view, limits } = this.#parts;
    const piece = limits.viewThreadsAtOnce;
    let at = 0;
    for (; at + piece < entries.length; at += piece) {
      await view.apply(0, entries.slice(at, at + piece).map(updateOf), false);
    }
    await view.apply(batch, entries.slice(at).map(updateOf), durable);
  }
}

function updateOf({ thread, rollouts, runs, messageIds }: OverlayEntry): ViewUpdate {
  return {
    thread,
    rollouts: [...rollouts.values()].map((dated) => dated.row),
    runs: [...runs.values()].map((dated) => dated.row),
    messageIds: messageIds.map((dated) => dated.row),
  };
}
