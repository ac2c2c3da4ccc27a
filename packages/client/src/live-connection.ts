/**
 * One WebSocket to a thread's live stream, as a queue of frame texts in the order they came.
 * Bounded: when the reader is too slow the socket is closed, what is queued is still given out, and
 * the reader goes on from there with a new connection. Used by `watchThread` only.
 */
import { FrameQueue, type LiveRead, type LiveSource } from "./frame-queue.ts";
import type { HttpTransport, Query } from "./http-transport.ts";
import { closeCodes, openSocket, type Socket } from "./open-socket.ts";

/** Opens the live stream of a path, identified as the transport is. Never rejects for the socket. */
export async function openLive(
  http: HttpTransport,
  path: string,
  query: Query,
): Promise<LiveConnection> {
  return new LiveConnection(await openSocket(http, path, query));
}

/** One connection, from its start to its end. */
export class LiveConnection implements LiveSource {
  readonly seesToSilence = false;
  readonly #socket: Socket;
  readonly #queue = new FrameQueue();
  #opened = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.onopen = () => {
      this.#opened = true;
    };
    socket.onmessage = ({ data }) => {
      if (!this.#queue.push({ text: String(data) })) this.#end(true);
    };
    socket.onclose = ({ code }) => this.#finish(code, false);
  }

  read(ms: number, signal?: AbortSignal): Promise<LiveRead> {
    return this.#queue.read(ms, signal);
  }

  hasFrame(ms: number, signal?: AbortSignal): Promise<boolean> {
    return this.#queue.hasFrame(ms, signal);
  }

  close(): void {
    this.#end(false);
  }

  #end(overflowed: boolean): void {
    this.#socket.onmessage = null;
    this.#finish(closeCodes.normal, overflowed);
    this.#socket.close(closeCodes.normal);
  }

  #finish(code: number, overflowed: boolean): void {
    this.#queue.finish({ code, opened: this.#opened, overflowed });
  }
}
