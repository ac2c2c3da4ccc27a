/**
 * The store's search: opens `search.db`, or makes it anew where it is missing, damaged or of
 * another version, keeps it behind the store and asks it. What it lacks is indexed in the
 * background, so that it never delays a start (FIND7). Used by `embedded-store.ts`.
 */
import { strict as assert } from "node:assert";
import { existsSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { DomainError } from "@spool/protocol/errors";
import type { Change } from "../changes.ts";
import type { SearchTerm } from "../search-words.ts";
import type { ThreadKey } from "../thread-key.ts";
import type { ListedThread, ThreadQuery } from "../thread-store.ts";
import { searchFile, viewFile } from "./data-paths.ts";
import type { RowOverlay } from "./row-overlay.ts";
import { SearchFeed, type SearchFeedParts } from "./search-feed.ts";
import { type SearchFiles, SearchLink, type SearchSink } from "./search-link.ts";
import { SearchReader } from "./search-reader.ts";
import { openSearchForReading, openSearchForWriting } from "./search-schema.ts";
import { searchThreads } from "./search-threads.ts";
import type { ViewReader } from "./view-reader.ts";
import { isViewDamage } from "./view-schema.ts";

/** What the index is made from and asked with. */
export type SearchIndexParts = Omit<SearchFeedParts, "sink" | "indexed" | "onFailure"> & {
  readonly dataDir: string;
  readonly reader: ViewReader;
  readonly overlay: RowOverlay;
  /** Who writes the index; a worker of its own by default. */
  readonly openSearch?: ((files: SearchFiles) => SearchSink) | undefined;
};

type Opened = { readonly db: DatabaseSync; readonly reader: SearchReader; sink: SearchSink };

/** The index of one open store. */
export class SearchIndex {
  readonly #parts: SearchIndexParts;
  readonly #file: string;
  readonly #feed: SearchFeed;
  #opened: Opened;

  constructor(parts: SearchIndexParts) {
    this.#parts = parts;
    this.#file = searchFile(parts.dataDir);
    this.#opened = this.#open();
    this.#feed = new SearchFeed({
      ...parts,
      sink: () => this.#opened.sink,
      indexed: (key) => this.#opened.reader.indexed(key),
      onFailure: (error) => this.#failed(error),
    });
    this.#noteOverlay();
  }

  /** The thread has a title or events that are to be found; `changes` were just flushed. */
  changed(key: ThreadKey, changes: readonly Change[] = []): void {
    this.#feed.changed(key, changes);
  }

  /** The thread is not to be found any more. */
  deleted(key: ThreadKey): void {
    this.#feed.deleted(key);
  }

  /** Resolves when nothing of the threads deleted so far is in the index's files (DEL6). */
  erased(): Promise<void> {
    return this.#feed.erased();
  }

  /** Whether it lacks what was committed before, or cannot be written (FIND9). */
  get isFilling(): boolean {
    return this.#feed.isFilling;
  }

  /** Threads that hold every term. Rejects with STORAGE_UNAVAILABLE while the index is damaged. */
  async find(query: ThreadQuery, terms: readonly SearchTerm[]): Promise<ListedThread[]> {
    const { reader, overlay, limits } = this.#parts;
    const { orgId } = query;
    assert(orgId !== null, "words are searched within one org");
    const search = this.#opened.reader;
    try {
      const sources = { reader, overlay, search, limits };
      return await searchThreads(sources, { ...query, orgId }, terms);
    } catch (error) {
      // Made anew while it was asked, or to be made anew now.
      if (search === this.#opened.reader && !isDamage(error)) throw error;
      if (search === this.#opened.reader) void this.#feed.failed(error);
      throw new DomainError(
        "STORAGE_UNAVAILABLE",
        "The search index is being made again. Try again shortly.",
        { retryAfterSeconds: 2 },
      );
    }
  }

  /** Ends the work and lets go of the files. */
  async close(): Promise<void> {
    await this.#feed.close();
    await this.#letGo();
  }

  #open(): Opened {
    try {
      openSearchForWriting(this.#file).close();
    } catch (error) {
      this.#parts.log(`search.db cannot be used and is made again: ${(error as Error).message}`);
      removeFiles(this.#file);
      openSearchForWriting(this.#file).close();
    }
    const db = openSearchForReading(this.#file);
    const files = { file: this.#file, viewFile: viewFile(this.#parts.dataDir) };
    const sink = this.#parts.openSearch?.(files) ?? new SearchLink(files);
    return { db, reader: new SearchReader(db), sink };
  }

  /** Damage is answered by a new index; anything else may pass. */
  async #failed(error: unknown): Promise<boolean> {
    if (!isDamage(error) && existsSync(this.#file)) return false;
    this.#parts.log(`search.db is damaged and made again: ${(error as Error).message}`);
    await this.#letGo();
    removeFiles(this.#file);
    this.#opened = this.#open();
    this.#noteOverlay();
    return true;
  }

  async #letGo(): Promise<void> {
    const { db, sink } = this.#opened;
    await sink.close();
    db.close();
  }

  /** What the tables do not have yet, a comparison with them does not find. */
  #noteOverlay(): void {
    for (const { thread } of this.#parts.overlay.entries()) {
      if (thread.deletedAt === null) this.#feed.changed(thread, []);
      else this.#feed.deleted(thread);
    }
    this.#feed.compare();
  }
}

/** Not what was written: by SQLite's own word, or because a document is there twice. */
function isDamage(error: unknown): boolean {
  const constraint = 19;
  const { errcode } = error as { errcode?: number };
  return isViewDamage(error) || ((errcode ?? 0) & 0xff) === constraint;
}

function removeFiles(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}
