/**
 * A WebSocket client that costs next to nothing: the upgrade and masked text frames made by hand,
 * received frames told by their headers alone. What saturates must be the server, not the load.
 */
import { randomBytes } from "node:crypto";
import net from "node:net";

/** Where to connect on loopback, as whom (null: without a credential), and who reads. */
export type RawSocketOptions = {
  readonly port: number;
  readonly path: string;
  readonly key: string | null;
  /** Called for each text frame; the payload is a view that is gone afterwards. */
  readonly onFrame: (payload: Buffer) => void;
};

/** An open socket. */
export class RawSocket {
  readonly #socket: net.Socket;
  readonly #onFrame: (payload: Buffer) => void;
  /** Received and not read: joined only when a whole frame may be there. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #neededBytes = 0;
  #isOpen = false;
  #opened: (error?: Error) => void = () => undefined;
  /** Text frames received. */
  frames = 0;
  bytes = 0;

  private constructor(socket: net.Socket, onFrame: (payload: Buffer) => void) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(chunk));
    socket.on("error", (error) => this.#opened(error));
    socket.on("close", () => this.#opened(new Error("the socket was closed")));
  }

  /** Connects and upgrades; rejects when the server refuses. */
  static open({ port, path, key, onFrame }: RawSocketOptions): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const stream = net.connect(port, "127.0.0.1", () => {
        const credential = key === null ? "" : `X-API-Key: ${key}\r\n`;
        stream.write(
          `GET ${path} HTTP/1.1\r\nHost: spool\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\n` +
            `${credential}\r\n`,
        );
      });
      const socket = new RawSocket(stream, onFrame);
      socket.#opened = (error) => (error === undefined ? resolve(socket) : reject(error));
    });
  }

  send(text: string): void {
    this.#socket.write(maskedFrame(text));
  }

  /** Bytes made by `maskedFrame` before. */
  sendBytes(frame: Buffer): void {
    this.#socket.write(frame);
  }

  /** Stops reading, so that the server meets a full connection. */
  pause(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#opened = () => undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#rest.push(chunk);
    this.#restBytes += chunk.length;
    if (this.#restBytes < this.#neededBytes) return;
    const data = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest);
    const rest = data.subarray(this.#readAll(data));
    this.#rest = rest.length === 0 ? [] : [rest];
    this.#restBytes = rest.length;
  }

  /** Reads the upgrade's answer and whole frames; returns where what is left begins. */
  #readAll(data: Buffer): number {
    let at = 0;
    if (!this.#isOpen) {
      const end = data.indexOf("\r\n\r\n");
      if (end < 0) return 0;
      const status = data.toString("latin1", 9, 12);
      if (status !== "101") {
        this.#opened(new Error(`answered ${status}: ${data.toString("utf8", 0, 500)}`));
        return data.length;
      }
      this.#isOpen = true;
      this.#opened();
      at = end + 4;
    }
    return this.#readFrames(data, at);
  }

  /** Reads whole frames from `at`; returns where the first incomplete one begins. */
  #readFrames(data: Buffer, start: number): number {
    let at = start;
    this.#neededBytes = 0;
    while (at + 2 <= data.length) {
      let length = (data[at + 1] as number) & 0x7f;
      let header = 2;
      if (length === 126) {
        if (at + 4 > data.length) return at;
        length = data.readUInt16BE(at + 2);
        header = 4;
      } else if (length === 127) {
        if (at + 10 > data.length) return at;
        length = Number(data.readBigUInt64BE(at + 2));
        header = 10;
      }
      if (at + header + length > data.length) {
        this.#neededBytes = header + length;
        return at;
      }
      if (((data[at] as number) & 0x0f) === 1) {
        this.frames += 1;
        this.#onFrame(data.subarray(at + header, at + header + length));
      }
      at += header + length;
    }
    return at;
  }
}

/** A text frame as a client sends it; the mask is zero, which is a mask too. */
export function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  header[0] = 0x81;
  if (length < 126) {
    header[1] = 0x80 | length;
  } else if (length < 65_536) {
    header[1] = 0x80 | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}
