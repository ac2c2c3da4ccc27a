/**
 * Where things lie in the data directory. Pure. File names hold ids escaped so that ids differing
 * only in case do not meet on a file system that ignores case (LOG18).
 */
import path from "node:path";
import { crc32 } from "node:zlib";
import { keyText, type ThreadKey } from "../thread-key.ts";

/** The folder of the journal's segments. */
export const journalFolder = (dataDir: string) => path.join(dataDir, "journal");
/** The folder with all threads, in two levels. */
export const threadsFolder = (dataDir: string) => path.join(dataDir, "threads");
/** Where histories that are being imported lie, a folder each, until they are a thread's. */
export const importsFolder = (dataDir: string) => path.join(dataDir, "imports");
/** The tables made from journal and files. */
export const viewFile = (dataDir: string) => path.join(dataDir, "spool.db");
/** Says that the tables were found damaged while in use: the next start makes them again. */
export const viewDamageMark = (dataDir: string) => path.join(dataDir, "spool.db.damaged");
/** The search index, made from tables and files. */
export const searchFile = (dataDir: string) => path.join(dataDir, "search.db");
/** Which on-disk format the directory has (LOG17). */
export const formatFile = (dataDir: string) => path.join(dataDir, "format.json");
/** What start or checkpoints found damaged (LOG10). */
export const damageFile = (dataDir: string) => path.join(dataDir, "damage.json");
/** Held by the one process that writes here (LOG16). */
export const lockFile = (dataDir: string) => path.join(dataDir, "lock.db");

/** The file of a journal segment: its number in twelve digits. */
export function segmentFile(dataDir: string, segment: number): string {
  return path.join(journalFolder(dataDir), `${String(segment).padStart(12, "0")}.log`);
}

/** Where a segment goes that holds damage or lines of damaged threads (LOG10). */
export function setAsideFile(dataDir: string, segment: number): string {
  return `${segmentFile(dataDir, segment)}.damaged`;
}

/** The folder of a thread: two hex digits of a hash, then `<org>.<thread>`. */
export function threadFolder(dataDir: string, key: ThreadKey): string {
  const shard = (crc32(keyText(key)) & 0xff).toString(16).padStart(2, "0");
  return path.join(threadsFolder(dataDir), shard, `${escaped(key.orgId)}.${escaped(key.threadId)}`);
}

/** The thread whose folder is named so. The name must be one that `threadFolder` made. */
export function keyOfFolder(folder: string): ThreadKey {
  const [orgId = "", threadId = ""] = path.basename(folder).split(".").map(unescaped);
  return { orgId, threadId };
}

/** The folder of a staged history. */
export function stageFolder(dataDir: string, stageId: string): string {
  return path.join(importsFolder(dataDir), stageId);
}

/** The rows of a staged history; `folder` is the history's. */
export const stagedRowsFile = (folder: string) => path.join(folder, "rows.jsonl");

/** What of a thread its events do not tell; `folder` is the thread's. */
export const threadJsonFile = (folder: string) => path.join(folder, "thread.json");

/** The lines of a rollout; `folder` is its thread's. */
export function rolloutFile(folder: string, rolloutId: string): string {
  return path.join(folder, `${escaped(rolloutId)}.jsonl`);
}

/** Where the lines of a rollout stand, with checksums; `folder` is its thread's. */
export function rolloutIndexFile(folder: string, rolloutId: string): string {
  return path.join(folder, `${escaped(rolloutId)}.idx`);
}

/** Lower case; where that loses something, `~` and which letters were capitals, as hex bits. */
function escaped(id: string): string {
  const lower = id.toLowerCase();
  if (lower === id) return id;
  let capitals = 0n;
  for (let at = 0; at < id.length; at += 1) {
    if (id[at] !== lower[at]) capitals |= 1n << BigInt(at);
  }
  return `${lower}~${capitals.toString(16)}`;
}

function unescaped(name: string): string {
  const [lower = "", bits] = name.split("~");
  if (bits === undefined) return lower;
  const capitals = BigInt(`0x${bits}`);
  return lower.replace(/./g, (letter, at: number) =>
    (capitals >> BigInt(at)) & 1n ? letter.toUpperCase() : letter,
  );
}
