/**
 * The session files below the watched folders, found and heard of: scans at the start and every
 * few seconds, listens in between, and polls where it cannot listen. Tells of every file that may
 * have something new. Used by `session-watch.ts`.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { sleep } from "@spool/client/back-off";
import { lookAt, type Seen, scanFolder, seenOf } from "./folder-scan.ts";
import { FolderWatch } from "./folder-watch.ts";
import type { WatchedFolder } from "./watched-folders.ts";

/** What is found is told here. */
export type FilesListener = {
  /** The file is there, and like this now. */
  readonly onFile: (path: string, seen: Seen) => void;
  readonly onGone: (path: string) => void;
  /** A folder that may not be read; told once. */
  readonly onProblem: (path: string, error: unknown) => void;
};

/** How to look for changes. */
export type WatchedFilesOptions = FilesListener & {
  readonly folders: readonly WatchedFolder[];
  /** Do not listen, only poll: for file systems that tell nothing. */
  readonly polls: boolean;
  readonly signal: AbortSignal;
};

const pollMs = 150;
const scanMs = 10_000;
/** Where new files are not heard of. */
const scanPollMs = 2_000;
/** A scan may take this part of the time. */
const scanShare = 50;
/** Files that changed within this time are polled, the newest ones. */
const polledMs = 3_600_000;
const polledMax = 200;

/** All files. */
export class WatchedFiles {
  readonly #options: WatchedFilesOptions;
  readonly #watch: FolderWatch;
  readonly #files = new Map<string, Seen>();
  readonly #told = new Set<string>();
  /** Paths being looked at; true when something happened to one meanwhile. */
  readonly #looking = new Map<string, boolean>();
  #isUnwatched = false;

  constructor(options: WatchedFilesOptions) {
    this.#options = options;
    this.#watch = new FolderWatch((path) => void this.#changed(path), !options.polls);
    options.signal.addEventListener("abort", () => this.#watch.close(), { once: true });
  }

  /** One look at everything. */
  async scan(): Promise<void> {
    const before = new Set(this.#files.keys());
    for (const folder of this.#options.folders) {
      await this.#scan(folder.folder, folder, (path) => before.delete(path));
      this.#awaitFolder(folder.folder);
    }
    for (const path of before) if ((await lookAt(path)) === null) this.#gone(path);
    this.#isUnwatched = [...this.#files.keys()].some((path) => !this.#watch.covers(path));
  }

  /** Goes on looking until the signal is aborted. */
  async follow(): Promise<void> {
    await Promise.all([this.#scanOften(), this.#pollOften()]);
  }

  async #scanOften(): Promise<void> {
    const { signal } = this.#options;
    let tookMs = 0;
    while (await waited(this.#scanEveryMs(tookMs), signal)) {
      const startedAt = performance.now();
      await this.scan();
      tookMs = performance.now() - startedAt;
    }
  }

  #scanEveryMs(tookMs: number): number {
    return Math.max(this.#isUnwatched ? scanPollMs : scanMs, tookMs * scanShare);
  }

  async #pollOften(): Promise<void> {
    while (await waited(pollMs, this.#options.signal)) {
      if (!this.#isUnwatched) continue;
      const since = Date.now() - polledMs;
      const polled = [...this.#files]
        .filter(([path, { mtimeMs }]) => mtimeMs > since && !this.#watch.covers(path))
        .sort(([, a], [, b]) => b.mtimeMs - a.mtimeMs)
        .slice(0, polledMax);
      for (const [path] of polled) await this.look(path);
    }
  }

  /** Looks at one file again. */
  async look(path: string): Promise<void> {
    const found = await lookAt(path);
    if (found === null) this.#gone(path);
    else if (found.isFile()) this.#found(path, seenOf(found));
  }

  /** Something happened at a path: looks at it, and again for what happened meanwhile. */
  async #changed(path: string): Promise<void> {
    if (this.#looking.has(path)) {
      this.#looking.set(path, true);
      return;
    }
    try {
      do {
        this.#looking.set(path, false);
        await this.#lookAnywhere(path);
      } while (this.#looking.get(path) === true && !this.#options.signal.aborted);
    } finally {
      this.#looking.delete(path);
    }
  }

  /** A path may be a session's file, a folder that is new, or one above a folder to watch. */
  async #lookAnywhere(path: string): Promise<void> {
    const { folders } = this.#options;
    for (const made of folders.filter(({ folder }) => folder.startsWith(`${path}/`))) {
      await this.#scan(made.folder, made);
      this.#awaitFolder(made.folder);
    }
    const folder = this.#folderOf(path);
    if (folder === null) return;
    const found = await lookAt(path);
    if (found === null) this.#gone(path);
    else if (found.isDirectory()) {
      if (folder.isFlat !== true || path === folder.folder) await this.#scan(path, folder);
    } else if (found.isFile() && folder.accepts(path)) this.#found(path, seenOf(found));
  }

  /** Hears of a watched folder that is made later, by its nearest folder that is there. */
  #awaitFolder(folder: string): void {
    let there = folder;
    while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
    if (there !== folder) this.#watch.add(there);
  }

  #folderOf(path: string): WatchedFolder | null {
    const isIn = ({ folder }: WatchedFolder) => path === folder || path.startsWith(`${folder}/`);
    const folders = this.#options.folders.filter(isIn);
    return folders.find(({ accepts }) => accepts(path)) ?? folders[0] ?? null;
  }

  #scan(path: string, folder: WatchedFolder, onSeen: (path: string) => void = () => {}) {
    const { accepts, isFlat } = folder;
    return scanFolder(path, {
      accepts,
      isFlat,
      onFolder: (folder) => this.#watch.add(folder),
      onFile: (file, seen) => {
        onSeen(file);
        this.#found(file, seen);
      },
      onProblem: (folder, error) => {
        if (this.#told.has(folder)) return;
        this.#told.add(folder);
        this.#options.onProblem(folder, error);
      },
    });
  }

  #found(path: string, seen: Seen): void {
    this.#files.set(path, seen);
    this.#options.onFile(path, seen);
  }

  #gone(path: string): void {
    if (this.#files.delete(path)) this.#options.onGone(path);
  }
}

/** Whether the time passed; false when the signal was aborted before. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, signal);
    return true;
  } catch {
    // The one reason to reject is the signal.
    return false;
  }
}
