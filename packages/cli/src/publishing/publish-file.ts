/**
 * One session file → its threads on the server. Reading and sending overlap; the file counts as
 * published when every frame of every thread is on stable storage (CFG12). A refusal of one thread
 * does not stop the others. Used by `spool publish`.
 */
import type { Frame, SessionProblem, SubAgentLink } from "@spool/adapters/frame";
import { readSession } from "@spool/adapters/read-session";
import {
  PublishedThread,
  type PublishedThreadOptions,
  type ThreadSummary,
} from "./published-thread.ts";
import type { SessionSource } from "./session-source.ts";

/** How to publish a file; see `PublishedThreadOptions`. */
export type PublishFileOptions = PublishedThreadOptions & {
  /** The session is over: also give out what waits for a record that may still come. */
  readonly complete: boolean;
  /** What files read before told of sub-agents with files of their own; this file's words are added. */
  readonly links: SubAgentLink[];
  readonly onBytes: (count: number) => void;
  /** Hears of frames that were taken: all of them, and those the server held before. */
  readonly onFrames: (counts: { readonly read: number; readonly known: number }) => void;
};

/** How publishing a file went. */
export type FileSummary = {
  readonly file: string;
  /** Whether everything that could be read is on stable storage. */
  readonly ok: boolean;
  readonly threads: readonly ThreadSummary[];
  /** The first problems of reading, at most `problemsMax`. */
  readonly problems: readonly SessionProblem[];
  readonly problemCount: number;
  /** Why nothing of the file could be read; else null. */
  readonly error: unknown;
};

/** Problems kept for the summary; more are only counted. */
export const problemsMax = 100;

/**
 * Reads the file to its end; resolves with `finish`, which waits for the answers. Frames of a
 * file that is read later follow those of this one, also in the same thread.
 */
export async function publishFile(
  source: SessionSource,
  options: PublishFileOptions,
): Promise<{ finish: () => Promise<FileSummary> }> {
  const file = new PublishingFile(source.name, options);
  await file.read(source);
  return { finish: () => file.finish() };
}

class PublishingFile {
  readonly #name: string;
  readonly #options: PublishFileOptions;
  /** In the order of their first headers; a summary stands for a thread that was refused. */
  readonly #threads = new Map<string, PublishedThread | ThreadSummary>();
  readonly #problems: SessionProblem[] = [];
  #problemCount = 0;
  #error: unknown = null;

  constructor(name: string, options: PublishFileOptions) {
    this.#name = name;
    this.#options = options;
  }

  async read(source: SessionSource): Promise<void> {
    const { part, complete, links, onBytes } = this.#options;
    const { signal } = this.#options.retry;
    const options = { messagesOnly: part === "messages", complete, links };
    try {
      for await (const piece of readSession(source.chunks(onBytes), options)) {
        signal.throwIfAborted();
        if (piece.kind === "problem") this.#problem(piece.problem);
        else if (piece.kind === "thread") await this.#header(piece.thread);
        else await this.#frames(piece.threadId, piece.frames);
      }
    } catch (error) {
      signal.throwIfAborted();
      // The file broke off (a disk, a pipe): what was read is still published.
      this.#error = error;
    }
  }

  async finish(): Promise<FileSummary> {
    const threads = await Promise.all(
      [...this.#threads.values()].map((thread) =>
        thread instanceof PublishedThread ? thread.finish() : thread,
      ),
    );
    const [problem] = this.#problems;
    const unreadable = threads.length === 0 && problem !== undefined;
    const error = this.#error ?? (unreadable ? new Error(problem.problem) : null);
    const ok = error === null && threads.every((thread) => thread.error === null);
    const problems = this.#problems;
    return { file: this.#name, ok, threads, problems, problemCount: this.#problemCount, error };
  }

  async #frames(threadId: string, frames: readonly Frame[]): Promise<void> {
    const thread = this.#threads.get(threadId);
    if (!(thread instanceof PublishedThread)) return;
    let known = 0;
    for (const frame of frames) {
      if (thread.holds(frame)) known += 1;
      else await thread.add(frame);
    }
    this.#options.onFrames({ read: frames.length, known });
  }

  #problem(problem: SessionProblem): void {
    this.#problemCount += 1;
    if (this.#problems.length < problemsMax) this.#problems.push(problem);
  }

  async #header(header: Parameters<typeof PublishedThread.open>[0]): Promise<void> {
    const { threadId } = header;
    const known = this.#threads.get(threadId);
    if (known instanceof PublishedThread) known.header = header;
    if (known !== undefined) return;
    try {
      this.#threads.set(threadId, await PublishedThread.open(header, this.#options));
    } catch (error) {
      this.#options.retry.signal.throwIfAborted();
      // This thread only: its frames are left out and its summary says why.
      const counts = { appended: 0, duplicates: 0 };
      const title = header.title ?? null;
      this.#threads.set(threadId, { threadId, title, ...counts, error });
    }
  }
}
