/**
 * Frames of one stream in the order they came, for a reader that takes one after the other.
 * Bounded: a frame that finds the queue full is not taken, and the stream is to be ended; what is
 * queued is still given out. Used by `LiveConnection` and `LiveChannel`.
 */
import type { LiveEnd } from "./open-socket.ts";

/** A frame's text, with the frame where it was parsed on the way. */
export type LiveFrame = { readonly text: string; readonly parsed?: unknown };

/** A frame; `silence` when none came in time; `end` after the last one. */
export type LiveRead =
  | ({ readonly kind: "frame" } & LiveFrame)
  | { readonly kind: "silence" }
  | { readonly kind: "end"; readonly end: LiveEnd };

/** One stream of a thread's frames, from its start to its end. */
export interface LiveSource {
  /** True where somebody else makes sure that a silent stream is not a dead one. */
  readonly seesToSilence: boolean;
  /** The next frame; waits at most `ms` milliseconds for it, or until `signal` is aborted. */
  read(ms: number, signal?: AbortSignal): Promise<LiveRead>;
  /** Whether a frame or the end is there, or comes within `ms` milliseconds. */
  hasFrame(ms: number, signal?: AbortSignal): Promise<boolean>;
  /** Ends the stream without waiting for the other side, which may be gone. */
  close(): void;
}

/** UTF-16 units of frames that may wait for the reader; one frame always may. */
const queueUnitsMax = 16 * 1024 * 1024;

/** The queue of one stream. */
export class FrameQueue {
  readonly #frames: LiveFrame[] = [];
  #units = 0;
  #end: LiveEnd | null = null;
  #wake: () => void = () => {};

  /** Whether the stream is over; frames may be left to read. */
  get ended(): boolean {
    return this.#end !== null;
  }

  /** As `LiveSource.read`. */
  async read(ms: number, signal?: AbortSignal): Promise<LiveRead> {
    await this.hasFrame(ms, signal);
    const frame = this.#frames.shift();
    if (frame !== undefined) {
      this.#units -= frame.text.length;
      return { kind: "frame", ...frame };
    }
    return this.#end === null ? { kind: "silence" } : { kind: "end", end: this.#end };
  }

  /** As `LiveSource.hasFrame`. */
  async hasFrame(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#frames.length === 0 && this.#end === null) await this.#wait(ms, signal);
    return this.#frames.length > 0 || this.#end !== null;
  }

  /** Takes a frame; false when there is no room for it. */
  push(frame: LiveFrame): boolean {
    if (this.#end !== null) return true;
    const isOver = this.#units + frame.text.length > queueUnitsMax;
    if (isOver && this.#frames.length > 0) return false;
    this.#frames.push(frame);
    this.#units += frame.text.length;
    this.#wake();
    return true;
  }

  /** No more frames come. The first end counts. */
  finish(end: LiveEnd): void {
    this.#end ??= end;
    this.#wake();
  }

  #wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }
}
