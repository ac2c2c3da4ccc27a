/**
 * Makes a committed import the thread's: moves its files into place, its rows into the view. The
 * commit is the journal record, which is flushed by then; what follows may be done again any
 * number of times, and whoever reads the thread waits for it.
 *
 *   staged, synced ─▶ record flushed ─▶ tail forgotten ─▶ files moved ─▶ rows in the view ─▶ readers
 *                          │                (a crash anywhere here: the next start moves the files
 *                          │                 before it reads any, and writes the rows again)
 *                     commit point                        ... segment freed ─▶ folder removed
 *
 * The files were staged whole: they begin with all the thread had, byte for byte, so that a read
 * under way finds the same bytes in either file.
 */
import path from "node:path";
import { DomainError } from "@spool/protocol/errors";
import type { ThreadRow } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { stagedRowsFile, stageFolder, threadFolder } from "./data-paths.ts";
import type { FileSystem } from "./file-system.ts";
import type { RolloutFiles } from "./rollout-files.ts";
import { readStagedRows } from "./staged-rows.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { ViewSink } from "./view-link.ts";
import type { ViewUpdate } from "./view-writer.ts";

/** An import whose record is in a journal segment. */
export type ImportCommit = {
  readonly segment: number;
  readonly key: ThreadKey;
  readonly stageId: string;
};

/** What applying an import works on, and whom it asks. */
export type ImportCommitsParts = {
  readonly files: FileSystem;
  readonly dataDir: string;
  readonly limits: StoreLimits;
  readonly rollouts: RolloutFiles;
  readonly view: ViewSink;
  readonly log: (line: string) => void;
  /** The thread as it is now. */
  readonly threadRow: (key: ThreadKey) => ThreadRow | null;
  /** Resolves when no checkpoint writes what it took from the tail before. */
  readonly checkpointWritten: () => Promise<void>;
  /** Told of each thread that may be read from now on. */
  readonly onApplied: (key: ThreadKey) => void;
};

type Entry = ImportCommit & { applying: Promise<void> | null; isApplied: boolean };

/** The imports of the segments in the journal, in order. */
export class ImportCommits {
  readonly #parts: ImportCommitsParts;
  #entries: Entry[] = [];

  constructor(parts: ImportCommitsParts) {
    this.#parts = parts;
  }

  /** Notes a flushed import; it is applied when `ready` or `applied` is next asked for it. */
  add(commit: ImportCommit): void {
    this.#entries.push({ ...commit, applying: null, isApplied: false });
  }

  /** Whether an import of the thread is not applied yet. */
  isPending(key: ThreadKey): boolean {
    if (this.#entries.length === 0) return false;
    return this.#entries.some((entry) => !entry.isApplied && isOf(entry, key));
  }

  /** Resolves when the thread may be read. Rejects with STORAGE_UNAVAILABLE. */
  async ready(key: ThreadKey): Promise<void> {
    for (const entry of this.#entries.filter((one) => isOf(one, key))) await this.#applied(entry);
  }

  /** Resolves when every import of the segment is applied. */
  async applied(segment: number): Promise<void> {
    for (const entry of [...this.#entries]) {
      if (entry.segment <= segment) await this.#applied(entry);
    }
  }

  /** The segment is gone from the journal: nothing needs the folders any more. Never rejects. */
  async freed(segment: number): Promise<void> {
    const gone = this.#entries.filter((entry) => entry.segment <= segment);
    this.#entries = this.#entries.filter((entry) => entry.segment > segment);
    const { files, dataDir } = this.#parts;
    for (const { stageId } of gone) {
      // What cannot be removed the next start removes.
      await files.remove(stageFolder(dataDir, stageId)).catch(() => undefined);
    }
  }

  #applied(entry: Entry): Promise<void> {
    if (entry.isApplied) return Promise.resolve();
    entry.applying ??= this.#apply(entry).then(
      () => {
        entry.isApplied = true;
        this.#parts.onApplied(entry.key);
      },
      (error: Error) => {
        entry.applying = null;
        this.#parts.log(`an import could not be put in place and is tried again: ${error.message}`);
        throw new DomainError(
          "STORAGE_UNAVAILABLE",
          "The disk refused to put an import in its place. Check it; this is tried again.",
          { cause: error, retryAfterSeconds: 2 },
        );
      },
    );
    return entry.applying;
  }

  async #apply({ key, stageId }: Entry): Promise<void> {
    const { files, dataDir, rollouts, checkpointWritten } = this.#parts;
    if (this.#isDeleted(key)) return;
    await checkpointWritten();
    await moveStagedFiles({ files, dataDir }, key, stageId);
    rollouts.forget(key);
    await this.#writeRows(key, stageId);
  }

  async #writeRows(key: ThreadKey, stageId: string): Promise<void> {
    const { files, dataDir, limits } = this.#parts;
    let update = emptyUpdate();
    let count = 0;
    for await (const row of readStagedRows(files, stagedRowsFile(stageFolder(dataDir, stageId)))) {
      if ("rollout" in row) update.rollouts.push(row.rollout);
      else if ("run" in row) update.runs.push(row.run);
      else update.messageIds.push(row.messageId);
      count += 1;
      if (count % limits.importedRowsPerWrite !== 0) continue;
      await this.#write(key, update);
      update = emptyUpdate();
    }
    await this.#write(key, update);
  }

  /** Batch 0: the view does not stand any further by it. */
  async #write(key: ThreadKey, update: Omit<ViewUpdate, "thread">): Promise<void> {
    const thread = this.#parts.threadRow(key);
    if (thread === null || thread.deletedAt !== null) return;
    await this.#parts.view.apply(0, [{ thread, ...update, partsOnly: true }], false);
  }

  #isDeleted(key: ThreadKey): boolean {
    return this.#parts.threadRow(key)?.deletedAt !== null;
  }
}

/**
 * Moves the files of a staged history to its thread's folder; those moved before stay. The names
 * that are there are synced first, so that a crash takes a move back or does not, but loses nothing.
 */
export async function moveStagedFiles(
  { files, dataDir }: { readonly files: FileSystem; readonly dataDir: string },
  key: ThreadKey,
  stageId: string,
): Promise<void> {
  const stage = stageFolder(dataDir, stageId);
  const rows = path.basename(stagedRowsFile(stage));
  const names = (await files.list(stage)).filter((name) => name !== rows);
  if (names.length === 0) return;
  const folder = threadFolder(dataDir, key);
  await files.makeFolder(folder);
  await files.syncFolder(folder);
  for (const name of names) await files.rename(path.join(stage, name), path.join(folder, name));
  await files.syncFolder(folder);
  await files.syncFolder(stage);
}

function emptyUpdate() {
  return {
    rollouts: [] as ViewUpdate["rollouts"][number][],
    runs: [] as ViewUpdate["runs"][number][],
    messageIds: [] as ViewUpdate["messageIds"][number][],
  };
}

function isOf(entry: ImportCommit, key: ThreadKey): boolean {
  return keyText(entry.key) === keyText(key);
}
