/**
 * Which file is read next: what changed just now before what was there at the start, each file
 * once. Pure but for its own lists; used by `session-watch.ts`.
 */

/** Files that wait, by what they are to the caller. */
export class FileQueue<File> {
  readonly #live = new Set<File>();
  #backlog: File[] = [];
  readonly #waiting = new Set<File>();

  get isEmpty(): boolean {
    return this.#live.size === 0 && this.#waiting.size === 0;
  }

  /** Puts a file that has changed behind the others that have. */
  addLive(file: File): void {
    this.#waiting.delete(file);
    this.#live.add(file);
  }

  /** Puts files behind what waits already; sorted by `order` among themselves. */
  addBacklog(files: readonly File[], order: (a: File, b: File) => number): void {
    const fresh = files.filter((file) => !this.has(file));
    for (const file of fresh) this.#waiting.add(file);
    // Taken from the end.
    this.#backlog = [...fresh.toSorted(order).reverse(), ...this.#backlog];
  }

  /** Puts back a file of which more can be read at once. */
  putBack(file: File): void {
    if (this.has(file)) return;
    this.#waiting.add(file);
    this.#backlog.push(file);
  }

  has(file: File): boolean {
    return this.#live.has(file) || this.#waiting.has(file);
  }

  /** Takes the next file that `isFree`; undefined when there is none. */
  take(isFree: (file: File) => boolean): File | undefined {
    for (const file of this.#live) {
      if (!isFree(file)) continue;
      this.#live.delete(file);
      return file;
    }
    // Files that went over to the live ones are left in the backlog, and dropped when met.
    for (let at = this.#backlog.length - 1; at >= 0; at -= 1) {
      const file = this.#backlog[at] as File;
      const isWaiting = this.#waiting.has(file);
      if (isWaiting && !isFree(file)) continue;
      this.#backlog.splice(at, 1);
      if (!isWaiting) continue;
      this.#waiting.delete(file);
      return file;
    }
    return undefined;
  }
}
