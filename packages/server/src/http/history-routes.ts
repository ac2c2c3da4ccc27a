/**
 * The routes of a thread's history: events, rollouts, runs, and a rollout's lines as a download
 * (REST4–REST11). Stored lines are passed on as bytes, never parsed.
 */
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { isRolloutId } from "@spool/protocol/ids";
import { eventsPage, listPage } from "@spool/protocol/limits";
import { Event, Rollout, Run, Thread } from "@spool/protocol/resources";
import type { Principal } from "../auth/principal.ts";
import { parseAfter, type WatchOptions } from "../live/watch-query.ts";
import type { RolloutRow } from "../store/rows.ts";
import type { ThreadReads } from "../threads/thread-reads.ts";
import type { BytesAnswer } from "./answer.ts";
import { byteRangeOf, isNoneMatch } from "./byte-range.ts";
import { cursor, flag, idOf, limitOf, oneOf, textOf } from "./query.ts";
import { type Call, type Route, route } from "./route.ts";
import { listOf, objectOf } from "./schema.ts";
import { eventsAnswer, rowsAnswer } from "./thread-routes.ts";

const positionCharactersMax = 32;
const typeCharactersMax = 64;
const tokenCharactersMax = 8_192;
const forEver = "private, max-age=31536000, immutable";
const askAgain = "private, no-cache";

/** The routes, in the order of the contract. */
export function historyRoutes(reads: ThreadReads, openEvents: EventStreamOpener): Route[] {
  return [
    eventsRoute(reads, openEvents),
    rolloutsRoute(reads),
    downloadRoute(reads),
    runsRoute(reads),
  ];
}

/** Starts a live stream of a thread; rejects with what refuses it, before any of it is sent. */
export type EventStreamOpener = (
  caller: { readonly principal: Principal; readonly requestId: string },
  threadId: string,
  options: WatchOptions,
) => Promise<(response: ServerResponse) => void>;

function eventsRoute(reads: ThreadReads, openEvents: EventStreamOpener): Route {
  return route({
    method: "GET",
    path: "/v1/threads/{threadId}/events",
    guard: "agent:read",
    query: {
      limit: limitOf(eventsPage),
      cursor,
      order: oneOf("asc", "desc"),
      rollout_id: idOf("rollout", isRolloutId),
      include: oneOf("all_rollouts"),
      type: textOf({ max: typeCharactersMax }),
      after: textOf({ max: positionCharactersMax }),
    },
    body: null,
    about: {
      summary: "Durable history, oldest first; with a WebSocket upgrade the live stream",
      answers: { 200: objectOf({ thread: Thread, events: listOf(Event) }) },
      paged: true,
    },
    stream: eventStreamRoute(openEvents),
    async handle(call) {
      const { rollout_id: rolloutId, ...query } = call.query;
      const page = await reads.events(call, call.params.threadId, { ...query, rolloutId });
      return eventsAnswer(page, page.thread);
    },
  });
}

/** The same address for an EventSource (SSE1): the live stream as server-sent events. */
function eventStreamRoute(openEvents: EventStreamOpener): Route {
  return route({
    method: "GET",
    path: "/v1/threads/{threadId}/events",
    guard: "agent:read",
    takesQueryToken: true,
    query: {
      after: textOf({ max: positionCharactersMax }),
      transient: flag,
      include: oneOf("all_rollouts"),
      token: textOf({ max: tokenCharactersMax }),
    },
    body: null,
    about: {
      summary: "The live stream as server-sent events",
      answers: { 200: null },
      mediaType: "text/event-stream",
      headers: { "Last-Event-ID": { type: "string" } },
    },
    async handle(call) {
      const { query, headers } = call;
      // SSE2: what the browser itself remembers is newer than what the page once asked for.
      const after = lastEventIdOf(headers) ?? query.after;
      const options: WatchOptions = {
        after: after === undefined ? null : parseAfter(after),
        transient: query.transient ?? true,
        allRollouts: query.include !== undefined,
      };
      const open = await openEvents(call, call.params.threadId, options);
      return { kind: "stream", open };
    },
  });
}

function lastEventIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers["last-event-id"];
  return typeof id === "string" && id !== "" ? id : undefined;
}

function rolloutsRoute(reads: ThreadReads): Route {
  return route({
    method: "GET",
    path: "/v1/threads/{threadId}/rollouts",
    guard: "agent:read",
    query: { limit: limitOf(listPage), cursor },
    body: null,
    about: {
      summary: "Generations of the history, newest first",
      answers: { 200: objectOf({ thread: Thread, rollouts: listOf(Rollout) }) },
      paged: true,
    },
    async handle(call) {
      const page = await reads.rollouts(call, call.params.threadId, call.query);
      return rowsAnswer("rollouts", page, { thread: page.thread });
    },
  });
}

function runsRoute(reads: ThreadReads): Route {
  return route({
    method: "GET",
    path: "/v1/threads/{threadId}/runs",
    guard: "agent:read",
    query: { limit: limitOf(listPage), cursor },
    body: null,
    about: {
      summary: "Runs, newest first",
      answers: { 200: objectOf({ thread: Thread, runs: listOf(Run) }) },
      paged: true,
    },
    async handle(call) {
      const page = await reads.runs(call, call.params.threadId, call.query);
      return rowsAnswer("runs", page, { thread: page.thread });
    },
  });
}

function downloadRoute(reads: ThreadReads): Route {
  return route({
    method: "GET",
    path: "/v1/threads/{threadId}/rollouts/{rolloutId}.jsonl",
    guard: "agent:read",
    query: {},
    body: null,
    about: {
      summary: "A rollout's stored lines; a closed one never changes",
      answers: { 200: null, 206: null, 304: null },
      mediaType: "application/x-ndjson",
      headers: {
        Range: { type: "string" },
        "If-Range": { type: "string" },
        "If-None-Match": { type: "string" },
      },
    },
    async handle(call) {
      const { threadId, rolloutId } = call.params;
      const { rollout, open } = await reads.rolloutFile(call, threadId, rolloutId);
      const etag = etagOf(rollout);
      if (etag !== null && isNoneMatch(call.headers["if-none-match"], etag)) {
        return { kind: "bytes", status: 304, headers: { etag }, cacheControl: forEver, open: null };
      }
      return partOf(call, { rollout, etag }, open);
    },
  });
}

/** REST11: a closed rollout is the same for ever; the active one grows and has no tag. */
function etagOf({ rolloutId, completedAt, lastSequence, bytes }: RolloutRow): string | null {
  return completedAt === null ? null : `"${rolloutId}-${lastSequence}-${bytes}"`;
}

function partOf(
  { headers }: Call,
  file: { readonly rollout: RolloutRow; readonly etag: string | null },
  open: (range: { start: number; end: number }) => ReturnType<NonNullable<BytesAnswer["open"]>>,
): BytesAnswer {
  const { rollout, etag } = file;
  const size = rollout.bytes;
  const condition = headers["if-range"];
  const isWanted = condition === undefined || condition === etag;
  const range = isWanted ? byteRangeOf(headers.range, size) : null;
  const { start, end } = range ?? { start: 0, end: size };
  return {
    kind: "bytes",
    status: range === null ? 200 : 206,
    headers: {
      "content-type": "application/x-ndjson",
      "content-length": String(end - start),
      "accept-ranges": "bytes",
      ...(range === null ? {} : { "content-range": `bytes ${start}-${end - 1}/${size}` }),
      ...(etag === null ? {} : { etag }),
    },
    cacheControl: etag === null ? askAgain : forEver,
    open: () => open({ start, end }),
  };
}
