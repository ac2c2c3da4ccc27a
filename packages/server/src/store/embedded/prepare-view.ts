/**
 * Makes sure at start that there are sound tables which hold all that the journal no longer does:
 * opens `spool.db`, or makes it again when it is missing, damaged or behind (LOG6).
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { keyText } from "../thread-key.ts";
import type { Damage } from "./damage.ts";
import { threadsFolder, viewDamageMark, viewFile } from "./data-paths.ts";
import type { FileSystem } from "./file-system.ts";
import type { RolloutFiles } from "./rollout-files.ts";
import { rebuildView, type UncoveredRollout } from "./view-rebuild.ts";
import { hasTables, openViewForWriting, viewBatch } from "./view-schema.ts";
import { ViewWriter } from "./view-writer.ts";

/** Where the tables are and what they are made from. */
export type PrepareViewParts = {
  readonly files: FileSystem;
  readonly dataDir: string;
  readonly rollouts: RolloutFiles;
  readonly log: (line: string) => void;
  readonly damage: Damage;
  /** The batch behind which the journal begins; null without a journal. */
  readonly journalAfter: number | null;
};

/** Resolves when the tables are there. Gives the rollouts of which the journal must know more. */
export async function prepareView(parts: PrepareViewParts): Promise<readonly UncoveredRollout[]> {
  const { files, dataDir, journalAfter } = parts;
  const file = viewFile(dataDir);
  if (isSound(parts)) return [];
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
  const db = openViewForWriting(file);
  try {
    const empty = (await files.list(threadsFolder(dataDir))).length === 0;
    if (empty && journalAfter === null) return [];
    return await rebuild(parts, db);
  } finally {
    db.close();
  }
}

/** Has the tables made again by the next start, because they turned out to be damaged in use. */
export function markViewDamaged(dataDir: string, log: (line: string) => void): void {
  const mark = viewDamageMark(dataDir);
  if (existsSync(mark)) return;
  log("spool.db is damaged: restart the server, which makes it again");
  writeFileSync(mark, "");
}

async function rebuild(
  parts: PrepareViewParts,
  db: DatabaseSync,
): Promise<readonly UncoveredRollout[]> {
  const { log, damage, journalAfter } = parts;
  log("making spool.db again from the rollout files");
  const writer = new ViewWriter(db);
  const rebuilt = await rebuildView({ ...parts, writer, batch: journalAfter ?? 0 });
  log(`spool.db is made again: ${rebuilt.threads} threads`);
  for (const { key, problem } of rebuilt.problems) damage.add(keyText(key), problem);
  rmSync(viewDamageMark(parts.dataDir), { force: true });
  return rebuilt.uncovered;
}

/** Opens the tables once for writing, which also brings in what a crash left beside them. */
function isSound({ dataDir, journalAfter, log }: PrepareViewParts): boolean {
  const file = viewFile(dataDir);
  if (!existsSync(file)) return false;
  let db: DatabaseSync | null = null;
  try {
    if (existsSync(viewDamageMark(dataDir))) throw new Error("it was found damaged");
    if (!hasTables(file)) throw new Error("it has no tables");
    db = openViewForWriting(file);
    if (viewBatch(db) < (journalAfter ?? 0)) throw new Error("it is behind the journal");
    return true;
  } catch (error) {
    log(`spool.db cannot be used: ${(error as Error).message}`); // and is made again
    return false;
  } finally {
    db?.close();
  }
}
