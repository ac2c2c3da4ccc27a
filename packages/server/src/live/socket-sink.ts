/** A WebSocket as a session's sink: a queue with a known length, and a patience. */
import type { WebSocket } from "ws";
import { liveLimits } from "./live-limits.ts";
import type { FrameSink } from "./session.ts";

/** Below this the queue counts as drained. */
const drainedBytes = liveLimits.queueBytesMax / 4;
const pollMs = 20;

export class SocketSink implements FrameSink {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  send(frame: Buffer | string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(frame, { binary: false });
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  async drained(): Promise<boolean> {
    let least = this.queuedBytes;
    let stuckMs = 0;
    while (this.queuedBytes > drainedBytes && this.#socket.readyState === this.#socket.OPEN) {
      if (stuckMs > liveLimits.stuckMsMax) return false;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      stuckMs = this.queuedBytes < least ? 0 : stuckMs + pollMs;
      least = Math.min(least, this.queuedBytes);
    }
    return true;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}
