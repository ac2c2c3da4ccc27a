/**
 * A session file on its way to the server, pass by pass: what is read is published, and only when
 * all of it is on stable storage the pass has ended. Keeps nothing unread and nothing unsent between
 * two passes. After an error it is thrown away: a new one begins at the file's beginning and sends
 * only what the server does not hold. Used by `session-watch.ts`.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type {
  AdapterOptions,
  Frame,
  SessionProblem,
  Step,
  SubAgentLink,
  ThreadHeader,
} from "@spool/adapters/frame";
import { readSession } from "@spool/adapters/read-session";
import { PublishedThread, type PublishedThreadOptions } from "../publishing/published-thread.ts";
import { type Seen, seenOf } from "./folder-scan.ts";
import { opencodeLines, opencodeSession } from "./opencode-database.ts";
import { opencodeSessionOf } from "./opencode-sessions.ts";
import { type PassEnd, SessionReader } from "./session-reader.ts";

/** What is left out of a file because the server refuses it; kept longer than the session. */
export type LeftOut = { readonly threads: Set<string>; readonly runs: Set<string> };

/** How to follow a file. */
export type FollowOptions = PublishedThreadOptions & {
  readonly path: string;
  readonly adapter: AdapterOptions;
  /** Shared by the files of one session. */
  readonly links: SubAgentLink[];
  readonly leftOut: LeftOut;
  /** Whether a thread is published at all; asked once, with its first header. */
  readonly accepts: (header: ThreadHeader) => boolean;
};

/** What a pass did to one thread. */
export type ThreadProgress = {
  readonly threadId: string;
  readonly title: string | null;
  readonly appended: number;
  readonly duplicates: number;
  /** The run that is open now; null without one. */
  readonly openRunId: string | null;
  /** What the server refused; null when everything of the pass is stored. */
  readonly error: unknown;
};

/** How a pass went. `end` counts only when no thread has an error. */
export type PassResult = {
  readonly end: PassEnd;
  readonly threads: readonly ThreadProgress[];
  readonly problems: readonly SessionProblem[];
};

/** Files that are read whole each time: compressed ones, and documents that are written anew. */
const wholeFile = /\.(?:zst|json)$/;

/** One file. */
export class FollowedSession {
  readonly #options: FollowOptions;
  readonly #reader: SessionReader;
  readonly #isWhole: boolean;
  readonly #threads = new Map<string, PublishedThread>();
  readonly #changed = new Set<PublishedThread>();
  readonly #retitled = new Set<PublishedThread>();
  #problems: SessionProblem[] = [];
  #opened: { threadId: string; error: unknown } | null = null;

  constructor(options: FollowOptions) {
    this.#options = options;
    const adapter = { ...options.adapter, messagesOnly: options.part === "messages" };
    this.#reader = new SessionReader(options.path, adapter, options.links);
    this.#isWhole = wholeFile.test(options.path) || opencodeSessionOf(options.path) !== null;
  }

  /** Whether the file is no session. */
  get isForeign(): boolean {
    return this.#reader.isForeign;
  }

  /** Whether it cannot read on: a last line was read that may go on, or all of a whole session. */
  get isSpent(): boolean {
    return this.#isWhole || this.#reader.hasReadTail;
  }

  /** Reads and publishes the next piece. Throws the system's error, FileReplaced, or an abort. */
  async pass(withTail: boolean): Promise<PassResult> {
    const end = this.#isWhole
      ? await this.#readWhole()
      : await this.#reader.pass((step) => this.#take(step), withTail);
    const threads: ThreadProgress[] = [];
    for (const thread of this.#changed) threads.push(await this.#flush(thread));
    this.#changed.clear();
    if (this.#opened !== null) threads.push(unopened(this.#opened));
    const problems = this.#problems;
    this.#problems = [];
    return { end, threads, problems };
  }

  async #readWhole(): Promise<PassEnd> {
    const { path, part, adapter, links } = this.#options;
    const { seen, chunks } = await wholeSession(path);
    const { dev, ino, size, mtimeMs } = seen;
    const options = { ...adapter, messagesOnly: part === "messages", links };
    for await (const piece of readSession(chunks, options)) {
      if (piece.kind === "problem") this.#problems.push(piece.problem);
      else if (piece.kind === "thread") await this.#header(piece.thread);
      else await this.#frames(piece.frames);
    }
    return { published: { dev, ino, position: size, mtimeMs }, rest: "nothing", bytes: size };
  }

  async #take({ threads, frames, problems }: Step): Promise<void> {
    this.#problems.push(...problems);
    for (const header of threads) await this.#header(header);
    await this.#frames(frames);
  }

  async #header(header: ThreadHeader): Promise<void> {
    const { leftOut, accepts, retry } = this.#options;
    const { threadId } = header;
    const known = this.#threads.get(threadId);
    if (known !== undefined) {
      known.header = header;
      this.#retitled.add(known);
      this.#changed.add(known);
    } else if (!leftOut.threads.has(threadId)) {
      if (!accepts(header)) leftOut.threads.add(threadId);
      else {
        try {
          const thread = await PublishedThread.open(header, this.#options);
          this.#threads.set(threadId, thread);
          this.#retitled.add(thread);
          this.#changed.add(thread);
        } catch (error) {
          retry.signal.throwIfAborted();
          // The pass ends with it as this thread's error; its frames are not sent.
          this.#opened ??= { threadId, error };
        }
      }
    }
  }

  async #frames(frames: readonly Frame[]): Promise<void> {
    const { runs } = this.#options.leftOut;
    this.#options.retry.signal.throwIfAborted();
    for (const frame of frames) {
      const thread = this.#threads.get(frame.threadId);
      if (thread === undefined) continue;
      this.#changed.add(thread);
      if (thread.holds(frame) || runs.has(frame.runId)) continue;
      await thread.add(frame);
    }
  }

  async #flush(thread: PublishedThread): Promise<ThreadProgress> {
    const { error: refusal, ...counts } = await thread.flush();
    let error: unknown = refusal;
    if (error === null && this.#retitled.delete(thread)) {
      try {
        await thread.updateFields();
      } catch (failure) {
        this.#options.retry.signal.throwIfAborted();
        error = failure;
      }
    }
    const { threadId, title, openRunId } = thread;
    return { threadId, title, ...counts, openRunId, error };
  }
}

/** A session that is read whole: a file's bytes, or what OpenCode's database holds. */
async function wholeSession(
  path: string,
): Promise<{ seen: Seen; chunks: AsyncIterable<Uint8Array> }> {
  const row = opencodeSessionOf(path);
  if (row === null) return { seen: seenOf(await stat(path)), chunks: createReadStream(path) };
  const { dev, ino } = await stat(row.database);
  const { bytes, updatedMs } = opencodeSession(row.database, row.sessionId);
  const lines = opencodeLines(row.database, row.sessionId);
  const seen = { dev, ino, size: bytes, mtimeMs: updatedMs };
  return { seen, chunks: Readable.from(lines) };
}

function unopened({ threadId, error }: { threadId: string; error: unknown }): ThreadProgress {
  return { threadId, title: null, appended: 0, duplicates: 0, openRunId: null, error };
}
