/**
 * The routes of threads themselves: list, create, snapshot, change, delete, cancel. Reading is
 * `ThreadReads`' work, changing `ThreadEdits`'; here requests become calls and results answers.
 */
import { isThreadId } from "@spool/protocol/ids";
import { eventsPage, listPage, searchCharactersMax, searchWordsMax } from "@spool/protocol/limits";
import { Access, InFlight, Position } from "@spool/protocol/live-frames";
import { CancelRun, CreateThread, UpdateThread } from "@spool/protocol/requests";
import { Event, ListedThread, Thread } from "@spool/protocol/resources";
import { validatorOf } from "@spool/protocol/validator";
import { filterCharactersMax } from "../limits.ts";
import { searchTerms } from "../store/search-words.ts";
import type { ThreadEdits } from "../threads/thread-edits.ts";
import type { ThreadReads } from "../threads/thread-reads.ts";
import { empty, type JsonAnswer, json, type LinesAnswer } from "./answer.ts";
import { cursor, flag, idOf, limitOf, oneOf, type Parameter, textOf } from "./query.ts";
import { type Route, route } from "./route.ts";
import { integer, listOf, nullable, objectOf, text } from "./schema.ts";

/** What the thread routes call. */
export type ThreadServices = { readonly reads: ThreadReads; readonly edits: ThreadEdits };

/** Words to find; text without any could only find nothing (FIND8). */
const searchText: Parameter<string> = {
  parse(text) {
    if (text.length > searchCharactersMax) return undefined;
    const { length } = searchTerms(text);
    return length > 0 && length <= searchWordsMax ? text : undefined;
  },
  allowed:
    `1 to ${searchWordsMax} words of letters or digits, ` +
    `${searchCharactersMax} characters at most`,
  schema: {
    type: "string",
    minLength: 1,
    maxLength: searchCharactersMax,
    description:
      "Words that all occur in title or messages; the last may go on. While the index is being " +
      "filled, answers carry `X-Search-Partial: true`",
  },
};

const ThreadAnswer = objectOf({ thread: Thread });

/** The routes, in the order of the contract. */
export function threadRoutes(services: ThreadServices): Route[] {
  return [
    listRoute(services),
    createRoute(services),
    snapshotRoute(services),
    updateRoute(services),
    deleteRoute(services),
    cancelRoute(services),
  ];
}

/** `{name: [rows], …}` from rows that are JSON text already. */
export function rowsAnswer(
  name: string,
  page: { readonly rows: readonly string[]; readonly nextCursor: string | null },
  before: object = {},
): JsonAnswer {
  const start = JSON.stringify(before).slice(0, -1);
  const separator = start === "{" ? "" : ",";
  const data = `${start}${separator}"${name}":[${page.rows.join(",")}]}`;
  return { kind: "json", status: 200, data, page };
}

/** `{thread, events, …}` around lines that stay as they are stored. */
export function eventsAnswer(
  page: Pick<LinesAnswer, "lines" | "release"> & { readonly nextCursor: string | null },
  thread: Thread,
  rest: object = {},
): LinesAnswer {
  const more = JSON.stringify(rest).slice(1, -1);
  return {
    kind: "lines",
    before: `{"thread":${JSON.stringify(thread)},"events":[`,
    lines: page.lines,
    after: more === "" ? "]}" : `],${more}}`,
    release: page.release,
    page,
  };
}

function listRoute({ reads }: ThreadServices): Route {
  return route({
    method: "GET",
    path: "/v1/threads",
    guard: "agent:read",
    query: {
      limit: limitOf(listPage),
      cursor,
      archived: flag,
      all: flag,
      agent: textOf({ max: filterCharactersMax }),
      status: oneOf("idle", "running", "compacting"),
      parent: idOf("thread", isThreadId),
      q: searchText,
    },
    body: null,
    about: {
      summary: "List threads, newest activity first",
      answers: { 200: objectOf({ threads: listOf(ListedThread) }) },
      paged: true,
    },
    async handle(call) {
      const page = await reads.list(call, call.query);
      const answer = rowsAnswer("threads", page);
      return page.isPartial ? { ...answer, headers: { "x-search-partial": "true" } } : answer;
    },
  });
}

function createRoute({ edits }: ThreadServices): Route {
  return route({
    method: "POST",
    path: "/v1/threads",
    guard: "agent:run",
    query: {},
    body: { schema: CreateThread, check: validatorOf(CreateThread), optional: false },
    about: {
      summary: "Create an empty thread; 200 when the id is already the caller's",
      answers: { 200: ThreadAnswer, 201: ThreadAnswer },
    },
    async handle(call) {
      const { thread, isNew } = await edits.create(call, call.body);
      return json({ thread }, isNew ? 201 : 200);
    },
  });
}

function snapshotRoute({ reads }: ThreadServices): Route {
  return route({
    method: "GET",
    path: "/v1/threads/{threadId}",
    guard: "agent:read",
    query: { limit: limitOf(eventsPage), include: oneOf("all_rollouts") },
    body: null,
    about: {
      summary: "Snapshot: the thread and its newest events; the cursor pages backwards",
      answers: {
        200: objectOf({
          thread: Thread,
          events: listOf(Event),
          inFlight: nullable(InFlight),
          access: Access,
          sequence: integer,
          position: Position,
        }),
      },
      paged: true,
    },
    async handle(call) {
      const snapshot = await reads.snapshot(call, call.params.threadId, call.query);
      const { thread, inFlight, access, sequence, position } = snapshot;
      return eventsAnswer(snapshot, thread, { inFlight, access, sequence, position });
    },
  });
}

function updateRoute({ edits }: ThreadServices): Route {
  return route({
    method: "PATCH",
    path: "/v1/threads/{threadId}",
    guard: "agent:run",
    query: {},
    body: { schema: UpdateThread, check: validatorOf(UpdateThread), optional: false },
    about: {
      summary: "Rename, archive, set metadata: at least one",
      answers: { 200: ThreadAnswer },
    },
    async handle(call) {
      return json({ thread: await edits.update(call, call.params.threadId, call.body) });
    },
  });
}

function deleteRoute({ edits }: ThreadServices): Route {
  return route({
    method: "DELETE",
    path: "/v1/threads/{threadId}",
    guard: "agent:run",
    query: { force: flag },
    body: null,
    about: { summary: "Delete with all rollouts", answers: { 204: null } },
    async handle(call) {
      await edits.delete(call, call.params.threadId, call.query.force ?? false);
      return empty;
    },
  });
}

function cancelRoute({ edits }: ThreadServices): Route {
  return route({
    method: "POST",
    path: "/v1/threads/{threadId}/cancel",
    guard: "agent:run",
    query: {},
    body: { schema: CancelRun, check: validatorOf(CancelRun), optional: true },
    about: {
      summary: "End the active run and fence it",
      answers: {
        200: objectOf({ thread: Thread, runId: text, sequence: integer }),
      },
    },
    async handle(call) {
      return json(await edits.cancel(call, call.params.threadId));
    },
  });
}
