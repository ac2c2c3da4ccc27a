/**
 * The memory in which a page of stored lines is put together: kept between answers, since pages
 * are long, and fresh memory for each would make the garbage collector stop everybody (it goes by
 * bytes outside its heap). Owned by `send-answer.ts`.
 */

/** Shorter pages take new memory, which costs nothing to speak of. */
const leastBytes = 64 * 1024;

/** One buffer that is lent to one answer at a time; who finds it lent gets memory of its own. */
export class PageBuffer {
  #kept: Buffer = Buffer.alloc(0);

  /** Exactly `bytes` of memory, with any content. */
  take(bytes: number): Buffer {
    const kept = this.#kept;
    if (bytes < leastBytes || kept.length < bytes) return Buffer.allocUnsafe(bytes);
    this.#kept = Buffer.alloc(0);
    return kept.subarray(0, bytes);
  }

  /** What `take` gave is written: nobody reads or writes it any more. The longer one is kept. */
  giveBack(page: Buffer): void {
    const { buffer } = page;
    if (buffer.byteLength < leastBytes || buffer.byteLength <= this.#kept.length) return;
    this.#kept = Buffer.from(buffer);
  }
}
