/**
 * The live side of the HTTP server: takes WebSocket upgrades of a thread's events and of
 * `/v1/live`, refuses bad ones with plain HTTP and the envelope (LIVE13), keeps the sockets alive
 * and in order. What goes over a socket is `live-socket.ts`, what a watcher sees `session.ts`.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import { isThreadId } from "@spool/protocol/ids";
import type { Access } from "@spool/protocol/live-frames";
import { WebSocketServer } from "ws";
import { hasScope, type Principal, requireScope } from "../auth/principal.ts";
import { EventStream } from "./event-stream.ts";
import { Hub } from "./hub.ts";
import { liveLimits } from "./live-limits.ts";
import { type LiveCaller, type LiveConnection, type LiveParts, watchAccess } from "./live-parts.ts";
import { type LiveShared, LiveSocket } from "./live-socket.ts";
import { RunPublishers } from "./run-publishers.ts";
import { SnapshotReader } from "./snapshot-reader.ts";
import { parseWatchQuery, type SocketOptions, type WatchOptions } from "./watch-query.ts";

/** The live server of an HTTP server. `close` says goodbye with 1001 to everybody. */
export type LiveServer = {
  readonly sockets: () => number;
  readonly shared: LiveShared;
  /** Starts a thread's stream as server-sent events on a response whose head is out. */
  readonly openEvents: (
    caller: LiveCaller,
    threadId: string,
    options: WatchOptions,
  ) => Promise<(response: ServerResponse) => void>;
  readonly close: () => Promise<void>;
};

/** An upgrade that passed: a socket of one thread, watched or only published into, or of many. */
type Accepted = {
  readonly caller: LiveCaller;
  readonly threadId: string | null;
  readonly watch: { readonly access: Access; readonly options: SocketOptions } | null;
};

const eventsPath = /^\/v1\/threads\/([^/]+)\/events$/;
const livePath = "/v1/live";

/** Takes over the upgrades of `server`. */
export function attachLive(server: Server, parts: LiveParts): LiveServer {
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: liveLimits.receivedBytesMax,
    handleProtocols: (offered) => (offered.has("spool") ? "spool" : false),
  });
  const shared: LiveShared = {
    parts,
    hub: new Hub(parts.bus),
    snapshots: new SnapshotReader(parts.store),
    runPublishers: new RunPublishers(parts.bus),
  };
  const sockets = new Set<LiveConnection>();
  let isClosing = false;
  server.on("upgrade", (request, stream: Duplex, head) => {
    stream.on("error", destroyThis);
    accept(request, parts).then(
      (accepted) => {
        if (isClosing) {
          stream.destroy();
          return;
        }
        webSockets.handleUpgrade(request, stream, head, (socket) => {
          open(shared, sockets, { socket, stream, accepted });
        });
      },
      (error) => parts.refuse(request, stream, error),
    );
  });
  const timers = [
    setInterval(() => pingAll(sockets, parts), parts.heartbeatSeconds * 1_000),
    setInterval(() => closeExpired(sockets, parts), liveLimits.credentialCheckMs),
  ];
  if (parts.healMs !== null) {
    const heal = () => shared.hub.heal(parts.store).catch(parts.onError);
    timers.push(setInterval(() => void heal(), parts.healMs));
  }
  for (const timer of timers) timer.unref();
  return {
    sockets: () => sockets.size,
    shared,
    openEvents: async (caller, threadId, options) => {
      const access = await watchAccess(parts, caller, threadId);
      if (countOf(sockets, caller.principal) >= parts.socketsPerKeyMax) throw tooManyConnections();
      return (response) => {
        const stream = new EventStream(shared, { caller, threadId, access, options }, response);
        sockets.add(stream);
        void stream.closed().then(() => sockets.delete(stream));
      };
    },
    close: async () => {
      isClosing = true;
      for (const timer of timers) clearInterval(timer);
      await sayGoodbye(sockets);
    },
  };
}

/** No closure of the upgrade: with it every socket would keep its request and headers. */
function destroyThis(this: Duplex): void {
  this.destroy();
}

/** Everything that can refuse the upgrade, in the contract's order. */
async function accept(request: IncomingMessage, parts: LiveParts): Promise<Accepted> {
  // As written: a URL would resolve dots and take `//a` for a host.
  const [path, search] = splitAt(request.url ?? "", "?");
  const query = new URLSearchParams(search);
  const match = eventsPath.exec(path);
  if (match === null && path !== livePath) {
    throw new DomainError(
      "NOT_FOUND",
      "A WebSocket opens on /v1/threads/{threadId}/events or on /v1/live.",
    );
  }
  const caller = await parts.authenticate(request);
  if (match === null) return acceptMany(caller, query);
  const isWatching = query.get("watch") !== "false";
  requireScope(caller.principal, isWatching ? "agent:read" : "agent:run");
  const threadId = decodedId(match[1] as string);
  const options = parseWatchQuery(query);
  if (!isWatching) return { caller, threadId, watch: null };
  const access = await watchAccess(parts, caller, threadId);
  return { caller, threadId, watch: { access, options } };
}

/** `/v1/live` opens with either scope; each message then needs its own (LIVE17). */
function acceptMany(caller: LiveCaller, query: URLSearchParams): Accepted {
  if (!hasScope(caller.principal, "agent:run")) requireScope(caller.principal, "agent:read");
  for (const name of query.keys()) {
    if (name === "api_key" || name === "token") continue;
    throw new DomainError(
      "INVALID_REQUEST",
      `There is no parameter ${JSON.stringify(name.slice(0, 64))} here; subscribe by message.`,
    );
  }
  return { caller, threadId: null, watch: null };
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + mark.length)];
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

function open(
  shared: LiveShared,
  sockets: Set<LiveConnection>,
  {
    socket,
    stream,
    accepted,
  }: { socket: import("ws").WebSocket; stream: Duplex; accepted: Accepted },
): void {
  const { caller, threadId, watch } = accepted;
  const others = countOf(sockets, caller.principal);
  const opened = new LiveSocket(shared, { socket, stream }, { caller, ownThreadId: threadId });
  sockets.add(opened);
  void opened.closed().then(() => sockets.delete(opened));
  if (others >= shared.parts.socketsPerKeyMax) opened.close(4429, "TOO_MANY_CONNECTIONS");
  else if (watch !== null) opened.watch(threadId as string, watch.access, watch.options);
}

function tooManyConnections(): DomainError {
  return new DomainError("RATE_LIMITED", "Too many live connections. Close some, or share one.", {
    retryAfterSeconds: 10,
  });
}

/** Open sockets of the same key, or of the same person where there is no key. */
function countOf(sockets: Set<LiveConnection>, { orgId, userId, keyId }: Principal): number {
  let count = 0;
  for (const { caller } of sockets) {
    const other = caller.principal;
    const isSame =
      keyId === null ? other.userId === userId && other.orgId === orgId : other.keyId === keyId;
    if (isSame) count += 1;
  }
  return count;
}

function pingAll(sockets: Set<LiveConnection>, { now }: LiveParts): void {
  for (const socket of sockets) {
    if (now() - socket.lastHeardAt > liveLimits.silentMsMax) socket.terminate();
    else socket.ping();
  }
}

function closeExpired(sockets: Set<LiveConnection>, { isLive }: LiveParts): void {
  for (const socket of sockets) {
    if (!isLive(socket.caller.principal)) socket.close(4401, "INVALID_CREDENTIALS");
  }
}

async function sayGoodbye(sockets: Set<LiveConnection>): Promise<void> {
  const gone = [...sockets].map((socket) => {
    socket.close(1001, "SHUTDOWN");
    return socket.closed();
  });
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, liveLimits.goodbyeMs);
  });
  await Promise.race([Promise.all(gone), patience]);
  clearTimeout(timer);
  for (const socket of sockets) socket.terminate();
}
