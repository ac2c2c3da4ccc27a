/**
 * Publishes session files as they grow (WATCH1–WATCH8). The files are the outbox: a few are read at
 * a time, each pass ends when what it read is stored, and what could not be sent is read again, so
 * that memory does not grow while the server is away.
 *
 *   file changes ─▶ plan ─▶ queue ─▶ pass: read ≤ 512 KiB, publish, all stored ─▶ position moves
 *                             ▲        │ refused: this run or thread is left out, or later
 *                             └────────┘ no answer: the pass waits; killed: the position stays
 */

import type { ThreadHeader } from "@spool/adapters/frame";
import { BatchPublisher } from "@spool/client/batch-publisher";
import type { RetryOptions } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import { SpoolError } from "@spool/client/spool-error";
import { failureMessage } from "../failure-message.ts";
import type { PublishedPart } from "../publishing/thread-fields.ts";
import type { Redactor } from "../redacting/redactor.ts";
import { movesOn } from "./file-plan.ts";
import { FileQueue } from "./file-queue.ts";
import type { Seen } from "./folder-scan.ts";
import { FollowedSession, type PassResult, type ThreadProgress } from "./followed-session.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { planRefusal } from "./refusal-plan.ts";
import { adapterOptionsOf, SessionLinks } from "./session-links.ts";
import { FileReplaced } from "./session-reader.ts";
import type { WatchEvent } from "./watch-event.ts";
import type { PublishedFiles } from "./watch-state.ts";
import {
  backlogOrder,
  isAtWork,
  isDue,
  isSame,
  newWatchedFile,
  type WatchedFile,
  wake,
} from "./watched-file.ts";

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
/** Units of frames on their way, over all files; with the lanes it bounds memory. */
const unsentUnitsMax = 3 * 1024 * 1024;
const batchUnitsMax = 512 * 1024;
/** A last line without its newline counts as it is once its file has rested so long. */
const restMs = 2_000;
/** Sessions kept between passes, the latest used ones. */
const sessionsMax = 32;
/** After a failure of this machine's own. */
const troubleMs = 5_000;
const delayedMs = 10_000;

/** The publishing of any number of files. Rejects nothing; `fatal` tells what ended it. */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #files = new Map<string, WatchedFile>();
  readonly #queue = new FileQueue<WatchedFile>();
  readonly #publisher: BatchPublisher;
  readonly #retry: RetryOptions & { readonly signal: AbortSignal };
  readonly #leases: LeaseKeeper;
  readonly #links = new SessionLinks();
  /** By thread, the run whose batch was refused last. */
  readonly #refusedRuns = new Map<string, string>();
  readonly #stop = new AbortController();
  #known: PublishedFiles = new Map();
  #active = 0;
  #bytes = 0;
  #bytesTotal = 0;
  #appended = 0;
  #isWaiting = false;
  #idleWaiters: (() => void)[] = [];
  #fatal: unknown = null;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    const { client } = options;
    const signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#retry = {
      signal,
      giveUpAfterMs: Number.POSITIVE_INFINITY,
      onRetry: (error) => this.#wait(error),
    };
    this.#publisher = new BatchPublisher({
      ...this.#retry,
      parallel: lanes,
      unsentUnitsMax,
      batchUnitsMax,
      publish: async (batch, more) => {
        try {
          return await client.publishText(batch, more);
        } catch (error) {
          this.#refusedRuns.set(batch.threadId, batch.runId);
          throw error;
        }
      },
      onProgress: () => this.#answered(),
    });
    this.#leases = new LeaseKeeper({
      publish: (batch) => client.publish(batch, { signal }),
      isAtWork: (path) => this.#isAtWork(path),
    });
  }

  /** How requests are repeated: for ever, until the signal. */
  get retry(): RetryOptions & { readonly signal: AbortSignal } {
    return this.#retry;
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
    const files = [...this.#files.values()];
    return new Map(
      files.flatMap(({ path, published }) => (published === null ? [] : [[path, published]])),
    );
  }

  /** What was published before this start. */
  remember(known: PublishedFiles): void {
    this.#known = known;
  }

  /** A file is there, or has changed. `isLive`: it just did; otherwise it waits its turn. */
  found(path: string, seen: Seen, isLive: boolean): void {
    const known = this.#files.get(path);
    const file = known ?? this.#newFile(path, seen);
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
      const file = this.#files.get(path) ?? this.#newFile(path, seen);
      if (isDue(file, true)) due.push(file);
    }
    this.#enqueue(due, false);
  }

  /** A file is gone; one with its number that comes later is the same, renamed. */
  gone(path: string): void {
    const file = this.#files.get(path);
    if (file === undefined) return;
    clearTimeout(file.timer);
    this.#files.delete(path);
    if (file.published !== null) this.#known.set(goneKey(file.seen), file.published);
  }

  /** Renews the leases that are due. */
  renew(): Promise<void> {
    return this.#leases.renew();
  }

  /** Resolves when nothing waits and nothing is under way, or everything has ended. */
  async idle(): Promise<void> {
    while (!this.#retry.signal.aborted && !this.isIdle) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  /** Ends everything with the reason. */
  end(reason: unknown): void {
    this.#fatal ??= reason;
    this.#stop.abort(reason);
    this.#wakeIdle();
  }

  #newFile(path: string, seen: Seen): WatchedFile {
    const gone = this.#known.get(goneKey(seen));
    const file = newWatchedFile(path, seen, this.#known.get(path) ?? gone ?? null);
    this.#files.set(path, file);
    return file;
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
    while (this.#active < lanes && !this.#retry.signal.aborted) {
      const file = this.#queue.take(({ isBusy }) => !isBusy);
      if (file === undefined) break;
      this.#active += 1;
      file.isBusy = true;
      file.isDirty = false;
      void this.#work(file);
    }
  }

  async #work(file: WatchedFile): Promise<void> {
    try {
      file.session ??= await this.#newSession(file);
      const result = await file.session.pass(Date.now() - file.seen.mtimeMs > restMs);
      this.#passed(file, result);
    } catch (error) {
      if (!this.#retry.signal.aborted) this.#failed(file, error);
    }
    file.isBusy = false;
    this.#active -= 1;
    if (file.isDirty && wake(file)) this.#queue.addLive(file);
    this.#pump();
    if (this.isIdle) this.#wakeIdle();
  }

  async #newSession(file: WatchedFile): Promise<FollowedSession> {
    const { client, part, redactor, accepts = () => true } = this.#options;
    const { path, leftOut } = file;
    const links = await this.#links.of(path);
    const retry = this.#retry;
    const publisher = this.#publisher;
    const shared = { client, part, redactor, retry, publisher, accepts, links, leftOut };
    return new FollowedSession({ ...shared, path, adapter: adapterOptionsOf(path) });
  }

  #passed(file: WatchedFile, { end, threads, problems }: PassResult): void {
    for (const thread of threads) this.#count(file, thread);
    const [first] = problems;
    if (first !== undefined) {
      const more = problems.length === 1 ? "" : `, and ${problems.length - 1} more like it`;
      this.#problem(file.path, `line ${first.line}: ${first.problem}${more}`);
    }
    const refused = threads.find(({ error }) => error !== null);
    if (refused !== undefined) {
      this.#refused(file, refused);
      return;
    }
    file.isRepeated = false;
    if (movesOn(file.published, end.published, file.seen)) {
      file.published = end.published;
      this.#options.onPosition?.();
    }
    this.#progress(end.bytes);
    if (file.session?.isForeign) {
      this.#tell(file, "is not a session of a known agent");
      file.published = { ...end.published, position: file.seen.size };
    } else if (end.rest === "more") this.#queue.putBack(file);
    else if (end.rest === "tail") this.#later(file, restMs + 100, false);
    else this.#rest(file);
  }

  /** Lets go of what is only needed while a file grows. */
  #rest(file: WatchedFile): void {
    if (!isAtWork(file) || file.session?.isSpent === true) file.session = null;
    if (file.session === null) return;
    // Latest last.
    this.#files.delete(file.path);
    this.#files.set(file.path, file);
    const kept = [...this.#files.values()].filter(({ session }) => session !== null);
    for (const old of kept.slice(0, -sessionsMax)) if (!old.isBusy) old.session = null;
  }

  #count({ path }: WatchedFile, progress: ThreadProgress): void {
    const { threadId, title, appended, duplicates, openRunId, error } = progress;
    if (error === null) this.#leases.published(threadId, openRunId, path);
    this.#appended += appended;
    if (appended + duplicates === 0) return;
    const counts = { threadId, title, appended, duplicates };
    this.#options.onEvent({ type: "published", file: path, ...counts });
  }

  #refused(file: WatchedFile, { threadId, error }: ThreadProgress): void {
    const plan = planRefusal(error, file.isRepeated);
    file.session = null;
    file.isRepeated = true;
    if (plan.kind === "stop") {
      this.end(error);
      return;
    }
    if (plan.kind === "later") {
      if (plan.afterMs >= delayedMs)
        this.#outcome("delayed", file, { threadId, runId: null, error });
      this.#later(file, plan.afterMs, true);
      return;
    }
    if (plan.kind !== "again") {
      const runId = plan.kind === "leave_run" ? (this.#refusedRuns.get(threadId) ?? null) : null;
      if (runId === null) file.leftOut.threads.add(threadId);
      else file.leftOut.runs.add(runId);
      file.isRepeated = false;
      this.#outcome("left_out", file, { threadId, runId, error });
    }
    this.#queue.addLive(file);
  }

  #failed(file: WatchedFile, error: unknown): void {
    file.session = null;
    if (error instanceof FileReplaced) {
      file.published = null;
      this.#queue.addLive(file);
      return;
    }
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") this.gone(file.path);
    else if (code === "EMFILE" || code === "ENFILE") this.#later(file, troubleMs, true);
    else if (code === undefined || error instanceof SpoolError) this.end(error);
    else this.#tell(file, this.#words(error));
  }

  #later(file: WatchedFile, ms: number, isDelayed: boolean): void {
    clearTimeout(file.timer);
    file.isDelayed = isDelayed;
    file.timer = setTimeout(() => {
      file.timer = undefined;
      if (!file.isBusy) this.#queue.addLive(file);
      this.#pump();
    }, ms);
    file.timer.unref();
  }

  #progress(bytes: number): void {
    this.#bytes += bytes;
    const { onProgress } = this.#options;
    onProgress({ bytes: this.#bytes, bytesTotal: this.#bytesTotal, events: this.#appended });
  }

  #wait(error: SpoolError): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const { code } = error;
    this.#options.onEvent({ type: "waiting", code, message: this.#words(error) });
  }

  #answered(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#options.onEvent({ type: "resumed" });
  }

  #tell(file: WatchedFile, message: string): void {
    if (!file.isToldOf) this.#problem(file.path, message);
    file.isToldOf = true;
  }

  #problem(file: string, message: string): void {
    this.#options.onEvent({ type: "problem", file, message });
  }

  #outcome(
    type: "left_out" | "delayed",
    { path: file }: WatchedFile,
    { error, ...what }: { threadId: string; runId: string | null; error: unknown },
  ): void {
    const code = error instanceof SpoolError ? error.code : "FAILED";
    this.#options.onEvent({ type, file, ...what, code, message: this.#words(error) });
  }

  #words(error: unknown): string {
    return failureMessage(error, this.#options.url);
  }

  #wakeIdle(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

function goneKey({ dev, ino }: Seen): string {
  return `gone:${dev}:${ino}`;
}
