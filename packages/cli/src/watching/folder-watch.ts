/**
 * Hears from the system what changes in folders. Each folder is watched by itself; where the
 * system cannot (no watches left, a file system without them), the folder counts as unwatched and
 * its files have to be polled. Used by `session-watch.ts`.
 */
import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname, join } from "node:path";

/** Watches of any number of folders. */
export class FolderWatch {
  readonly #onPath: (path: string) => void;
  readonly #enabled: boolean;
  readonly #folders = new Map<string, Watched>();

  /** `onPath` hears of paths that may have changed; disabled, every folder is unwatched. */
  constructor(onPath: (path: string) => void, enabled = true) {
    this.#onPath = onPath;
    this.#enabled = enabled;
  }

  /** Watches the folder from now on; once is enough, and a folder that is not there is left out. */
  add(folder: string): void {
    if (!this.#enabled) return;
    try {
      const { ino } = statSync(folder);
      const known = this.#folders.get(folder);
      if (known?.ino === ino) return;
      known?.watcher?.close();
      this.#folders.set(folder, { ino, watcher: this.#watch(folder) });
    } catch {
      // Not there, or closed to us: the next scan tries again, and tells what is wrong.
      this.#folders.delete(folder);
    }
  }

  /** Whether changes of the file are heard of. */
  covers(path: string): boolean {
    return (this.#folders.get(dirname(path))?.watcher ?? null) !== null;
  }

  close(): void {
    for (const { watcher } of this.#folders.values()) watcher?.close();
    this.#folders.clear();
  }

  #watch(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name !== null) this.#onPath(join(folder, name));
      });
      watcher.on("error", () => {
        watcher.close();
        const known = this.#folders.get(folder);
        if (known?.watcher === watcher) this.#folders.set(folder, { ...known, watcher: null });
      });
      return watcher;
    } catch {
      // No watches left, or a file system without them: the folder's files are polled.
      return null;
    }
  }
}

/** The folder's number tells one that was made anew; null when it cannot be watched. */
type Watched = { readonly ino: number; readonly watcher: FSWatcher | null };
