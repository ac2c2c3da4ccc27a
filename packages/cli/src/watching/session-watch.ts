/**
 * Publishes session files as they grow (WATCH1–WATCH8). The files are the outbox: a few are read at
 * a time, each pass ends when what it read is stored, and what could not be sent is read again, so
 * that memory does not grow while the server is away.
 *
 *   file changes ─▶ plan ─▶ queue ─▶ pass: read ≤ 512 KiB, publish, all stored ─▶ position moves
 *                             ▲        │ refused: this run or thread is left out, or later
 *                             └────────┘ no answer: the pass waits; killed: the position stays
 */

import { statSync } from "node:fs";
import type { ThreadHeader } from "@spool/adapters/frame";
import type { RetryOptions } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import type { PublishedPart } from "../publishing/thread-fields.ts";
import type { Redactor } from "../redacting/redactor.ts";
import { FileQueue } from "./file-queue.ts";
import { type Seen, seenOf } from "./folder-scan.ts";
import { FollowedSession, type PassResult, type ThreadProgress } from "./followed-session.ts";
import { KnownFiles } from "./known-files.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { isOpencodeDatabase, OpencodeSessions } from "./opencode-sessions.ts";
import { adapterOptionsOf, SessionLinks, sessionFileOf } from "./session-links.ts";
import { type Next, restMs, settleFailure, settlePass } from "./settle-pass.ts";
import type { WatchEvent } from "./watch-event.ts";
import { WatchSender } from "./watch-sender.ts";
import type { PublishedFiles } from "./watch-state.ts";
import { backlogOrder, isAtWork, isDue, isSame, type WatchedFile, wake } from "./watched-file.ts";

/** How to publish. */
export type SessionWatchOptions = {
  readonly client: SpoolClient;
  /** For messages. */
  readonly url: string;
  readonly part: PublishedPart;
  readonly redactor: Redactor | null;
  readonly onEvent: (event: WatchEvent) => void;
  readonly onProgress: (progress: WatchProgress) => void;
  /** Ends everything: what is not sent is left for the next start. */
  readonly signal: AbortSignal;
  /** Whether a thread is published at all. */
  readonly accepts?: (header: ThreadHeader) => boolean;
  /** Only what has changed since; Unix milliseconds. */
  readonly sinceMs?: number;
  /** A position moved. */
  readonly onPosition?: () => void;
};

/** How far the backlog is: bytes read of all that is to be looked at. */
export type WatchProgress = {
  readonly bytes: number;
  readonly bytesTotal: number;
  readonly events: number;
};

/** Files read at once, each with a request of its own. */
const lanes = 4;

/** The publishing of any number of files. Rejects nothing; `fatal` tells what ended it. */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #files = new KnownFiles();
  readonly #queue = new FileQueue<WatchedFile>();
  readonly #sender: WatchSender;
  readonly #leases: LeaseKeeper;
  readonly #links = new SessionLinks();
  readonly #opencode: OpencodeSessions;
  readonly #stop = new AbortController();
  #active = 0;
  #bytes = 0;
  #bytesTotal = 0;
  #appended = 0;
  #idleWaiters: (() => void)[] = [];
  #fatal: unknown = null;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    const { client, url, onEvent } = options;
    const signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#sender = new WatchSender({ client, url, parallel: lanes, signal, onEvent });
    this.#opencode = new OpencodeSessions({
      onSession: (path, seen, isLive) => this.found(path, seen, isLive),
      onProblem: (file, message) => onEvent({ type: "problem", file, message }),
    });
    this.#leases = new LeaseKeeper({
      publish: (batch) => client.publish(batch, { signal }),
      isAtWork: (path) => this.#isAtWork(path),
    });
  }

  /** How requests are repeated: for ever, until the signal. */
  get retry(): RetryOptions & { readonly signal: AbortSignal } {
    return this.#sender.retry;
  }

  /** What ended everything; null while it goes on. */
  get fatal(): unknown {
    return this.#fatal;
  }

  /** Events added so far. */
  get appended(): number {
    return this.#appended;
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#active === 0 && this.#queue.isEmpty;
  }

  /** Files known, and how far each is published, for whoever keeps it. */
  positions(): PublishedFiles {
    return this.#files.positions();
  }

  /** What was published before this start. */
  remember(before: PublishedFiles): void {
    this.#files.remember(before);
  }

  /** A file is there, or has changed. `isLive`: it just did; otherwise it waits its turn. */
  found(path: string, seen: Seen, isLive: boolean): void {
    if (isOpencodeDatabase(path)) {
      this.#opencode.changed(path);
      return;
    }
    if (seen.mtimeMs < (this.#options.sinceMs ?? 0)) return;
    const known = this.#files.get(path);
    const file = known ?? this.#files.add(path, seen);
    const isChanged = known === undefined || !isSame(file.seen, seen);
    file.seen = seen;
    if (isChanged) file.isToldOf = false;
    if (file.isToldOf || (!isChanged && file.timer !== undefined)) return;
    if (file.isBusy) file.isDirty ||= isChanged;
    else if (!wake(file)) return;
    else if (isDue(file, known === undefined)) this.#enqueue([file], isLive);
  }

  /** Takes what was found at the start all at once, in its best order. */
  foundFirst(files: ReadonlyMap<string, Seen>): void {
    const due: WatchedFile[] = [];
    for (const [path, seen] of files) {
      if (isOpencodeDatabase(path)) {
        this.#opencode.changed(path);
        continue;
      }
      const file = this.#files.get(path) ?? this.#files.add(path, seen);
      if (isDue(file, true)) due.push(file);
    }
    this.#enqueue(due, false);
  }

  /** A file is gone; one with its number that comes later is the same, renamed. */
  gone(path: string): void {
    this.#files.remove(path);
  }

  /** Renews the leases that are due. */
  renew(): Promise<void> {
    return this.#leases.renew();
  }

  /** Resolves when nothing waits and nothing is under way, or everything has ended. */
  async idle(): Promise<void> {
    this.#opencode.lookNow();
    while (!this.retry.signal.aborted && !this.isIdle) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  /** Ends everything with the reason. */
  end(reason: unknown): void {
    this.#fatal ??= reason;
    this.#stop.abort(reason);
    this.#wakeIdle();
  }

  #isAtWork(path: string): boolean {
    const file = this.#files.get(path);
    return file !== undefined && isAtWork(file);
  }

  #enqueue(files: readonly WatchedFile[], isLive: boolean): void {
    if (isLive) for (const file of files) this.#queue.addLive(file);
    else {
      for (const { seen } of files) this.#bytesTotal += seen.size;
      this.#queue.addBacklog(files, backlogOrder);
    }
    this.#pump();
  }

  #pump(): void {
    while (this.#active < lanes && !this.retry.signal.aborted) {
      const file = this.#queue.take((file) => !file.isBusy && !this.#awaitsSession(file));
      if (file === undefined) break;
      this.#active += 1;
      file.isBusy = true;
      file.isDirty = false;
      void this.#work(file);
    }
  }

  async #work(file: WatchedFile): Promise<void> {
    const next = await this.#pass(file);
    if (next !== null) this.#goOn(file, next);
    file.isBusy = false;
    this.#active -= 1;
    if (file.isDirty && wake(file)) this.#queue.addLive(file);
    this.#pump();
    if (this.isIdle) this.#wakeIdle();
  }

  /** Reads and publishes a piece; null when everything has ended meanwhile. */
  async #pass(file: WatchedFile): Promise<Next | null> {
    const { url, onEvent, onPosition } = this.#options;
    const refusedRun = (threadId: string) => this.#sender.refusedRun(threadId);
    const settling = { url, refusedRun, onEvent };
    try {
      if (file.session === null && this.#looksAtSession(file)) return { kind: "again" };
      file.session ??= await this.#newSession(file);
      const result = await file.session.pass(Date.now() - file.seen.mtimeMs > restMs);
      for (const thread of result.threads) this.#count(file, thread);
      const before = file.published;
      const next = settlePass(file, result, settling);
      if (file.published !== before) onPosition?.();
      this.#progress(result);
      return next;
    } catch (error) {
      // The abort itself, or what came of it.
      if (this.retry.signal.aborted) return null;
      return settleFailure(file, error, settling);
    }
  }

  /** Whether a sub-agent's file, not begun yet, has to wait for what its session's own file tells. */
  #awaitsSession({ path, session }: WatchedFile): boolean {
    if (session !== null) return false;
    const own = this.#files.get(sessionFileOf(path) ?? "");
    return own !== undefined && (own.isBusy || this.#queue.has(own));
  }

  /** The same, once the session's own file was looked at: its changes may be heard of later. */
  #looksAtSession(file: WatchedFile): boolean {
    const own = this.#files.get(sessionFileOf(file.path) ?? "");
    const stats = own && statSync(own.path, { throwIfNoEntry: false });
    if (stats?.isFile()) this.found(own?.path ?? "", seenOf(stats), true);
    return this.#awaitsSession(file);
  }

  #goOn(file: WatchedFile, next: Next): void {
    if (next.kind === "rest") this.#files.rest(file);
    else if (next.kind === "more") this.#queue.putBack(file);
    else if (next.kind === "again") this.#queue.addLive(file);
    else if (next.kind === "later") this.#later(file, next);
    else if (next.kind === "stop") this.end(next.error);
    else this.#files.remove(file.path);
  }

  async #newSession(file: WatchedFile): Promise<FollowedSession> {
    const { client, part, redactor, accepts = () => true } = this.#options;
    const { path, leftOut } = file;
    const links = await this.#links.of(path);
    const { retry, publisher } = this.#sender;
    const shared = { client, part, redactor, retry, publisher, accepts, links, leftOut };
    return new FollowedSession({ ...shared, path, adapter: adapterOptionsOf(path) });
  }

  #count({ path }: WatchedFile, progress: ThreadProgress): void {
    const { threadId, title, appended, duplicates, openRunId, error } = progress;
    if (error === null) this.#leases.published(threadId, openRunId, path);
    this.#appended += appended;
    if (appended + duplicates === 0) return;
    const counts = { threadId, title, appended, duplicates };
    this.#options.onEvent({ type: "published", file: path, ...counts });
  }

  #later(file: WatchedFile, { afterMs, isDelayed }: Extract<Next, { kind: "later" }>): void {
    clearTimeout(file.timer);
    file.isDelayed = isDelayed;
    file.timer = setTimeout(() => {
      file.timer = undefined;
      if (!file.isBusy) this.#queue.addLive(file);
      this.#pump();
    }, afterMs);
    file.timer.unref();
  }

  #progress({ end, threads }: PassResult): void {
    if (threads.some(({ error }) => error !== null)) return;
    this.#bytes += end.bytes;
    const { onProgress } = this.#options;
    onProgress({ bytes: this.#bytes, bytesTotal: this.#bytesTotal, events: this.#appended });
  }

  #wakeIdle(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}
