/**
 * The data directory as a whole: one process writes it (LOG16), and its format is known (LOG17).
 * The lock is an exclusive SQLite transaction, which ends with the process however it ends.
 */
import fs from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { formatFile, lockFile } from "./data-paths.ts";
import { type FileSystem, replaceFile } from "./file-system.ts";

/**
 * On-disk format of journal, rollouts, indexes and `thread.json`. History: 1 first; 2 a journal may
 * hold renewals of leases, everything else is as it was.
 */
export const formatVersion = 2;

/** The directory cannot be used: one line that says why and what to do. */
export class DataDirectoryError extends Error {
  override readonly name = "DataDirectoryError";
}

/** Makes the directory when missing and locks it. Returns what lets go of the lock. */
export function lockDataDirectory(dataDir: string): () => void {
  let db: DatabaseSync | null = null;
  try {
    fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    db = new DatabaseSync(lockFile(dataDir));
    db.exec("pragma busy_timeout = 0; pragma journal_mode = delete; begin exclusive");
  } catch (error) {
    db?.close();
    const { errcode, message } = error as { errcode?: number; message: string };
    const sqliteBusy = 5;
    if (errcode === sqliteBusy) {
      throw new DataDirectoryError(
        `${dataDir} is in use by another server. Stop that one, or name another directory.`,
      );
    }
    throw new DataDirectoryError(`${dataDir} cannot be used as data directory: ${message}`);
  }
  const locked = db;
  return () => locked.close();
}

/** Writes the format of a new directory, refuses one that this version does not know. */
export async function checkFormat(files: FileSystem, dataDir: string): Promise<void> {
  const file = formatFile(dataDir);
  const bytes = await files.readFile(file);
  const format = bytes === null ? 0 : formatOf(bytes);
  if (format === formatVersion) return;
  if (format === 0 || format === 1) {
    const text = `${JSON.stringify({ format: formatVersion })}\n`;
    await replaceFile(files, file, Buffer.from(text));
    return;
  }
  throw new DataDirectoryError(
    format === null
      ? `${file} is damaged. If the directory is of this version, write {"format":${formatVersion}} into it.`
      : `${dataDir} has format ${format}; this version knows ${formatVersion}. Start a newer version.`,
  );
}

function formatOf(bytes: Buffer): number | null {
  try {
    const { format } = JSON.parse(bytes.toString("utf8"));
    return Number.isSafeInteger(format) ? format : null;
  } catch {
    return null; // told to the operator as damage
  }
}
