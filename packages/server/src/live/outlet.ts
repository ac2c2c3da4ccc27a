/**
 * The sending end of one connection, WebSocket or event stream: what is given to it in a turn of
 * the event loop is written in one go. Its queue has a known length; when it is full, whoever feeds
 * it reads on from the log instead of queueing more (LIVE12).
 */
import type { Writable } from "node:stream";
import { liveLimits } from "./live-limits.ts";
import type { TurnScheduler } from "./turn-scheduler.ts";

/** Chunks shorter than this together are copied into one; longer ones are written as they are. */
const joinedBytesMax = 64 * 1024;

/** The queue of one connection. After its stream has closed, writes are nothing. */
export class Outlet {
  readonly #stream: Writable;
  readonly #scheduler: TurnScheduler;
  /** Mostly there is one chunk; an array is only made for more, since every watcher has a queue. */
  #first: Buffer | null = null;
  #more: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  /** Told at the end of each turn in which something was written. */
  #written: Set<() => void> | null = null;

  constructor(stream: Writable, scheduler: TurnScheduler) {
    this.#stream = stream;
    this.#scheduler = scheduler;
    stream.once("close", () => {
      this.#ended = true;
      this.#first = null;
      this.#more = [];
    });
  }

  /** Sends bytes at the end of the turn. Shared buffers are not copied and must not change. */
  write(chunk: Buffer): void {
    if (this.#ended || chunk.length === 0) return;
    if (this.#first === null) {
      this.#scheduler.addOutlet(this);
      this.#first = chunk;
    } else this.#more.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Bytes given and not yet taken by the system. */
  get queuedBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  get isFull(): boolean {
    return this.queuedBytes > liveLimits.queueBytesMax;
  }

  /** Writes what waits for the end of the turn. */
  endTurn(): void {
    const first = this.#first;
    if (first === null || this.#ended) return;
    const more = this.#more;
    const bytes = this.#bytes;
    this.#first = null;
    this.#bytes = 0;
    if (more.length === 0) this.#stream.write(first);
    else {
      this.#more = [];
      const chunks = [first, ...more];
      if (bytes <= joinedBytesMax) this.#stream.write(Buffer.concat(chunks, bytes));
      else this.#writeMany(chunks);
    }
    for (const told of this.#written ?? []) told();
  }

  /**
   * Resolves with true when the queue is nearly empty, with false when the peer has taken nothing
   * of it for too long or is gone.
   */
  async drained(): Promise<boolean> {
    let least = this.queuedBytes;
    let movedAt = performance.now();
    while (!this.#ended && this.queuedBytes > liveLimits.queueBytesMax / 4) {
      await this.#someDrain();
      if (this.queuedBytes < least) {
        least = this.queuedBytes;
        movedAt = performance.now();
      } else if (performance.now() - movedAt > liveLimits.stuckMsMax) return false;
    }
    return !this.#ended;
  }

  #writeMany(chunks: readonly Buffer[]): void {
    this.#stream.cork();
    for (const chunk of chunks) this.#stream.write(chunk);
    this.#stream.uncork();
  }

  /**
   * Waits until something may have been taken, but never long: a stream tells of it only when it is
   * empty, and not at all when the system took everything within the write.
   */
  #someDrain(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#written?.delete(done);
        this.#stream.off("drain", done);
        this.#stream.off("close", done);
        resolve();
      };
      const timer = setTimeout(done, liveLimits.drainPollMs);
      this.#written ??= new Set();
      this.#written.add(done);
      this.#stream.once("drain", done);
      this.#stream.once("close", done);
    });
  }
}
