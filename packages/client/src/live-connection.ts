/**
 * One WebSocket to a thread's live stream, as a queue of frame texts in the order they came.
 * Bounded: when the reader is too slow the socket is closed, what is queued is still given out, and
 * the reader goes on from there with a new connection. Used by `watchThread` only.
 */
import type { HttpTransport, Query } from "./http-transport.ts";

/** How a connection ended. */
export type LiveEnd = {
  /** The WebSocket's close code; 1006 when there was no proper end. */
  readonly code: number;
  /** False when the upgrade was refused or nobody answered. */
  readonly opened: boolean;
  /** True when the reader was too slow and the queue was full. */
  readonly overflowed: boolean;
};

/** A frame's text; `silence` when none came in time; `end` after the last one. */
export type LiveRead =
  | { readonly kind: "frame"; readonly text: string }
  | { readonly kind: "silence" }
  | { readonly kind: "end"; readonly end: LiveEnd };

/** UTF-16 units of frames that may wait for the reader; one frame always may. */
const queueUnitsMax = 16 * 1024 * 1024;
/** Close code for what the client ends by itself. */
const normalClosure = 1_000;

/** The part of a WebSocket that browsers and Node have in common. */
type Socket = {
  close(code?: number): void;
  onopen: (() => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
};
type SocketConstructor = new (
  url: string,
  options?: string[] | { headers: Record<string, string> },
) => Socket;

/** Opens the live stream of a path, identified as the transport is. Never rejects for the socket. */
export async function openLive(
  http: HttpTransport,
  path: string,
  query: Query,
): Promise<LiveConnection> {
  const url = http.urlOf(path, query);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const credential = await http.credential();
  const Constructor = globalThis.WebSocket as unknown as SocketConstructor;
  if (credential === null) return new LiveConnection(new Constructor(url.href));
  if (takesHeaders()) {
    const headers: Record<string, string> =
      "apiKey" in credential
        ? { "x-api-key": credential.apiKey }
        : { authorization: `Bearer ${credential.token}` };
    return new LiveConnection(new Constructor(url.href, { headers }));
  }
  if ("token" in credential) {
    return new LiveConnection(new Constructor(url.href, ["spool", `bearer.${credential.token}`]));
  }
  url.searchParams.set("api_key", credential.apiKey);
  return new LiveConnection(new Constructor(url.href));
}

/** Node's WebSocket takes headers; a browser's does not. */
function takesHeaders(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

/** One connection, from its start to its end. */
export class LiveConnection {
  readonly #socket: Socket;
  readonly #frames: string[] = [];
  #units = 0;
  #opened = false;
  #overflowed = false;
  #end: LiveEnd | null = null;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.onopen = () => {
      this.#opened = true;
    };
    socket.onmessage = ({ data }) => this.#queue(String(data));
    socket.onclose = ({ code }) => this.#finish(code);
  }

  /** The next frame; waits at most `ms` milliseconds for it, or until `signal` is aborted. */
  async read(ms: number, signal?: AbortSignal): Promise<LiveRead> {
    await this.hasFrame(ms, signal);
    const text = this.#frames.shift();
    if (text !== undefined) {
      this.#units -= text.length;
      return { kind: "frame", text };
    }
    return this.#end === null ? { kind: "silence" } : { kind: "end", end: this.#end };
  }

  /** Whether a frame or the end is there, or comes within `ms` milliseconds. */
  async hasFrame(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#frames.length === 0 && this.#end === null) await this.#wait(ms, signal);
    return this.#frames.length > 0 || this.#end !== null;
  }

  /** Ends the connection without waiting for the other side, which may be gone. */
  close(): void {
    this.#socket.onmessage = null;
    this.#socket.close(normalClosure);
    this.#finish(normalClosure);
  }

  #queue(text: string): void {
    if (this.#end !== null) return;
    if (this.#frames.length > 0 && this.#units + text.length > queueUnitsMax) {
      this.#overflowed = true;
      this.close();
      return;
    }
    this.#frames.push(text);
    this.#units += text.length;
    this.#wake();
  }

  #finish(code: number): void {
    this.#end ??= { code, opened: this.#opened, overflowed: this.#overflowed };
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
