/**
 * One WebSocket: on a thread's address it watches that thread, on `/v1/live` any number of them and
 * the caller's thread list; on both it may publish. What a session does at its end closes the
 * former, and is told by `unsubscribed` on the latter. Nothing a peer sends hurts another.
 */
import type { Duplex } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import { bodyBytesMax } from "@spool/protocol/limits";
import type { Access } from "@spool/protocol/live-frames";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { MessageId } from "@spool/protocol/socket-messages";
import type { WebSocket } from "ws";
import { requireScope } from "../auth/principal.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { Hub } from "./hub.ts";
import { startListFeed } from "./list-feed.ts";
import { liveLimits } from "./live-limits.ts";
import { type LiveCaller, type LiveConnection, type LiveParts, watchAccess } from "./live-parts.ts";
import { OrderedAnswers } from "./ordered-answers.ts";
import { Outlet } from "./outlet.ts";
import { PublishedRuns } from "./published-runs.ts";
import type { RunPublishers } from "./run-publishers.ts";
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

/** What a socket that publishes keeps: its answers in order, the runs it publishes in. */
type Publishing = { readonly answers: OrderedAnswers; readonly runs: PublishedRuns };

/** A WebSocket of `caller`, open from its construction until it is closed. */
export class LiveSocket implements LiveConnection {
  readonly caller: LiveCaller;
  readonly #shared: LiveShared;
  readonly #socket: WebSocket;
  readonly #outlet: Outlet;
  /** The thread of the socket's address; null on `/v1/live`. */
  readonly #ownThreadId: string | null;
  readonly #sessions = new Map<string, Session>();
  /** Threads whose subscription is being decided, each with the latest one's mark. */
  #subscribing: Map<string, symbol> | null = null;
  /** Null until something is published: most sockets only watch. */
  #publishing: Publishing | null = null;
  #heardAt: number;
  #endListFeed: (() => void) | null = null;
  #unansweredBytes = 0;
  #isPaused = false;
  #isDraining = false;
  #isClosing = false;

  constructor(
    shared: LiveShared,
    connection: { socket: WebSocket; stream: Duplex },
    who: { caller: LiveCaller; ownThreadId: string | null },
  ) {
    this.#shared = shared;
    this.#socket = connection.socket;
    this.caller = who.caller;
    this.#ownThreadId = who.ownThreadId;
    this.#heardAt = shared.parts.now();
    this.#outlet = new Outlet(connection.stream, shared.hub.scheduler);
    const heard = () => {
      this.#heardAt = shared.parts.now();
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

  /** When the peer was last heard of, by `LiveParts.now`; now, while it is not listened to. */
  get lastHeardAt(): number {
    return this.#isPaused ? this.#shared.parts.now() : this.#heardAt;
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

  /** Ends every session, sends what waits, closes. Nothing is taken from the peer any more. */
  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#endSessions();
    this.#outlet.endTurn();
    this.#socket.close(code, reason);
    // The peer's own goodbye has to be read.
    if (this.#isPaused) this.#socket.resume();
  }

  /** Resolves when the connection is gone. */
  closed(): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once("close", () => resolve()));
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isClosing) return;
    if (data.length > bodyBytesMax) {
      this.close(4413, "BODY_TOO_LARGE");
      return;
    }
    let messages: unknown[];
    try {
      messages = splitMessages(isBinary ? "" : data.toString("utf8"));
    } catch (error) {
      this.#refuse(error, undefined);
      messages = [];
    }
    for (const message of messages) this.#take(message, data.length / messages.length);
    this.#shared.hub.scheduler.relieve();
    this.#pauseOrResume();
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
      this.#refuse(error, id, (message as { threadId?: unknown } | null)?.threadId);
    }
  }

  #publish(body: Record<string, unknown>, id: MessageId | undefined, bytes: number): void {
    const { parts } = this.#shared;
    this.#publishing ??= this.#beginPublishing();
    const { answers, runs } = this.#publishing;
    const answer = answers.next();
    let published: ReturnType<LiveParts["publish"]>;
    let decided: ReturnType<PublishedRuns["sent"]> | null = null;
    try {
      requireScope(this.caller.principal, "agent:run");
      parts.takeRate(this.caller.principal);
      const request = publishOf(body, this.#ownThreadId);
      const { runId, threadId } = request;
      published = parts.publish(this.caller, request);
      if (runId !== null) decided = runs.sent(this.#key(threadId), runId);
    } catch (error) {
      answer(this.#errorText(error, id, body.threadId));
      return;
    }
    this.#unansweredBytes += bytes;
    const settle = (data: PublishAnswer | null, text: string | null) => {
      this.#unansweredBytes -= bytes;
      answer(text);
      decided?.(data);
      this.#pauseOrResume();
    };
    published.then(
      (data) => settle(data, id === undefined ? null : publishedText(id, data)),
      (error) => settle(null, this.#errorText(error, id, body.threadId)),
    );
  }

  #beginPublishing(): Publishing {
    const tell = (threadId: string, runId: string) => {
      this.#send(JSON.stringify({ type: "run_cancel_requested", threadId, runId }));
    };
    return {
      answers: new OrderedAnswers((text) => this.#send(text)),
      runs: new PublishedRuns(this.#shared.runPublishers, tell),
    };
  }

  /**
   * A peer that publishes faster than the disk takes it, or asks without reading the answers, is
   * not read from meanwhile. One that only watches is always listened to.
   */
  #pauseOrResume(): void {
    if (this.#isClosing) return;
    const { unansweredBytesMax, unansweredMax } = liveLimits;
    if (this.#outlet.isFull && !this.#isDraining) void this.#drain();
    const isOver =
      this.#isDraining ||
      this.#unansweredBytes > unansweredBytesMax ||
      (this.#publishing?.answers.waiting ?? 0) > unansweredMax;
    if (isOver === this.#isPaused) return;
    this.#isPaused = isOver;
    if (isOver) this.#socket.pause();
    else {
      this.#heardAt = this.#shared.parts.now();
      this.#socket.resume();
    }
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    const isDrained = await this.#outlet.drained();
    this.#isDraining = false;
    if (isDrained) this.#pauseOrResume();
    else this.close(4008, "SLOW_WATCHER");
  }

  #subscribe(
    { threadId, options }: { threadId: string; options: WatchOptions },
    id: MessageId | undefined,
  ): void {
    requireScope(this.caller.principal, "agent:read");
    const { parts } = this.#shared;
    this.#subscribing ??= new Map();
    const subscribing = this.#subscribing;
    const isNew = !this.#sessions.has(threadId) && !subscribing.has(threadId);
    const threads = this.#sessions.size + subscribing.size;
    if (isNew && threads >= liveLimits.subscriptionsMax) throw tooManySubscriptions();
    const mark = Symbol(threadId);
    subscribing.set(threadId, mark);
    /** False when the peer has changed its mind meanwhile, or is gone. */
    const isWanted = () => {
      const isLatest = subscribing.get(threadId) === mark;
      if (isLatest) subscribing.delete(threadId);
      return isLatest && !this.#isClosing;
    };
    watchAccess(parts, this.caller, threadId).then(
      (access) => {
        if (isWanted()) this.watch(threadId, access, options);
      },
      (error) => {
        isWanted();
        this.#refuse(error, id, threadId);
      },
    );
  }

  #unsubscribe(threadId: string): void {
    this.#subscribing?.delete(threadId);
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

  #refuse(error: unknown, id: MessageId | undefined, threadId?: unknown): void {
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
    if (this.#isClosing) return;
    this.#outlet.write(textFrame(text));
  }

  #endSessions(): void {
    for (const session of this.#sessions.values()) session.end();
    this.#sessions.clear();
    this.#subscribing?.clear();
    this.#endListFeed?.();
    this.#endListFeed = null;
  }

  #end(): void {
    this.#isClosing = true;
    this.#endSessions();
    this.#publishing?.runs.end();
  }
}

function publishedText(id: MessageId, data: PublishAnswer): string {
  return `{"type":"published","id":${JSON.stringify(id)},"data":${JSON.stringify(data)}}`;
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
