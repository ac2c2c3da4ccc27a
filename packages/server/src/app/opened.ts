/**
 * What a start has opened, and how to close it again, last first: a start that fails half-way and
 * a stop end in the same way (CFG14). Held by `app.ts`, filled by whoever opens something.
 */

/** What was opened, and how to close it again, last first. */
export class Opened {
  readonly #closers: (() => void | Promise<void>)[] = [];
  #closed: Promise<void> | null = null;

  /** Whether closing has begun. */
  get isClosing(): boolean {
    return this.#closed !== null;
  }

  /** Has `closer` called before everything that was opened earlier is closed. */
  onClose(closer: () => void | Promise<void>): void {
    this.#closers.push(closer);
  }

  /** Closes everything; a second call waits for the first. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const closer of this.#closers.toReversed()) await closer();
  }
}
