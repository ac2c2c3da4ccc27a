/**
 * A tiny server for what a real one does only by accident: it answers each HTTP request and each
 * WebSocket from a script, one entry per request or connection, and remembers what it was asked.
 * Faults: any status, any body, no answer at all, broken connections, any close code, frames in
 * any order. For tests only.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One HTTP answer: `data` or `error` in the envelope, a raw body, or a broken connection. */
export type HttpStep = {
  readonly status?: number;
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly details?: object };
  readonly raw?: string;
  readonly headers?: Record<string, string>;
  readonly breaks?: boolean;
  readonly hangs?: boolean;
};

/** One live connection: texts that are sent, then a close code (none stays open) or a refusal. */
export type LiveStep = {
  readonly frames?: readonly string[];
  readonly close?: number;
  readonly refuse?: number;
  readonly breaks?: boolean;
};

/** What was asked, in order. */
export type Asked = {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
};

/** A running fault server. */
export type FaultServer = {
  readonly url: string;
  readonly asked: Asked[];
  readonly lives: string[];
  close(): Promise<void>;
};

/** Starts one. The last entry of a script is repeated for whatever else is asked. */
export async function startFaultServer(script: {
  http?: readonly HttpStep[];
  live?: readonly LiveStep[];
}): Promise<FaultServer> {
  const asked: Asked[] = [];
  const lives: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method = "", url: path = "", headers } = request;
    const step = stepAt(script.http, asked.push({ method, path, headers, body }) - 1);
    answer(response, step ?? { status: 500, error: { code: "INTERNAL" } });
  });
  server.on("connection", (socket) =>
    sockets.add(socket.on("close", () => sockets.delete(socket))),
  );
  server.on("upgrade", (request, socket) => {
    const step = stepAt(script.live, lives.push(request.url ?? "") - 1) ?? { refuse: 503 };
    playLive(request, socket as Socket, step);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return { url: `http://127.0.0.1:${port}`, asked, lives, close };
}

function stepAt<T>(steps: readonly T[] | undefined, index: number): T | undefined {
  return steps?.[index] ?? steps?.at(-1);
}

function answer(response: ServerResponse, step: HttpStep): void {
  if (step.breaks) return void response.socket?.destroy();
  if (step.hangs) return;
  const { status = step.error === undefined ? 200 : 400, headers = {} } = step;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  const meta = { requestId: "req_1" };
  const error = { message: "refused", requestId: "req_1", ...step.error };
  response.end(
    step.raw ?? JSON.stringify(step.error ? { error } : { data: step.data ?? {}, meta }),
  );
}

function playLive(request: IncomingMessage, socket: Socket, step: LiveStep): void {
  if (step.refuse !== undefined) {
    socket.end(`HTTP/1.1 ${step.refuse} Refused\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  for (const text of step.frames ?? []) socket.write(frame(0x81, Buffer.from(text)));
  if (step.close !== undefined) {
    const code = Buffer.alloc(2);
    code.writeUInt16BE(step.close);
    socket.write(frame(0x88, code));
  }
  if (step.close !== undefined || step.breaks) socket.end();
  socket.on("error", () => {}).resume();
}

/** An unmasked frame of the WebSocket protocol; payloads below 64 KiB. */
function frame(head: number, payload: Buffer): Buffer {
  const { length } = payload;
  const header = length < 126 ? [head, length] : [head, 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), payload]);
}
