/**
 * The embedded store's search index written in the store's own thread: no worker to start. Faults:
 * it can be told to refuse (`refuse`).
 */
import type { DatabaseSync } from "node:sqlite";
import type { SearchFiles, SearchSink } from "../store/embedded/search-link.ts";
import { type ScanPiece, type ScanPlace, scanPiece } from "../store/embedded/search-scan.ts";
import { openSearchForWriting } from "../store/embedded/search-schema.ts";
import { type SearchUpdate, SearchWriter } from "../store/embedded/search-writer.ts";
import type { ThreadKey } from "../store/thread-key.ts";

/** An index opened by its first change; every call rejects while `refuse` is set. */
export class InlineSearch implements SearchSink {
  readonly #files: SearchFiles;
  #open: { db: DatabaseSync; writer: SearchWriter } | null = null;
  /** Why everything is refused; null: it is done. */
  refuse: Error | null = null;
  /** Updates written so far. */
  updates = 0;

  constructor(files: SearchFiles) {
    this.#files = files;
  }

  async write(updates: readonly SearchUpdate[]): Promise<void> {
    this.#opened().writer.write(structuredClone(updates)); // as a worker would get them
    this.updates += updates.length;
  }

  async erase(key: ThreadKey): Promise<void> {
    this.#opened().writer.erase(key);
  }

  async checkpoint(): Promise<void> {
    this.#opened().writer.checkpoint();
  }

  async merge(): Promise<boolean> {
    return this.#opened().writer.merge();
  }

  async scan(place: ScanPlace): Promise<ScanPiece> {
    return scanPiece(this.#opened().db, this.#files.viewFile, place);
  }

  async close(): Promise<void> {
    this.#open?.db.close();
    this.#open = null;
  }

  #opened(): { db: DatabaseSync; writer: SearchWriter } {
    if (this.refuse !== null) throw this.refuse;
    if (this.#open === null) {
      const db = openSearchForWriting(this.#files.file);
      this.#open = { db, writer: new SearchWriter(db) };
    }
    return this.#open;
  }
}
