/**
 * One thread of a session file on its way to the server: made there first, so that it has title and
 * metadata, then its frames, of which those the server holds are not sent again. Secrets are masked
 * here, before anything is sent. Used by `publish-file.ts` and by `followed-session.ts`.
 */
import type { Frame, ThreadHeader } from "@spool/adapters/frame";
import type {
  BatchPublisher,
  PublishTotals,
  ThreadPublication,
} from "@spool/client/batch-publisher";
import { walkPages } from "@spool/client/pages";
import { type RetryOptions, withRetries } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import type { Thread } from "@spool/protocol/resources";
import { CommandError } from "../command-error.ts";
import type { Redactor } from "../redacting/redactor.ts";
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
  /** Masks secrets; null to send everything as it is. */
  readonly redactor: Redactor | null;
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
  #thread: Thread;
  #publication: ThreadPublication | null = null;
  /** By run, the last `runSequence` the server held at the beginning. */
  readonly #known: ReadonlyMap<string, number>;
  #header: ThreadHeader;
  #skipped = 0;
  #openRunId: string | null = null;

  private constructor(
    options: PublishedThreadOptions,
    header: ThreadHeader,
    server: { thread: Thread; known: ReadonlyMap<string, number> },
  ) {
    this.#options = options;
    this.#header = header;
    this.#thread = server.thread;
    this.#known = server.known;
  }

  /** Makes the thread or finds it. Throws SpoolError or CommandError when it cannot be added to. */
  static async open(
    given: ThreadHeader,
    options: PublishedThreadOptions,
  ): Promise<PublishedThread> {
    const { client, part, retry, redactor } = options;
    const header = redactor?.header(given) ?? given;
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
    this.#header = this.#options.redactor?.header(header) ?? header;
  }

  get threadId(): string {
    return this.#header.threadId;
  }

  /** The thread's title as the server last told it. */
  get title(): string | null {
    return this.#thread.title;
  }

  /** The run that the frames so far leave open; null without one. */
  get openRunId(): string | null {
    return this.#openRunId;
  }

  /** Whether the server held the frame before; it then counts as a duplicate and is not sent. */
  holds(frame: Frame): boolean {
    if (frame.type === "run_started") this.#openRunId = frame.runId;
    else if (frame.type === "run_completed") this.#openRunId = null;
    const held = frame.runSequence <= (this.#known.get(frame.runId) ?? 0);
    if (held) this.#skipped += 1;
    return held;
  }

  /** Takes the next frame; resolves when there is room for another. */
  add(frame: Frame): Promise<void> {
    const { publisher, redactor } = this.#options;
    this.#publication ??= publisher.thread(this.#header.threadId);
    return this.#publication.add(redactor?.frame(frame) ?? frame);
  }

  /** Sends what is left and gives what became of it since the last time. Throws as `finish`. */
  async flush(): Promise<PublishTotals> {
    const skipped = this.#skipped;
    const publication = this.#publication;
    this.#skipped = 0;
    this.#publication = null;
    const totals = (await publication?.finish()) ?? { appended: 0, duplicates: 0, error: null };
    return { ...totals, duplicates: totals.duplicates + skipped };
  }

  /** Sends what is left, and the title where it changed. Throws only when interrupted. */
  async finish(): Promise<ThreadSummary> {
    const { threadId } = this.#header;
    const { error, ...totals } = await this.flush();
    const counts = { threadId, ...totals };
    if (error !== null) return { ...counts, title: this.#thread.title, error };
    try {
      return { ...counts, title: await this.#title(totals.appended), error: null };
    } catch (error) {
      this.#options.retry.signal.throwIfAborted();
      return { ...counts, title: this.#thread.title, error };
    }
  }

  /** Brings the thread's fields up to date and gives its title, which the server may have made. */
  async #title(appended: number): Promise<string | null> {
    const { client, retry } = this.#options;
    if (await this.updateFields()) return this.title;
    const { id, title } = this.#thread;
    if (title !== null || appended === 0) return title;
    const get = () => client.threads.get(id, { limit: 1 }, retry);
    return (await withRetries(get, retry)).thread.title;
  }

  /** Tells the server title and metadata where the source changed them; gives whether it did. */
  async updateFields(): Promise<boolean> {
    const { client, part, retry } = this.#options;
    const { id } = this.#thread;
    const changes = threadChanges(this.#thread, this.#header, part);
    if (changes === null) return false;
    const update = () => client.threads.update(id, changes, retry);
    this.#thread = await withRetries(update, retry);
    return true;
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
