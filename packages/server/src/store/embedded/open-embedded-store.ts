/**
 * Opens a data directory: lock, format, tables (made again where they must be), replay of the
 * journal into memory. What replay found is then worked off like anything else (LOG15).
 */
import { existsSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Change } from "../changes.ts";
import { RowFold, type ThreadHead } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { checkFormat, lockDataDirectory } from "./data-directory.ts";
import { journalFolder, threadsFolder, viewFile } from "./data-paths.ts";
import { EmbeddedStore, mergedHead } from "./embedded-store.ts";
import { type FileSystem, NodeFileSystem } from "./file-system.ts";
import type { SealedSegment } from "./journal.ts";
import type { JournalBatch, JournalCommit } from "./journal-codec.ts";
import { bodyBytes, missingChanges, rolloutWrites } from "./journal-record.ts";
import {
  type JournalDamage,
  journalStart,
  type ReplayEnd,
  replayJournal,
} from "./journal-replay.ts";
import { MemoryTail } from "./memory-tail.ts";
import { RolloutFiles } from "./rollout-files.ts";
import { RowOverlay } from "./row-overlay.ts";
import { StaleThreads } from "./stale-threads.ts";
import { type StoreLimits, storeLimits } from "./store-limits.ts";
import { ViewLink, type ViewSink } from "./view-link.ts";
import { ViewReader } from "./view-reader.ts";
import { rebuildView } from "./view-rebuild.ts";
import { openViewForReading, openViewForWriting, viewBatch } from "./view-schema.ts";
import { ViewWriter } from "./view-writer.ts";

export type EmbeddedStoreOptions = {
  readonly dataDir: string;
  /** Milliseconds of a clock that never jumps; only differences count. */
  readonly now: () => number;
  /** One line for the operator each time something needs to be known. */
  readonly log: (line: string) => void;
  readonly files?: FileSystem;
  readonly limits?: Partial<StoreLimits>;
  /** Who writes the view; a worker of its own by default. */
  readonly openView?: (file: string) => ViewSink;
  /** Told of each flush and how many commits it made durable. */
  readonly observe?: StoreObserver;
};

export type StoreObserver = { readonly flushed: (commits: number) => void };

/** Which threads refuse writes because their bytes in the journal are damaged, and why (LOG10). */
export type Damaged = { all: string | null; readonly threads: Map<string, string> };

/** An opened data directory: what the store is made of. */
export type Opened = {
  readonly dataDir: string;
  readonly files: FileSystem;
  readonly limits: StoreLimits;
  readonly now: () => number;
  readonly log: (line: string) => void;
  readonly observe: StoreObserver;
  readonly reader: ViewReader;
  readonly view: ViewSink;
  readonly overlay: RowOverlay;
  readonly tail: MemoryTail;
  readonly rollouts: RolloutFiles;
  readonly stale: StaleThreads;
  readonly damaged: Damaged;
  readonly sealed: SealedSegment[];
  readonly end: ReplayEnd;
  readonly headOf: (key: ThreadKey) => ThreadHead | null;
  readonly close: () => void;
};

/** Opens the store. Throws DataDirectoryError with one line where the directory cannot be used. */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const unlock = lockDataDirectory(options.dataDir);
  let opened: Opened;
  try {
    opened = await openDirectory(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
  return new EmbeddedStore(opened).start();
}

async function openDirectory(options: EmbeddedStoreOptions, unlock: () => void): Promise<Opened> {
  const { dataDir, log } = options;
  const files = options.files ?? new NodeFileSystem();
  const limits = { ...storeLimits, ...options.limits };
  await checkFormat(files, dataDir);
  await files.makeFolder(journalFolder(dataDir));
  await files.makeFolder(threadsFolder(dataDir));
  const rollouts = new RolloutFiles({ files, dataDir, limits });
  const journalAfter = await journalStart(files, dataDir);
  const damaged: Damaged = { all: null, threads: new Map() };
  await prepareView({ files, dataDir, rollouts, log, journalAfter, damaged });
  const db = openViewForReading(viewFile(dataDir));
  const reader = new ViewReader(db);
  const overlay = new RowOverlay();
  const replay = new Replay({ overlay, reader, damaged, log });
  const end = await replayJournal(files, dataDir, replay);
  const batch = Math.max(end.lastBatch, viewBatch(db));
  return {
    dataDir,
    files,
    limits,
    now: options.now,
    log,
    observe: options.observe ?? { flushed: () => undefined },
    reader,
    view: options.openView?.(viewFile(dataDir)) ?? new ViewLink(viewFile(dataDir)),
    overlay,
    tail: replay.tail,
    rollouts,
    stale: replay.stale,
    damaged,
    sealed: replay.sealed,
    end: { ...end, lastBatch: batch },
    headOf: (key) => mergedHead({ overlay, reader }, key),
    close: () => {
      db.close();
      unlock();
    },
  };
}

/** Opens the tables once for writing, and makes them again when missing, damaged or behind. */
async function prepareView(parts: {
  files: FileSystem;
  dataDir: string;
  rollouts: RolloutFiles;
  log: (line: string) => void;
  journalAfter: number | null;
  damaged: Damaged;
}): Promise<void> {
  const { files, dataDir, log, journalAfter } = parts;
  const file = viewFile(dataDir);
  const missing = !existsSync(file);
  let db = missing ? null : soundView(file, log);
  if (db !== null && journalAfter !== null && viewBatch(db) < journalAfter) {
    log("spool.db is behind the journal");
    db.close();
    db = null;
  }
  if (db !== null) {
    db.close();
    return;
  }
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
  db = openViewForWriting(file);
  try {
    const empty = (await files.list(threadsFolder(dataDir))).length === 0;
    if (empty && journalAfter === null) return;
    log("making spool.db again from the rollout files");
    const made = await rebuildView({
      ...parts,
      writer: new ViewWriter(db),
      batch: journalAfter ?? 0,
    });
    log(`spool.db is made again: ${made.threads} threads`);
    for (const { folder, problem } of made.problems) log(`damaged: ${folder}: ${problem}`);
  } finally {
    db.close();
  }
}

function soundView(file: string, log: (line: string) => void): DatabaseSync | null {
  try {
    const db = openViewForWriting(file);
    viewBatch(db);
    return db;
  } catch (error) {
    log(`spool.db cannot be used: ${(error as Error).message}`); // and is made again
    return null;
  }
}

/** Folds the journal's batches into memory, as if they had just been flushed. */
class Replay {
  readonly tail = new MemoryTail();
  readonly stale = new StaleThreads();
  readonly sealed: SealedSegment[] = [];
  readonly #parts: Pick<Opened, "overlay" | "reader" | "damaged" | "log">;

  constructor(parts: Pick<Opened, "overlay" | "reader" | "damaged" | "log">) {
    this.#parts = parts;
  }

  onBatch = (segment: number, { batch, commits, body }: JournalBatch): void => {
    let at = 0;
    for (const record of commits) {
      const end = at + bodyBytes(record);
      this.#commit(segment, batch, record, body.subarray(at, end));
      at = end;
    }
  };

  onSegment = (segment: number, lastBatch: number): void => {
    this.sealed.push({ segment, lastBatch });
  };

  onDamage = ({ file, offset, commits }: JournalDamage): void => {
    const { damaged, log } = this.#parts;
    const why = `The journal is damaged: ${file}, offset ${offset}. Restore it from a backup.`;
    log(why);
    if (commits === null) damaged.all = why;
    else for (const commit of commits) damaged.threads.set(keyText(commit), why);
  };

  #commit(segment: number, batch: number, record: JournalCommit, body: Buffer): void {
    const { overlay, damaged } = this.#parts;
    const key = { orgId: record.orgId, threadId: record.threadId };
    // Behind damage nothing fits: the thread stays as it was before it.
    if (damaged.threads.has(keyText(key))) return;
    const head = mergedHead(this.#parts, key);
    const changes = missingChanges(record, body, head?.thread);
    try {
      if (changes.length > 0) overlay.put(batch, foldOnto(key, head, changes));
    } catch (error) {
      if (damaged.all === null) throw error;
      // A batch nobody can read came before: the thread ends where it is still whole.
      damaged.threads.set(keyText(key), damaged.all);
      return;
    }
    const deleted = (overlay.get(key)?.thread ?? head?.thread)?.deletedAt !== null;
    if (deleted) this.tail.erase(key);
    else this.tail.add(key, segment, rolloutWrites(record, body));
    const meta = record.changes.some((change) => change.kind !== "events" || change.offset === 0);
    if (meta) this.stale.add(segment, key);
  }
}

function foldOnto(key: ThreadKey, head: ThreadHead | null, changes: readonly Change[]) {
  const fold = new RowFold(key, head);
  for (const change of changes) fold.apply(change);
  return fold.rows();
}
