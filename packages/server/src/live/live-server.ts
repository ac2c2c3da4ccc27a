/**
 * The live side of the HTTP server: takes WebSocket upgrades of a thread's events, refuses bad
 * ones with plain HTTP and the envelope (LIVE13), keeps the sockets alive and in order. What goes
 * over a socket is the session's work.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import { isThreadId } from "@spool/protocol/ids";
import { bodyBytesMax } from "@spool/protocol/limits";
import type { Access } from "@spool/protocol/live-frames";
import type { Thread } from "@spool/protocol/resources";
import { type WebSocket, WebSocketServer } from "ws";
import { accessTo } from "../auth/access.ts";
import { type Principal, requireScope } from "../auth/principal.ts";
import type { ThreadRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { LiveBus } from "./live-bus.ts";
import { liveLimits } from "./live-limits.ts";
import { Session } from "./session.ts";
import { SocketSink } from "./socket-sink.ts";
import { parseWatchQuery, type WatchOptions } from "./watch-query.ts";

/** What the live side needs of the rest of the server. */
export type LiveParts = {
  readonly store: ThreadStore;
  readonly bus: LiveBus;
  /** Checks headers, credential and rate; throws the DomainError that refuses the upgrade. */
  readonly authenticate: (request: IncomingMessage, query: URLSearchParams) => Promise<Principal>;
  /** Whether a credential accepted earlier would still be. */
  readonly isLive: (principal: Principal) => boolean;
  /** Answers a refused upgrade in plain HTTP and ends the connection. */
  readonly refuse: (request: IncomingMessage, socket: Duplex, error: unknown) => void;
  readonly threadView: (row: ThreadRow, access: Access) => Thread;
  readonly olderCursor: (
    principal: Principal,
    key: ThreadKey,
    from: { readonly rolloutId: string | null; readonly sequence: number },
  ) => string;
  /** ORG10: an admin looks at somebody else's thread. */
  readonly audit: (principal: Principal, threadId: string, request: IncomingMessage) => void;
  readonly notFound: (threadId: string) => DomainError;
  readonly onError: (error: unknown) => void;
  readonly heartbeatSeconds: number;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
};

type Watcher = {
  readonly socket: WebSocket;
  readonly principal: Principal;
  readonly session: Session;
  lastHeardAt: number;
};

type Accepted = {
  readonly principal: Principal;
  readonly key: ThreadKey;
  readonly access: Access;
  readonly options: WatchOptions;
};

/** The live server of an HTTP server. `close` says goodbye with 1001 to everybody. */
export type LiveServer = { readonly sockets: () => number; readonly close: () => Promise<void> };

const eventsPath = /^\/v1\/threads\/([^/]+)\/events$/;

/** Takes over the upgrades of `server`. */
export function attachLive(server: Server, parts: LiveParts): LiveServer {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: liveLimits.receivedBytesMax,
    handleProtocols: (offered) => (offered.has("spool") ? "spool" : false),
  });
  const watchers = new Set<Watcher>();
  let closing = false;
  server.on("upgrade", (request, socket: Duplex, head) => {
    socket.on("error", () => socket.destroy());
    accept(request, parts).then(
      (accepted) => {
        if (closing) return socket.destroy();
        sockets.handleUpgrade(request, socket, head, (opened) => {
          watchers.add(watch(opened, accepted, parts, watchers));
        });
      },
      (error) => parts.refuse(request, socket, error),
    );
  });
  const timers = [
    setInterval(() => pingAll(watchers, parts), parts.heartbeatSeconds * 1_000),
    setInterval(() => closeExpired(watchers, parts), liveLimits.credentialCheckMs),
  ];
  for (const timer of timers) timer.unref();
  return {
    sockets: () => watchers.size,
    close: async () => {
      closing = true;
      for (const timer of timers) clearInterval(timer);
      await sayGoodbye(watchers);
    },
  };
}

/** Everything that can refuse the upgrade, in the contract's order. */
async function accept(request: IncomingMessage, parts: LiveParts): Promise<Accepted> {
  const url = new URL(request.url ?? "/", "http://spool");
  const match = eventsPath.exec(url.pathname);
  if (match === null) {
    throw new DomainError("NOT_FOUND", "A WebSocket opens on /v1/threads/{threadId}/events.");
  }
  const principal = await parts.authenticate(request, url.searchParams);
  requireScope(principal, "agent:read");
  const threadId = decodedId(match[1] as string);
  const options = parseWatchQuery(url.searchParams);
  const key = { orgId: principal.orgId, threadId };
  const thread = (await parts.store.load(key))?.head.thread;
  if (thread === undefined || thread.deletedAt !== null) throw parts.notFound(threadId);
  const access = accessTo(principal, thread);
  if (access === "none") throw parts.notFound(threadId);
  if (access === "metadata") parts.audit(principal, threadId, request);
  return { principal, key, access, options };
}

function decodedId(text: string): string {
  let id = text;
  try {
    id = decodeURIComponent(text);
  } catch {
    // Refused below: a malformed escape is no id either.
  }
  if (isThreadId(id)) return id;
  throw new DomainError("INVALID_REQUEST", "A thread id is thr_ and 1 to 64 of A-Z a-z 0-9 _ -.");
}

function watch(
  socket: WebSocket,
  { principal, key, access, options }: Accepted,
  parts: LiveParts,
  watchers: Set<Watcher>,
): Watcher {
  const session = new Session({
    key,
    access,
    options,
    sink: new SocketSink(socket),
    store: parts.store,
    bus: parts.bus,
    threadView: (row) => parts.threadView(row, access),
    olderCursor: (rolloutId, sequence) =>
      parts.olderCursor(principal, key, { rolloutId, sequence }),
    onError: parts.onError,
  });
  const watcher: Watcher = { socket, principal, session, lastHeardAt: parts.now() };
  const heard = () => {
    watcher.lastHeardAt = parts.now();
  };
  socket.on("pong", heard);
  socket.on("ping", heard);
  socket.on("message", (data) => {
    heard();
    answerMessage(socket, data as Buffer, key.threadId);
  });
  socket.on("error", () => socket.terminate()); // the peer broke the protocol or went away
  socket.on("close", () => {
    watchers.delete(watcher);
    session.end();
  });
  void session.start();
  return watcher;
}

/** A watcher's socket takes no messages; a too long one ends it (WIRE6). */
function answerMessage(socket: WebSocket, data: Buffer, threadId: string): void {
  if (data.length > bodyBytesMax) {
    socket.close(4413, "BODY_TOO_LARGE");
    return;
  }
  const error = {
    code: "INVALID_REQUEST",
    message: "This socket is for watching; publish with POST /v1/thread-events.",
  };
  socket.send(JSON.stringify({ type: "error", threadId, error }));
}

function pingAll(watchers: Set<Watcher>, { now }: LiveParts): void {
  for (const { socket, lastHeardAt } of watchers) {
    if (now() - lastHeardAt > liveLimits.silentMsMax) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.ping();
  }
}

function closeExpired(watchers: Set<Watcher>, { isLive }: LiveParts): void {
  for (const { socket, principal } of watchers) {
    if (!isLive(principal)) socket.close(4401, "INVALID_CREDENTIALS");
  }
}

async function sayGoodbye(watchers: Set<Watcher>): Promise<void> {
  const gone = [...watchers].map(({ socket, session }) => {
    session.end();
    return new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.close(1001, "SHUTDOWN");
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, liveLimits.goodbyeMs);
  });
  await Promise.race([Promise.all(gone), patience]);
  clearTimeout(timer);
  for (const { socket } of watchers) socket.terminate();
}
