/**
 * What a start does about staged histories before it reads any thread: those of which the journal
 * holds the commit are moved into place, so that files and journal tell the same; all others are
 * what became of imports that did not end, and are removed. Called by `open-embedded-store.ts`.
 */
import { keyText } from "../thread-key.ts";
import { importsFolder, stageFolder } from "./data-paths.ts";
import type { FileSystem } from "./file-system.ts";
import { moveStagedFiles } from "./import-commits.ts";
import type { JournalBatch } from "./journal-codec.ts";
import { replayJournal } from "./journal-replay.ts";

/** The last batch of the journal that imported a thread, by `keyText`: it replaces what is before. */
export type ImportedAt = ReadonlyMap<string, number>;

/** Resolves when files and journal tell the same. The journal is read only where there is a need. */
export async function settleImports(files: FileSystem, dataDir: string): Promise<ImportedAt> {
  const staged = new Set(await files.list(importsFolder(dataDir)));
  const importedAt = new Map<string, number>();
  if (staged.size === 0) return importedAt;
  const { commits, isDamaged } = await importsOfJournal(files, dataDir);
  for (const { key, stageId, batch } of commits) {
    importedAt.set(keyText(key), batch);
    if (!staged.delete(stageId)) continue;
    await moveStagedFiles({ files, dataDir }, key, stageId);
  }
  // A commit may stand in what cannot be read: then nothing is thrown away.
  if (isDamaged) return importedAt;
  for (const stageId of staged) await files.remove(stageFolder(dataDir, stageId));
  return importedAt;
}

async function importsOfJournal(files: FileSystem, dataDir: string) {
  const commits: { key: { orgId: string; threadId: string }; stageId: string; batch: number }[] =
    [];
  let isDamaged = false;
  const onBatch = (_segment: number, { batch, commits: records }: JournalBatch) => {
    for (const { orgId, threadId, changes } of records) {
      for (const change of changes) {
        if (change.kind !== "thread_imported") continue;
        commits.push({ key: { orgId, threadId }, stageId: change.stageId, batch });
      }
    }
  };
  const onDamage = () => {
    isDamaged = true;
  };
  const handlers = { onBatch, onDamage, onSegment: () => undefined };
  await replayJournal(files, dataDir, { flushed: 0, handlers });
  return { commits, isDamaged };
}
