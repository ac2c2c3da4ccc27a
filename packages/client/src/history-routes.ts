/**
 * What a thread holds, over REST: events, rollouts, runs, a rollout's stored lines. Reached as
 * `client.history`.
 */
import type { Event, Rollout, Run } from "@spool/protocol/resources";
import type { CallOptions, HttpTransport } from "./http-transport.ts";
import { type Page, pageOf, walkPages } from "./pages.ts";
import { threadPath } from "./thread-routes.ts";

/** Which events to read; `after` goes with neither `cursor`, `order` nor `rolloutId` (REST6). */
export type EventQuery = {
  /** At most 500; 200 by default. */
  readonly limit?: number | undefined;
  readonly cursor?: string | null | undefined;
  readonly order?: "asc" | "desc" | undefined;
  readonly rolloutId?: string | undefined;
  readonly allRollouts?: boolean | undefined;
  readonly type?: string | undefined;
  /** A sequence or a position: the events past it, over all rollouts. */
  readonly after?: string | number | undefined;
};

/** Limit and cursor of a list. */
export type PageQuery = {
  /** At most 100; 50 by default. */
  readonly limit?: number | undefined;
  readonly cursor?: string | null | undefined;
};

/** The routes below one thread that read its history. */
export class HistoryRoutes {
  readonly #http: HttpTransport;

  constructor(http: HttpTransport) {
    this.#http = http;
  }

  /** One page of durable events, oldest first unless `order` says otherwise. */
  async events(
    threadId: string,
    query: EventQuery = {},
    options: CallOptions = {},
  ): Promise<Page<Event>> {
    const { rolloutId, allRollouts, ...rest } = query;
    const include = allRollouts ? "all_rollouts" : undefined;
    const envelope = await this.#http.json({
      ...options,
      path: `${threadPath(threadId)}/events`,
      query: { ...rest, include, rollout_id: rolloutId },
    });
    return pageOf(envelope, "events");
  }

  /** All events the query covers. The cursor carries the query on (PAGE4, PAGE6). */
  allEvents(
    threadId: string,
    query: EventQuery = {},
    options: CallOptions = {},
  ): AsyncGenerator<Event> {
    const { limit } = query;
    return walkPages((cursor) =>
      this.events(threadId, cursor === null ? query : { limit, cursor }, options),
    );
  }

  /** One page of rollouts, newest first. */
  async rollouts(
    threadId: string,
    query: PageQuery = {},
    options: CallOptions = {},
  ): Promise<Page<Rollout>> {
    const path = `${threadPath(threadId)}/rollouts`;
    return pageOf(await this.#http.json({ ...options, path, query }), "rollouts");
  }

  /** One page of runs, newest first; `runSequence` says where a publisher goes on (REST9). */
  async runs(
    threadId: string,
    query: PageQuery = {},
    options: CallOptions = {},
  ): Promise<Page<Run>> {
    const path = `${threadPath(threadId)}/runs`;
    return pageOf(await this.#http.json({ ...options, path, query }), "runs");
  }

  /** A rollout's stored lines byte for byte, from byte `from` on (REST10, REST11). */
  async rolloutBytes(
    threadId: string,
    rolloutId: string,
    options: CallOptions & { readonly from?: number } = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const { signal, from } = options;
    const path = `${threadPath(threadId)}/rollouts/${encodeURIComponent(rolloutId)}.jsonl`;
    const range: Record<string, string> = from === undefined ? {} : { range: `bytes=${from}-` };
    const headers = { accept: "application/x-ndjson", ...range };
    const { body } = await this.#http.send({ signal, path, headers });
    return body ?? new Blob([]).stream();
  }
}
