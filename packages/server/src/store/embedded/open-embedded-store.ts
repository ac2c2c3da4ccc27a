/**
 * Opens a data directory: lock, format, tables (made again where they must be), replay of the
 * journal into memory. What replay found is then worked off like anything else (LOG15).
 */
import path from "node:path";
import type { ThreadHead } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { Damage } from "./damage.ts";
import { checkFormat, lockDataDirectory } from "./data-directory.ts";
import { importsFolder, journalFolder, threadsFolder, viewFile } from "./data-paths.ts";
import { EmbeddedStore } from "./embedded-store.ts";
import { type FileSystem, NodeFileSystem, writeFully } from "./file-system.ts";
import type { ImportCommit } from "./import-commits.ts";
import { settleImports } from "./imports-at-start.ts";
import type { SealedSegment } from "./journal.ts";
import { JournalFold } from "./journal-fold.ts";
import { type BytesInFile, journalStart, type ReplayEnd, replayJournal } from "./journal-replay.ts";
import type { MemoryTail } from "./memory-tail.ts";
import { mergedHead } from "./merged-rows.ts";
import { markViewDamaged, prepareView } from "./prepare-view.ts";
import { RolloutFiles } from "./rollout-files.ts";
import { RowOverlay } from "./row-overlay.ts";
import type { SearchFiles, SearchSink } from "./search-link.ts";
import type { StaleThreads } from "./stale-threads.ts";
import { type StoreLimits, storeLimits } from "./store-limits.ts";
import { ViewLink, type ViewSink } from "./view-link.ts";
import { ViewReader } from "./view-reader.ts";
import type { UncoveredRollout } from "./view-rebuild.ts";
import { openViewForReading, viewBatch } from "./view-schema.ts";

/** What a store needs from outside; `now` in milliseconds since the epoch. */
export type EmbeddedStoreOptions = {
  readonly dataDir: string;
  readonly now: () => number;
  /** One line for the operator each time something needs to be known. */
  readonly log: (line: string) => void;
  readonly files?: FileSystem;
  readonly limits?: Partial<StoreLimits>;
  /** Who writes the view; a worker of its own by default. */
  readonly openView?: (file: string) => ViewSink;
  /** Who writes the search index; a worker of its own by default. */
  readonly openSearch?: (files: SearchFiles) => SearchSink;
  /** Told of each flush and how many commits it made durable. */
  readonly observe?: StoreObserver;
};

/** Whoever counts what the store does; must not throw. */
export type StoreObserver = { readonly flushed: (commits: number) => void };

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
  readonly openSearch: ((files: SearchFiles) => SearchSink) | undefined;
  readonly overlay: RowOverlay;
  readonly tail: MemoryTail;
  readonly rollouts: RolloutFiles;
  readonly stale: StaleThreads;
  readonly damage: Damage;
  readonly sealed: readonly SealedSegment[];
  readonly imports: readonly ImportCommit[];
  readonly end: ReplayEnd;
  readonly headOf: (key: ThreadKey) => ThreadHead | null;
  /** To be called when the view turns out not to be what was written. */
  readonly onViewDamage: () => void;
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
  const { dataDir, log, now } = options;
  const files = options.files ?? new NodeFileSystem();
  const limits = { ...storeLimits, ...options.limits };
  await makeFolders(files, dataDir);
  const rollouts = new RolloutFiles({ files, dataDir, limits });
  const damage = new Damage({ files, dataDir, log });
  await damage.read();
  const importedAt = await settleImports(files, dataDir);
  const journalAfter = await journalStart(files, dataDir);
  const uncovered = await prepareView({ files, dataDir, rollouts, log, damage, journalAfter });
  const db = openViewForReading(viewFile(dataDir));
  const close = () => {
    db.close();
    unlock();
  };
  try {
    const onViewDamage = () => markViewDamaged(dataDir, log);
    const reader = new ViewReader(db, onViewDamage);
    const overlay = new RowOverlay();
    const headOf = (key: ThreadKey) => mergedHead(reader, overlay, key);
    const fold = new JournalFold({ overlay, damage, headOf, importedAt });
    const flushed = viewBatch(db);
    const end = await replayJournal(files, dataDir, { flushed, handlers: fold });
    for (const one of uncovered) checkUncovered(one, { fold, damage, headOf });
    await damage.save();
    if (fold.batches > 0) await syncLeftovers(files, dataDir, end.unconfirmed);
    const { tail, stale, sealed, imports } = fold;
    const view = options.openView?.(viewFile(dataDir)) ?? new ViewLink(viewFile(dataDir));
    const observe = options.observe ?? { flushed: () => undefined };
    return {
      ...{ dataDir, files, limits, now, log, observe },
      openSearch: options.openSearch,
      ...{ reader, view, overlay, tail, rollouts, stale, sealed, imports },
      ...{ damage, headOf, onViewDamage, close },
      end: { ...end, lastBatch: Math.max(end.lastBatch, flushed) },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

async function makeFolders(files: FileSystem, dataDir: string): Promise<void> {
  await checkFormat(files, dataDir);
  await files.makeFolder(journalFolder(dataDir));
  await files.makeFolder(threadsFolder(dataDir));
  await files.makeFolder(importsFolder(dataDir));
  // A process that died may have made them without syncing their names.
  await files.syncFolder(dataDir);
}

/**
 * Puts on stable storage what a process that died may have left in the system's cache only, and
 * that is read from now on (LOG1): the last batch, the names of threads' folders. The batch is
 * written again, because after a failed sync the cache counts as clean and another does nothing.
 */
async function syncLeftovers(
  files: FileSystem,
  dataDir: string,
  lastBatch: BytesInFile | null,
): Promise<void> {
  const root = threadsFolder(dataDir);
  await files.syncFolder(root);
  for (const shard of await files.list(root)) await files.syncFolder(path.join(root, shard));
  if (lastBatch === null) return;
  const file = await files.open(lastBatch.file, "write");
  try {
    await writeFully(file, lastBatch.bytes, lastBatch.offset);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What the tables could not be made from is in the journal as well, or was lost (LOG20). */
function checkUncovered(
  { key, rolloutId, covered, problem }: UncoveredRollout,
  { fold, damage, headOf }: Pick<Opened, "damage" | "headOf"> & { fold: JournalFold },
): void {
  const head = headOf(key);
  if (head !== null && head.thread.deletedAt !== null) return;
  const goesOn = (id: string) => (fold.tail.chunks(key, id)[0]?.offset ?? Infinity) <= covered;
  if (rolloutId === null ? head !== null : goesOn(rolloutId)) return;
  damage.add(keyText(key), problem);
}
