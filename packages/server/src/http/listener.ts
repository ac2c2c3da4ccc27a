/**
 * The listening HTTP server. It takes connections before the store is open, so that probes get an
 * answer while a long replay goes on (REST15), then hands requests to the real handler; at the end
 * it lets requests under way finish. What is not HTTP gets the envelope too (ERR3). Used by `app.ts`.
 *
 *   listen ─▶ starting: /healthz 200, the rest 503 ─▶ `serve(handler)` ─▶ `close()`: idle
 *   connections go, answers under way leave with Connection: close, stragglers are cut off
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { DomainError } from "@spool/protocol/errors";
import { closeGraceMs, headersMs, keepAliveMs, requestMs } from "../limits.ts";
import { json } from "./answer.ts";
import { malformed, notReady } from "./refusals.ts";
import { requestIdOf } from "./request-id.ts";
import { type Envelope, refusalText, sendAnswer, sendRefusal } from "./send-answer.ts";
import { isUploading } from "./upload.ts";

/** Between two looks for connections that have become idle while closing, in milliseconds. */
const idleCheckMs = 50;

/** A server that listens. */
export type Listener = {
  readonly server: Server;
  /** The address it listens on; the port is the real one. */
  readonly address: AddressInfo;
  /** From now on `handler` answers. */
  readonly serve: (handler: RequestListener) => void;
  /** Stops listening; resolves when every connection is gone, 10 s later at most. */
  readonly close: () => Promise<void>;
};

/** Listens on `host` and `port`. Rejects as Node does, with EADDRINUSE for example. */
export async function listen(options: { host: string; port: number }): Promise<Listener> {
  let handler: RequestListener = answerStarting;
  let closed: Promise<void> | null = null;
  // Connections without a request yet: Node does not count them as idle, also while closing.
  const silent = new Set<Duplex>();
  const onRequest: RequestListener = (request, response) => {
    silent.delete(request.socket);
    const lacksHost = request.headers.host === undefined && request.httpVersion === "1.1";
    if (lacksHost) refuse(request, response, malformed("it lacks the Host header"));
    else handler(request, response);
  };
  const timeouts = { keepAliveTimeout: keepAliveMs, headersTimeout: headersMs };
  // Anything but a WebSocket, h2c for one, is offered by the client and may be passed over.
  const shouldUpgradeCallback = ({ headers }: IncomingMessage): boolean =>
    server.listenerCount("upgrade") > 0 && headers.upgrade?.toLowerCase() === "websocket";
  const server: Server = createServer(
    // Left to Node, a missing Host and an unknown expectation are answered without the envelope.
    { ...timeouts, requestTimeout: requestMs, requireHostHeader: false, shouldUpgradeCallback },
    onRequest,
  );
  server.on("checkExpectation", onRequest);
  server.on("connection", (socket) => {
    silent.add(socket);
    socket.on("close", () => silent.delete(socket));
  });
  server.on("clientError", answerMalformed);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    server,
    address: server.address() as AddressInfo,
    serve: (next) => {
      handler = next;
      // Not before: with anybody listening for them, upgrades are no requests any more.
      server.on("upgrade", ({ socket }) => silent.delete(socket));
    },
    close: () => {
      closed ??= closeServer(server, silent);
      return closed;
    },
  };
}

/** `http://127.0.0.1:4646`, as a client on this machine reaches it. */
export function urlOf({ address, family, port }: AddressInfo): string {
  const everywhere = address === "0.0.0.0" || address === "::";
  if (everywhere) return `http://localhost:${port}`;
  return family === "IPv6" ? `http://[${address}]:${port}` : `http://${address}:${port}`;
}

function answerStarting(request: IncomingMessage, response: ServerResponse): void {
  if (request.url !== "/healthz") refuse(request, response, notReady("starting"));
  else sendAnswer(response, closingEnvelope(request), json({ status: "ok" }));
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: DomainError): void {
  sendRefusal(response, closingEnvelope(request), refusal);
}

function closingEnvelope(request: IncomingMessage): Envelope {
  const requestId = requestIdOf(request.headers["x-request-id"]);
  return { requestId, rate: null, headers: { connection: "close" } };
}

/** Node calls this for what its parser refuses, and for connections that broke. */
function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  // An upload has a limit of its own: it must go on, not be quick.
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && isUploading(socket)) return;
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = requestIdOf(undefined);
  const body = refusalText(malformed("it is not HTTP that can be read here"), requestId);
  socket.end(
    `HTTP/1.1 400 ${STATUS_CODES[400]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `x-request-id: ${requestId}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n` +
      `x-content-type-options: nosniff\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function closeServer(server: Server, silent: ReadonlySet<Duplex>): Promise<void> {
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
    const patience = setTimeout(() => server.closeAllConnections(), closeGraceMs);
    server.close(() => {
      clearInterval(idle);
      clearTimeout(patience);
      resolve();
    });
    server.closeIdleConnections();
    for (const socket of silent) socket.destroy();
  });
}
