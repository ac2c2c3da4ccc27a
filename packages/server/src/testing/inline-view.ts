/**
 * The embedded store's view written in the store's own thread: no worker to start, and what it
 * does happens in the same order each time. Faults: it can be told to refuse (`refuse`), and keeps
 * the file as it was when it was last made durable, which is the least a crash leaves (`durable`).
 */
import { readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { ViewSink } from "../store/embedded/view-link.ts";
import { openViewForWriting } from "../store/embedded/view-schema.ts";
import { type ViewUpdate, ViewWriter } from "../store/embedded/view-writer.ts";

/** A view at `file`, opened by its first change; `apply` rejects while `refuse` is set. */
export class InlineView implements ViewSink {
  readonly #file: string;
  #open: { db: DatabaseSync; writer: ViewWriter } | null = null;
  /** Why every change is refused; null: they are taken. */
  refuse: string | null = null;
  /** The whole file as it was last made durable; null before. */
  durable: Buffer | null = null;
  /** Rows of threads written so far. */
  updates = 0;
  /** The last batch whose changes are written. */
  batch = 0;

  constructor(file: string) {
    this.#file = file;
  }

  async apply(batch: number, updates: readonly ViewUpdate[], durable: boolean): Promise<void> {
    if (this.refuse !== null) throw new Error(this.refuse);
    if (this.#open === null) {
      const db = openViewForWriting(this.#file);
      this.#open = { db, writer: new ViewWriter(db) };
    }
    // A worker gets a copy as well.
    this.#open.writer.apply(batch, structuredClone(updates));
    this.updates += updates.length;
    this.batch = batch;
    if (!durable) return;
    this.#open.writer.checkpoint();
    this.durable = readFileSync(this.#file);
  }

  async close(): Promise<void> {
    this.#open?.db.close();
    this.#open = null;
  }
}
