/**
 * Lists the session files below a folder, with what tells one file from another. Never writes, does
 * not follow links, and goes on past what it may not read or what vanishes meanwhile. Used by
 * `session-watch.ts`.
 */
import type { Dirent, Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A file as the system tells it now. */
export type Seen = {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
};

/** What a scan tells its caller. */
export type ScanListener = {
  readonly accepts: (path: string) => boolean;
  /** Folders in it are left alone. */
  readonly isFlat?: boolean | undefined;
  /** A folder, before it is listed: what comes later is told by whoever watches it. */
  readonly onFolder: (path: string) => void;
  readonly onFile: (path: string, seen: Seen) => void;
  /** A folder that may not be read. */
  readonly onProblem: (path: string, error: unknown) => void;
};

/** Deeper than any agent's files lie. */
const depthMax = 8;

/** Walks the folder; a folder that is not there gives nothing. */
export async function scanFolder(folder: string, listener: ScanListener, depth = 0): Promise<void> {
  if (depth > depthMax) return;
  listener.onFolder(folder);
  const entries = await listed(folder, listener);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (listener.isFlat !== true) await scanFolder(path, listener, depth + 1);
    } else if (entry.isFile() && listener.accepts(path)) {
      const found = await lookAt(path);
      if (found?.isFile()) listener.onFile(path, seenOf(found));
    }
  }
}

/** The path's state; null when it is not there. */
export async function lookAt(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch {
    // Vanished, or a folder above it is closed to us: the scan of that folder tells.
    return null;
  }
}

/** What is remembered of a file's state. */
export function seenOf({ dev, ino, size, mtimeMs }: Stats): Seen {
  return { dev, ino, size, mtimeMs };
}

async function listed(folder: string, { onProblem }: ScanListener): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") onProblem(folder, error);
    return [];
  }
}
