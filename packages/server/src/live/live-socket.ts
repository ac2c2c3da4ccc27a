/**
 * One WebSocket: on a thread's address it watches that thread, on `/v1/live` any number of them and
 * the caller's thread list; on both it may publish. What a session does at its end closes the
 * former, and is told by `unsubscribed` on the latter. Nothing a peer sends hurts another.
 */
import type { Duplex } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import { bodyBytesMax } from "@spool/protocol/limits";
import type { Access } from "@spool/protocol/live-frames";
import type { MessageId } from "@spool/protocol/socket-messages";
import type { WebSocket } from "ws";
import { requireScope } from "../auth/principal.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { Hub } from "./hub.ts";
import { startListFeed } from "./list-feed.ts";
import { liveLimits } from "./live-limits.ts";
import {
  type LiveCaller,
  type LiveConnection,
  type LiveParts,
  watchAccess,
} from "./live-parts.ts";
import { OrderedAnswers } from "./ordered-answers.ts";
import { Outlet } from "./outlet.ts";
import type { RunPublisher, RunPublishers } from "./run-publishers.ts";
import { Session, type SessionEnd } from "./session.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";
import { messageIdOf, parseUpMessage, publishOf, splitMessages } from "./up-messages.ts";
import type { WatchOptions } from "./watch-query.ts";
import { textFrame } from "./ws-frame.ts";

/** What all sockets of a server share. */
export type LiveShared = {
  readonly parts: LiveParts;
  readonly hub: Hub;
  readonly snapshots: SnapshotReader;
  readonly runPublishers: RunPublishers;
};

export class LiveSocket implements LiveConnection, RunPublisher {
  readonly caller: LiveCaller;
  /** When the peer was last heard of, by `LiveParts.now`. */
  lastHeardAt: number;
  readonly #shared: LiveShared;
  readonly #socket: WebSocket;
  readonly #outlet: Outlet;
  readonly #answers: OrderedAnswers;
  /** The thread of the socket's address; null on `/v1/live`. */
  readonly #ownThreadId: string | null;
  readonly #sessions = new Map<string, Session>();
  /** The run this socket last published in, by thread. */
  readonly #runs = new Map<string, string>();
  #endListFeed: (() => void) | null = null;
  #unansweredBytes = 0;
  #isPaused = false;

  constructor(
    shared: LiveShared,
    connection: { socket: WebSocket; stream: Duplex },
    who: { caller: LiveCaller; ownThreadId: string | null },
  ) {
    this.#shared = shared;
    this.#socket = connection.socket;
    this.caller = who.caller;
    this.#ownThreadId = who.ownThreadId;
    this.lastHeardAt = shared.parts.now();
    this.#outlet = new Outlet(connection.stream, shared.hub.scheduler);
    this.#answers = new OrderedAnswers((text) => this.#send(text));
    const heard = () => {
      this.lastHeardAt = shared.parts.now();
    };
    this.#socket.on("pong", heard);
    this.#socket.on("ping", heard);
    this.#socket.on("message", (data, isBinary) => {
      heard();
      this.#receive(data as Buffer, isBinary);
    });
    // The peer broke the protocol or went away; `close` follows.
    this.#socket.on("error", () => this.#socket.terminate());
    this.#socket.on("close", () => this.#end());
  }

  /** Watches a thread; one that is watched already starts over with a snapshot (LIVE17). */
  watch(threadId: string, access: Access, options: WatchOptions): void {
    const { parts, hub, snapshots } = this.#shared;
    const { principal } = this.caller;
    const key = this.#key(threadId);
    this.#sessions.get(threadId)?.end();
    const session: Session = new Session({
      key,
      access,
      options,
      outlet: this.#outlet,
      encoding: "websocket",
      store: parts.store,
      bus: parts.bus,
      hub,
      snapshots,
      threadView: (row) => parts.threadView(row, access),
      olderCursor: (rolloutId, sequence) => {
        return parts.olderCursor(principal, key, { rolloutId, sequence });
      },
      onEnd: (end) => this.#sessionEnded(threadId, session, end),
      onError: parts.onError,
    });
    this.#sessions.set(threadId, session);
    void session.start();
  }

  ping(): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  /** Ends every session, sends what waits, closes. */
  close(code: number, reason: string): void {
    this.#endSessions();
    this.#outlet.endTurn();
    this.#socket.close(code, reason);
  }

  /** Resolves when the connection is gone. */
  closed(): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  terminate(): void {
    this.#socket.terminate();
  }

  cancelRequested(threadId: string, runId: string): void {
    this.#send(JSON.stringify({ type: "run_cancel_requested", threadId, runId }));
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (data.length > bodyBytesMax) {
      this.close(4413, "BODY_TOO_LARGE");
      return;
    }
    let messages: unknown[];
    try {
      messages = splitMessages(isBinary ? "" : data.toString("utf8"));
    } catch (error) {
      this.#refuse(error, undefined);
      return;
    }
    for (const message of messages) this.#take(message, data.length / messages.length);
  }

  #take(message: unknown, bytes: number): void {
    const id = messageIdOf(message);
    try {
      const parsed = parseUpMessage(message);
      if (parsed.kind === "publish") this.#publish(parsed.body, id, bytes);
      else if (this.#ownThreadId !== null) throw onlyPublish();
      else if (parsed.kind === "subscribe") this.#subscribe(parsed, id);
      else if (parsed.kind === "subscribe_list") this.#subscribeList();
      else if (parsed.kind === "unsubscribe") this.#unsubscribe(parsed.threadId);
      else this.#stopListFeed();
    } catch (error) {
      const { threadId } = message as { threadId?: unknown };
      this.#refuse(error, id, typeof threadId === "string" ? threadId : undefined);
    }
  }

  #publish(body: Record<string, unknown>, id: MessageId | undefined, bytes: number): void {
    const answer = this.#answers.next();
    const { parts } = this.#shared;
    let published: ReturnType<LiveParts["publish"]>;
    try {
      requireScope(this.caller.principal, "agent:run");
      parts.takeRate(this.caller.principal);
      const request = publishOf(body, this.#ownThreadId);
      published = parts.publish(this.caller, request);
      if (request.runId !== null) this.#noteRun(request.threadId, request.runId);
    } catch (error) {
      answer(this.#errorText(error, id, body.threadId));
      return;
    }
    this.#unansweredBytes += bytes;
    this.#pauseOrResume();
    const settle = (text: string | null) => {
      this.#unansweredBytes -= bytes;
      this.#pauseOrResume();
      answer(text);
    };
    published.then(
      (data) =>
        settle(
          id === undefined
            ? null
            : `{"type":"published","id":${JSON.stringify(id)},"data":${JSON.stringify(data)}}`,
        ),
      (error) => settle(this.#errorText(error, id, body.threadId)),
    );
  }

  /** A peer that publishes faster than the disk takes it is not read from meanwhile. */
  #pauseOrResume(): void {
    const { unansweredBytesMax, unansweredMax } = liveLimits;
    const isOver =
      this.#unansweredBytes > unansweredBytesMax || this.#answers.waiting > unansweredMax;
    if (isOver === this.#isPaused) return;
    this.#isPaused = isOver;
    if (isOver) this.#socket.pause();
    else this.#socket.resume();
  }

  #noteRun(threadId: string, runId: string): void {
    const before = this.#runs.get(threadId);
    if (before === runId) return;
    const { runPublishers } = this.#shared;
    const key = this.#key(threadId);
    if (before !== undefined) runPublishers.remove(key, before, this);
    this.#runs.set(threadId, runId);
    runPublishers.add(key, runId, this);
  }

  #subscribe(
    { threadId, options }: { threadId: string; options: WatchOptions },
    id: MessageId | undefined,
  ): void {
    requireScope(this.caller.principal, "agent:read");
    const { parts } = this.#shared;
    const isNew = !this.#sessions.has(threadId);
    if (isNew && this.#sessions.size >= liveLimits.subscriptionsMax) {
      throw tooManySubscriptions();
    }
    watchAccess(parts, this.caller, threadId).then(
      (access) => {
        if (this.#socket.readyState === this.#socket.OPEN) this.watch(threadId, access, options);
      },
      (error) => this.#refuse(error, id, threadId),
    );
  }

  #unsubscribe(threadId: string): void {
    this.#sessions.get(threadId)?.end();
    this.#sessions.delete(threadId);
    this.#send(JSON.stringify({ type: "unsubscribed", threadId }));
  }

  #subscribeList(): void {
    const { principal } = this.caller;
    requireScope(principal, "agent:read");
    const { parts } = this.#shared;
    this.#endListFeed ??= startListFeed({
      owner: principal,
      bus: parts.bus,
      threadView: (row) => parts.threadView(row, "owner"),
      send: (text) => this.#send(text),
      isFull: () => this.#outlet.isFull,
    });
  }

  #stopListFeed(): void {
    this.#endListFeed?.();
    this.#endListFeed = null;
    this.#send(JSON.stringify({ type: "unsubscribed", list: true }));
  }

  #sessionEnded(threadId: string, session: Session, { code, reason }: SessionEnd): void {
    if (this.#sessions.get(threadId) === session) this.#sessions.delete(threadId);
    if (this.#ownThreadId !== null) this.close(code, reason);
    else this.#send(JSON.stringify({ type: "unsubscribed", threadId, code }));
  }

  #refuse(error: unknown, id: MessageId | undefined, threadId?: string): void {
    this.#send(this.#errorText(error, id, threadId));
  }

  #errorText(error: unknown, id: MessageId | undefined, threadId: unknown): string {
    const { code, message, details } = this.#shared.parts.refusalOf(error);
    const { requestId } = this.caller;
    const about = typeof threadId === "string" ? threadId : this.#ownThreadId;
    return JSON.stringify({
      type: "error",
      ...(id === undefined ? {} : { id }),
      ...(about === null ? {} : { threadId: about }),
      error: { code, message, requestId, details },
    });
  }

  #key(threadId: string): ThreadKey {
    return { orgId: this.caller.principal.orgId, threadId };
  }

  #send(text: string): void {
    this.#outlet.write(textFrame(text));
  }

  #endSessions(): void {
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
    this.#endListFeed?.();
    this.#endListFeed = null;
  }

  #end(): void {
    this.#endSessions();
    const { runPublishers } = this.#shared;
    for (const [threadId, runId] of this.#runs) {
      runPublishers.remove(this.#key(threadId), runId, this);
    }
    this.#runs.clear();
  }
}

function onlyPublish(): DomainError {
  return new DomainError(
    "INVALID_REQUEST",
    "This socket watches one thread and takes publish messages; subscribe on /v1/live.",
  );
}

function tooManySubscriptions(): DomainError {
  const most = liveLimits.subscriptionsMax;
  return new DomainError("OVERLOADED", `One socket watches at most ${most} threads. Open another.`);
}
