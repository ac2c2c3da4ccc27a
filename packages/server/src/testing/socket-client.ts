/**
 * A plain socket for tests that send: it keeps every frame it receives and waits for conditions,
 * never for durations. Used by the tests of publishing on a socket and of `/v1/live`.
 */
import { WebSocket } from "ws";
import type { Closed, ReceivedFrame } from "./test-watcher.ts";

const patienceMs = 30_000;

/** A message whose answer is told by its id. */
export type IdentifiedMessage = { readonly id: number | string } & Readonly<
  Record<string, unknown>
>;

/** Opens a socket; rejects with the refusal's status when there is none. */
export async function openSocket(
  server: { readonly url: string },
  path: string,
  key: string,
): Promise<SocketClient> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}${path}`, {
    headers: { "X-API-Key": key },
    perMessageDeflate: false,
  });
  const client = new SocketClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return client;
}

/** One open socket. */
export class SocketClient {
  readonly socket: WebSocket;
  readonly frames: ReceivedFrame[] = [];
  closed: Closed | null = null;
  readonly #looks = new Set<() => void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("error", () => undefined); // the close that follows tells what matters
    socket.on("message", (data) => {
      const text = String(data);
      this.frames.push({ text, frame: JSON.parse(text) });
      this.#look();
    });
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#look();
    });
  }

  /** Sends JSON; a text or bytes as they are. */
  send(message: unknown): void {
    const isRaw = typeof message === "string" || message instanceof Buffer;
    this.socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** Frames about a thread, in order; answers to `publish` are told apart by `id`. */
  of(threadId: string): ReceivedFrame[] {
    return this.frames.filter(({ frame }) => frame.threadId === threadId);
  }

  /** Resolves once `holds`. */
  async until(what: string, holds: (client: this) => boolean): Promise<void> {
    await this.#wait(what, () => {
      if (holds(this)) return true;
      if (this.closed === null) return false;
      throw new Error(`closed with ${this.closed.code} before ${what}`);
    });
  }

  /** Resolves with the first frame, at or behind `from`, that fits. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into all of it
  async find(what: string, fits: (frame: any) => boolean, from = 0): Promise<any> {
    const found = () => this.frames.slice(from).find(({ frame }) => fits(frame));
    await this.until(what, () => found() !== undefined);
    return found()?.frame;
  }

  /** Sends a message with an id and resolves with its answer. */
  async ask(message: IdentifiedMessage): Promise<ReceivedFrame["frame"]> {
    const from = this.frames.length;
    this.send(message);
    return this.find(`answer ${message.id}`, ({ id }) => id === message.id, from);
  }

  /** Resolves with how the connection ended. */
  async untilClosed(): Promise<Closed> {
    await this.#wait("the end of the connection", () => this.closed !== null);
    return this.closed as Closed;
  }

  async leave(): Promise<void> {
    this.socket.close(1000);
    await this.untilClosed();
  }

  #look(): void {
    for (const look of this.#looks) look();
  }

  #wait(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        clearTimeout(timer);
        this.#looks.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = () => {
        try {
          if (holds()) settle();
        } catch (error) {
          settle(error as Error);
        }
      };
      const timer = setTimeout(() => settle(new Error(`in vain: ${what}`)), patienceMs);
      this.#looks.add(look);
      look();
    });
  }
}
