/**
 * The files a watch knows, with how far each is published: also those of earlier starts, and those
 * that are gone, which may come back under another name (WATCH2, WATCH4). Keeps the sessions of the
 * latest ones only, so that memory does not grow with the files. Used by `session-watch.ts`.
 */
import type { Seen } from "./folder-scan.ts";
import type { PublishedFiles } from "./watch-state.ts";
import { isAtWork, newWatchedFile, type WatchedFile } from "./watched-file.ts";

/** Sessions kept between passes, the latest used ones. */
const sessionsMax = 32;

/** The files, by path. */
export class KnownFiles {
  readonly #files = new Map<string, WatchedFile>();
  #before: PublishedFiles = new Map();

  /** What was published before this start. */
  remember(before: PublishedFiles): void {
    this.#before = before;
  }

  /** How far each file is published, for whoever keeps it. */
  positions(): PublishedFiles {
    const files = [...this.#files.values()];
    return new Map(
      files.flatMap(({ path, published }) => (published === null ? [] : [[path, published]])),
    );
  }

  /** A file that was found before and is not gone. */
  get(path: string): WatchedFile | undefined {
    return this.#files.get(path);
  }

  /** Takes a file that was just found; one with the number of a file that is gone is that one. */
  add(path: string, seen: Seen): WatchedFile {
    const published = this.#before.get(path) ?? this.#before.get(goneKey(seen)) ?? null;
    const file = newWatchedFile(path, seen, published);
    this.#files.set(path, file);
    return file;
  }

  /** Forgets a file that is gone. */
  remove(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    clearTimeout(file.timer);
    this.#files.delete(path);
    if (file.published !== null) this.#before.set(goneKey(file.seen), file.published);
  }

  /** Lets go of what is only needed while files grow; `file` was read to its end just now. */
  rest(file: WatchedFile): void {
    if (!isAtWork(file) || file.session?.isSpent === true) file.session = null;
    if (file.session === null) return;
    // Latest last.
    this.#files.delete(file.path);
    this.#files.set(file.path, file);
    const kept = [...this.#files.values()].filter(({ session }) => session !== null);
    for (const old of kept.slice(0, -sessionsMax)) if (!old.isBusy) old.session = null;
  }
}

function goneKey({ dev, ino }: Seen): string {
  return `gone:${dev}:${ino}`;
}
