/**
 * The caller's thread list, live: what it holds, then each thread that changes, and the whole list
 * again whenever something may have been missed. What waits for the reader is one change per
 * thread, so a slow one costs no more than the list is long. Used by `LiveClient.watchList`.
 */
import type { Thread } from "@spool/protocol/resources";
import type { LinkFrame, LiveLink } from "./live-link.ts";
import { withRetries } from "./retry.ts";
import type { SpoolClient } from "./spool-client.ts";
import type { ThreadQuery } from "./thread-routes.ts";

/** A change of the list; `list` replaces all that was known: the threads the query covers. */
export type ListChange =
  | { readonly kind: "list"; readonly threads: readonly Thread[] }
  | { readonly kind: "upserted"; readonly threadId: string; readonly thread: Thread }
  | { readonly kind: "deleted"; readonly threadId: string };

/** How to watch the list. Changes come for every thread of the caller, whatever `query` says. */
export type ListWatchOptions = {
  /** What `list` covers: the newest threads first, 100 unless `limit` says less. */
  readonly query?: Omit<ThreadQuery, "cursor" | "all"> | undefined;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
};

/**
 * The list's changes until `signal` is aborted or the loop is left. The list is read over REST
 * behind the subscription, so that nothing falls between the two. Throws SpoolError when the
 * server refuses for good.
 */
export async function* listChanges(
  client: SpoolClient,
  link: LiveLink,
  { query, signal }: ListWatchOptions,
): AsyncGenerator<ListChange, void, undefined> {
  const feed = new ListFeed(link);
  try {
    while (!signal?.aborted) {
      const change = await feed.next(signal);
      if (change === "aborted") return;
      if (change !== "reload") {
        yield change;
        continue;
      }
      const page = await readList(client, { limit: 100, ...query }, signal);
      if (page !== null) yield { kind: "list", threads: page };
    }
  } finally {
    feed.close();
  }
}

/** One page, however long it takes; null when aborted. */
async function readList(
  client: SpoolClient,
  query: ThreadQuery,
  signal: AbortSignal | undefined,
): Promise<readonly Thread[] | null> {
  try {
    return await withRetries(async () => (await client.threads.list(query, { signal })).items, {
      signal,
      giveUpAfterMs: Number.POSITIVE_INFINITY,
    });
  } catch (error) {
    if (signal?.aborted) return null;
    throw error;
  }
}

/** The changes that wait, by thread, newest last. */
class ListFeed {
  readonly #link: LiveLink;
  readonly #changes = new Map<string, ListChange>();
  readonly #detach: () => void;
  readonly #unhear: () => void;
  #needsReload = false;
  #error: Error | null = null;
  #wake: () => void = () => {};

  constructor(link: LiveLink) {
    this.#link = link;
    this.#unhear = link.hear("list", (frame) => this.#take(frame));
    this.#detach = link.attach({
      connected: () => void this.#subscribe(),
      lost: () => {},
      failed: (error) => {
        this.#error = error;
        this.#wake();
      },
    });
  }

  /** The next change; `reload` when the list is to be read anew before the changes count. */
  async next(signal?: AbortSignal): Promise<ListChange | "reload" | "aborted"> {
    while (!signal?.aborted) {
      if (this.#error !== null) throw this.#error;
      if (this.#needsReload) {
        this.#needsReload = false;
        return "reload";
      }
      const [first] = this.#changes;
      if (first !== undefined) {
        this.#changes.delete(first[0]);
        return first[1];
      }
      await this.#change(signal);
    }
    return "aborted";
  }

  close(): void {
    this.#unhear();
    if (!this.#link.hears("list")) {
      this.#link.send(JSON.stringify({ type: "unsubscribe", list: true }));
    }
    this.#detach();
  }

  async #subscribe(): Promise<void> {
    this.#link.send(JSON.stringify({ type: "subscribe", list: true }));
    await this.#link.probe();
    // What came before is in the list that is read now.
    this.#changes.clear();
    this.#needsReload = true;
    this.#wake();
  }

  #take({ type, threadId, thread }: LinkFrame): void {
    if (typeof threadId !== "string") return;
    this.#changes.delete(threadId);
    if (type === "thread_deleted") this.#changes.set(threadId, { kind: "deleted", threadId });
    else if (type === "thread_upserted") {
      this.#changes.set(threadId, { kind: "upserted", threadId, thread: thread as Thread });
    }
    this.#wake();
  }

  #change(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#wake = done;
      signal?.addEventListener("abort", done, { once: true });
    });
  }
}
