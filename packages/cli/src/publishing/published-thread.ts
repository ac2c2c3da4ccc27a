/**
 * One thread of a session file on its way to the server: made there first, so that it has title and
 * metadata, then its frames, of which those the server holds are not sent again. Used by
 * `publish-file.ts`.
 */
import type { Frame, ThreadHeader } from "@spool/adapters/frame";
import type { BatchPublisher, ThreadPublication } from "@spool/client/batch-publisher";
import { walkPages } from "@spool/client/pages";
import { type RetryOptions, withRetries } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import type { Thread } from "@spool/protocol/resources";
import { CommandError } from "../command-error.ts";
import {
  type PublishedPart,
  publishedPart,
  threadChanges,
  threadCreation,
} from "./thread-fields.ts";

/** What a published thread needs from outside. */
export type PublishedThreadOptions = {
  readonly client: SpoolClient;
  readonly publisher: BatchPublisher;
  readonly part: PublishedPart;
  /** How requests are repeated, and Ctrl-C. */
  readonly retry: RetryOptions & { readonly signal: AbortSignal };
};

/** How publishing a thread went; `error` is null when all its frames are on stable storage. */
export type ThreadSummary = {
  readonly threadId: string;
  readonly title: string | null;
  readonly appended: number;
  readonly duplicates: number;
  readonly error: unknown;
};

/** A thread that exists on the server. */
export class PublishedThread {
  readonly #options: PublishedThreadOptions;
  readonly #thread: Thread;
  readonly #publication: ThreadPublication;
  /** By run, the last `runSequence` the server held at the beginning. */
  readonly #known: ReadonlyMap<string, number>;
  #header: ThreadHeader;
  #skipped = 0;

  private constructor(
    options: PublishedThreadOptions,
    header: ThreadHeader,
    server: { thread: Thread; known: ReadonlyMap<string, number> },
  ) {
    this.#options = options;
    this.#header = header;
    this.#thread = server.thread;
    this.#known = server.known;
    this.#publication = options.publisher.thread(header.threadId);
  }

  /** Makes the thread or finds it. Throws SpoolError or CommandError when it cannot be added to. */
  static async open(
    header: ThreadHeader,
    options: PublishedThreadOptions,
  ): Promise<PublishedThread> {
    const { client, part, retry } = options;
    const body = threadCreation(header, part);
    const thread = await withRetries(() => client.threads.create(body, retry), retry);
    const before = publishedPart(thread);
    if (before !== null && before !== part) {
      const how = before === "messages" ? "with" : "without";
      throw new CommandError(
        `was published ${how} --messages-only; publish it ${how} it again, or delete it first`,
      );
    }
    const known = thread.sequence === 0 ? new Map() : await knownRuns(thread.id, options);
    return new PublishedThread(options, header, { thread, known });
  }

  /** A later header of the same thread; the last one counts. */
  set header(header: ThreadHeader) {
    this.#header = header;
  }

  /** Whether the server held the frame before; it then counts as a duplicate and is not sent. */
  holds(frame: Frame): boolean {
    const held = frame.runSequence <= (this.#known.get(frame.runId) ?? 0);
    if (held) this.#skipped += 1;
    return held;
  }

  /** Takes the next frame; resolves when there is room for another. */
  add(frame: Frame): Promise<void> {
    return this.#publication.add(frame);
  }

  /** Sends what is left, and the title where it changed. Throws only when interrupted. */
  async finish(): Promise<ThreadSummary> {
    const { threadId } = this.#header;
    const totals = await this.#publication.finish();
    const counts = {
      threadId,
      appended: totals.appended,
      duplicates: totals.duplicates + this.#skipped,
    };
    if (totals.error !== null) return { ...counts, title: this.#thread.title, error: totals.error };
    try {
      return { ...counts, title: await this.#title(totals.appended), error: null };
    } catch (error) {
      this.#options.retry.signal.throwIfAborted();
      return { ...counts, title: this.#thread.title, error };
    }
  }

  /** Brings the thread's fields up to date and gives its title, which the server may have made. */
  async #title(appended: number): Promise<string | null> {
    const { client, part, retry } = this.#options;
    const changes = threadChanges(this.#thread, this.#header, part);
    const { id, title } = this.#thread;
    if (changes !== null) {
      return (await withRetries(() => client.threads.update(id, changes, retry), retry)).title;
    }
    if (title !== null || appended === 0) return title;
    const get = () => client.threads.get(id, { limit: 1 }, retry);
    return (await withRetries(get, retry)).thread.title;
  }
}

async function knownRuns(
  threadId: string,
  { client, retry }: PublishedThreadOptions,
): Promise<ReadonlyMap<string, number>> {
  const known = new Map<string, number>();
  const page = (cursor: string | null) => {
    return withRetries(() => client.history.runs(threadId, { limit: 100, cursor }, retry), retry);
  };
  for await (const { runId, runSequence } of walkPages(page)) known.set(runId, runSequence);
  return known;
}
