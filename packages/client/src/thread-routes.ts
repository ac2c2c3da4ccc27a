/**
 * Threads over REST: list, create, read, change, delete, cancel. Reached as `client.threads`; what
 * a thread holds is read through `history-routes.ts`.
 */

import type { CompactAnswer, CompactThread } from "@spool/protocol/compaction";
import type { ContextAnswer, ContextFormat } from "@spool/protocol/context";
import type { Access, InFlight } from "@spool/protocol/live-frames";
import type { CreateThread, UpdateThread } from "@spool/protocol/requests";
import type { Event, ListedThread, Thread, ThreadStatus } from "@spool/protocol/resources";
import type { CallOptions, HttpTransport } from "./http-transport.ts";
import { type Page, pageOf, walkPages } from "./pages.ts";
import {
  type ExportOptions,
  exportThread,
  type ImportResult,
  type ImportSource,
  importThread,
} from "./thread-moving.ts";

/** Which threads to list (REST1, REST2, ORG5). */
export type ThreadQuery = {
  /** At most 100; 50 by default. */
  readonly limit?: number | undefined;
  readonly cursor?: string | null | undefined;
  /** Archived ones too. */
  readonly archived?: boolean | undefined;
  /** The whole org's, as metadata; admins only. */
  readonly all?: boolean | undefined;
  readonly agent?: string | undefined;
  readonly status?: ThreadStatus | undefined;
  readonly parent?: string | undefined;
  /** Only threads whose title or messages hold these words (FIND1). */
  readonly q?: string | undefined;
};

/** A page of threads; `isPartial`: the search may have missed some, try again later (FIND9). */
export type ThreadPage = Page<ListedThread> & { readonly isPartial: boolean };

/** A thread with its newest events, ascending (REST7). */
export type ThreadSnapshot = {
  readonly thread: Thread;
  readonly events: Event[];
  readonly inFlight: InFlight | null;
  readonly access: Access;
  readonly sequence: number;
  readonly position: string;
  /** Pages backwards through `client.history.events` (PAGE9); null when nothing is older. */
  readonly nextCursor: string | null;
};

/** How much of a thread to read. */
export type SnapshotQuery = {
  /** At most 500 events; 200 by default. */
  readonly limit?: number;
  /** Of the whole history instead of the active rollout. */
  readonly allRollouts?: boolean;
};

/** Which context to read (CTX1, CTX8). */
export type ContextQuery<F extends ContextFormat = ContextFormat> = {
  /** `spool` by default. */
  readonly format?: F | undefined;
  /** The newest part, of about so many tokens. */
  readonly maxTokens?: number | undefined;
};

/** A cancelled run: `sequence` is that of its `run_completed` (RUN7). */
export type CancelAnswer = {
  readonly thread: Thread;
  readonly runId: string;
  readonly sequence: number;
};

/** The routes below `/v1/threads` that are about threads as a whole. */
export class ThreadRoutes {
  readonly #http: HttpTransport;

  constructor(http: HttpTransport) {
    this.#http = http;
  }

  /** One page of threads, newest activity first; with `q` each has a `snippet` (FIND5). */
  async list(query: ThreadQuery = {}, options: CallOptions = {}): Promise<ThreadPage> {
    const flags = { archived: query.archived || undefined, all: query.all || undefined };
    const envelope = await this.#http.json({
      ...options,
      path: "/v1/threads",
      query: { ...query, ...flags },
    });
    const isPartial = envelope.headers.get("x-search-partial") === "true";
    return { ...pageOf<ListedThread>(envelope, "threads"), isPartial };
  }

  /** All threads the query covers, page by page as they are taken. */
  all(query: ThreadQuery = {}, options: CallOptions = {}): AsyncGenerator<ListedThread> {
    return walkPages((cursor) => this.list({ ...query, cursor }, options));
  }

  /** Makes an empty thread; with an `id` that is already the caller's, gives that one (REST3). */
  async create(body: CreateThread = {}, options: CallOptions = {}): Promise<Thread> {
    const request = { ...options, method: "POST", path: "/v1/threads", body } as const;
    return (await this.#http.json<{ thread: Thread }>(request)).data.thread;
  }

  /** The thread and its newest events. */
  async get(
    threadId: string,
    query: SnapshotQuery = {},
    options: CallOptions = {},
  ): Promise<ThreadSnapshot> {
    const { data, meta } = await this.#http.json<Omit<ThreadSnapshot, "nextCursor">>({
      ...options,
      path: threadPath(threadId),
      query: { limit: query.limit, include: query.allRollouts ? "all_rollouts" : undefined },
    });
    return { ...data, nextCursor: meta.nextCursor ?? null };
  }

  /** What a model needs to go on: `messages` can be handed to the format's own library (CTX7). */
  async context<F extends ContextFormat = "spool">(
    threadId: string,
    { format, maxTokens }: ContextQuery<F> = {},
    options: CallOptions = {},
  ): Promise<ContextAnswer<F>> {
    const path = `${threadPath(threadId)}/context`;
    const query = { format, max_tokens: maxTokens };
    return (await this.#http.json<ContextAnswer<F>>({ ...options, path, query })).data;
  }

  /** Renames, archives or sets metadata (REST8). */
  async update(threadId: string, body: UpdateThread, options: CallOptions = {}): Promise<Thread> {
    const request = { ...options, method: "PATCH", path: threadPath(threadId), body } as const;
    return (await this.#http.json<{ thread: Thread }>(request)).data.thread;
  }

  /** Deletes the thread for good; `force` also while a run is active (DEL1, DEL2). */
  async delete(
    threadId: string,
    options: CallOptions & { readonly force?: boolean } = {},
  ): Promise<void> {
    const { signal, force } = options;
    const query = { force: force ? true : undefined };
    await this.#http.send({ signal, method: "DELETE", path: threadPath(threadId), query });
  }

  /** Ends the active run (RUN7). */
  async cancel(threadId: string, options: CallOptions = {}): Promise<CancelAnswer> {
    const path = `${threadPath(threadId)}/cancel`;
    return (await this.#http.json<CancelAnswer>({ ...options, method: "POST", path, body: {} }))
      .data;
  }

  /** The thread as it stands, as bytes that `import` takes, also on another server (MOVE1). */
  export(threadId: string, options: ExportOptions = {}): AsyncGenerator<Uint8Array> {
    return exportThread(this.#http, threadId, options);
  }

  /** Takes in an export: all of it or nothing; once more adds nothing (MOVE3, MOVE6). */
  import(source: ImportSource, options: CallOptions = {}): Promise<ImportResult> {
    return importThread(this.#http, source, options);
  }

  /**
   * Closes the active rollout with a summary and opens the next (ROL12). Resolves when it is done,
   * or with `running` after 30 s; at once with `respondAsync`.
   */
  async compact(
    threadId: string,
    wishes: CompactThread = {},
    options: CallOptions & { readonly respondAsync?: boolean } = {},
  ): Promise<CompactAnswer> {
    const { signal, respondAsync } = options;
    const path = `${threadPath(threadId)}/compact`;
    const headers = respondAsync ? { prefer: "respond-async" } : {};
    const request = { signal, method: "POST", path, body: wishes, headers } as const;
    // The server answers after 30 s at the latest; its answer needs a moment more.
    return (await this.#http.json<CompactAnswer>({ ...request, timeoutMs: 45_000 })).data;
  }
}

/** The path of a thread; its id is encoded, whatever it holds. */
export function threadPath(threadId: string): string {
  return `/v1/threads/${encodeURIComponent(threadId)}`;
}
