/**
 * An HTTP/1.1 client that costs next to nothing, so that the load does not take the processor
 * from what is measured: requests are bytes made beforehand, answers are counted by their
 * Content-Length. One request at a time per connection.
 */
import net from "node:net";

/** One whole answer, whatever its status. */
export type RawAnswer = {
  readonly status: number;
  readonly body: Buffer;
  /** Of the body. */
  readonly bytes: number;
};

/** The bytes of a request; without a credential where `key` is null. */
export function rawRequest(
  method: string,
  path: string,
  { key, body }: { key: string | null; body?: string },
): Buffer {
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  const type = body === undefined ? "" : `Content-Type: application/json\r\n`;
  const length = body === undefined ? "" : `Content-Length: ${bytes.length}\r\n`;
  const credential = key === null ? "" : `X-API-Key: ${key}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: spool\r\n${credential}${type}${length}\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

const headEnd = Buffer.from("\r\n\r\n");

/** One kept-alive connection. Closed by the other side, it rejects the request under way. */
export class RawConnection {
  /** False: bodies are counted and thrown away, `body` is empty then. */
  keepsBody = true;
  readonly #socket: net.Socket;
  #chunks: Buffer[] = [];
  #have = 0;
  /** Total bytes of the answer being received; 0 until its head is there. */
  #need = 0;
  #headBytes = 0;
  #status = 0;
  #resolve: ((answer: RawAnswer) => void) | null = null;
  #reject: ((error: Error) => void) | null = null;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("close", () => this.#reject?.(new Error("the connection was closed")));
    socket.on("error", (error) => this.#reject?.(error));
  }

  /** Connects on loopback; rejects when nobody listens. */
  static connect(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1");
      socket.setNoDelay(true);
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawConnection(socket)));
    });
  }

  /** Sends a request, resolves with its answer. */
  send(request: Buffer): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#reject = null;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#need === 0 || this.keepsBody) this.#chunks.push(chunk);
    this.#have += chunk.length;
    if (this.#need === 0 && !this.#readHead()) return;
    if (this.#have < this.#need) return;
    const bytes = this.#need - this.#headBytes;
    const body = this.keepsBody ? this.#body() : Buffer.alloc(0);
    this.#chunks = [];
    this.#have = 0;
    this.#need = 0;
    const resolve = this.#resolve;
    this.#resolve = null;
    this.#reject = null;
    resolve?.({ status: this.#status, body, bytes });
  }

  #body(): Buffer {
    const [only] = this.#chunks;
    const all = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
    return all.subarray(this.#headBytes, this.#need);
  }

  #readHead(): boolean {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    const start = this.#chunks[0] as Buffer;
    const end = start.indexOf(headEnd);
    if (end < 0) return false;
    const head = start.toString("latin1", 0, end);
    this.#status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: (\d+)/i.exec(head);
    this.#headBytes = end + headEnd.length;
    this.#need = this.#headBytes + Number(length?.[1] ?? 0);
    return true;
  }
}
