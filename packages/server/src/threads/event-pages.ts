/**
 * Reads a thread's events in pages (REST4–REST7). Lines come from the store as bytes and leave as
 * bytes. A page is decided on the thread's head as it was loaded and reads up to exactly its
 * sequence, so that the thread beside the events and the events agree.
 */
import { DomainError } from "@spool/protocol/errors";
import { eventsPage, pageBytesMax } from "@spool/protocol/limits";
import { resumeProblem } from "../live/resume.ts";
import { parseAfter } from "../live/watch-query.ts";
import type { EventPage } from "../store/thread-store.ts";
import {
  type EventsCursor,
  invalidCursor,
  type PageCursors,
  requireRepeated,
} from "./page-cursors.ts";
import { findRollout } from "./rollout-lookup.ts";
import {
  type Caller,
  readableThread,
  type ThreadSources,
  type VisibleThread,
} from "./visible-thread.ts";

/** A query for events; what is undefined was not sent. */
export type EventsQuery = {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly order?: "asc" | "desc" | undefined;
  readonly rolloutId?: string | undefined;
  readonly include?: "all_rollouts" | undefined;
  readonly type?: string | undefined;
  /** A sequence or a position. */
  readonly after?: string | undefined;
};

/** What reading events needs. */
export type EventSources = ThreadSources & { readonly cursors: PageCursors };

/** The thread, its lines in the order asked for, and the cursor of the next page. */
export type EventsResult = VisibleThread & {
  readonly lines: readonly Buffer[];
  readonly nextCursor: string | null;
  /** As that of `EventPage`. */
  readonly release: (() => void) | undefined;
};

/** One page of a thread's events. Rejects with the refusals of REST6, PAGE5, PAGE7, ORG7. */
export async function readEventsPage(
  sources: EventSources,
  caller: Caller,
  { threadId, query }: { readonly threadId: string; readonly query: EventsQuery },
): Promise<EventsResult> {
  refuseContradictions(query);
  const cursor = openedCursor(sources.cursors, caller, { threadId, query });
  const visible = await readableThread(sources, caller, { threadId, action: "thread.events" });
  const plan = cursor ?? (await planOf(sources, visible, query));
  return readPlanned(sources, caller, { visible, plan, limit: query.limit });
}

/** The newest events of the active rollout, or of all, ascending; the cursor pages backwards. */
export async function readNewestEvents(
  sources: EventSources,
  caller: Caller,
  wanted: {
    readonly visible: VisibleThread;
    readonly allRollouts: boolean;
    readonly limit: number | undefined;
  },
): Promise<EventsResult> {
  const { thread } = wanted.visible.head;
  const plan: EventsCursor = {
    threadId: thread.threadId,
    rolloutId: wanted.allRollouts ? null : thread.activeRolloutId,
    order: "desc",
    type: null,
    from: thread.sequence,
  };
  const page = await readPlanned(sources, caller, { ...wanted, plan });
  return { ...page, lines: page.lines.toReversed() };
}

function refuseContradictions(query: EventsQuery): void {
  if (query.rolloutId !== undefined && query.include !== undefined) {
    throw contradiction("rollout_id", "include");
  }
  if (query.after === undefined) return;
  if (query.cursor !== undefined) throw contradiction("after", "cursor");
  if (query.order !== undefined) throw contradiction("after", "order");
  if (query.rolloutId !== undefined) throw contradiction("after", "rollout_id");
}

function contradiction(name: string, other: string): DomainError {
  return new DomainError(
    "INVALID_REQUEST",
    `The query parameters ${name} and ${other} do not go together; leave one out.`,
    { details: { parameter: other } },
  );
}

function openedCursor(
  cursors: PageCursors,
  caller: Caller,
  { threadId, query }: { readonly threadId: string; readonly query: EventsQuery },
): EventsCursor | null {
  if (query.cursor === undefined) return null;
  const cursor = cursors.open<EventsCursor>("events", caller.principal, query.cursor);
  if (cursor.threadId !== threadId) throw invalidCursor("is of another thread");
  const { order, type, rolloutId, include } = query;
  requireRepeated({ order, type, rolloutId }, cursor);
  if (include !== undefined && cursor.rolloutId !== null) {
    throw invalidCursor("was made with another include");
  }
  return cursor;
}

/** The first page of a query without a cursor. */
async function planOf(
  { store }: EventSources,
  { key, head }: VisibleThread,
  query: EventsQuery,
): Promise<EventsCursor> {
  const { threadId, sequence, activeRolloutId } = head.thread;
  const type = query.type ?? null;
  if (query.after !== undefined) {
    const after = parseAfter(query.after);
    const reason = await resumeProblem(store, key, head, after);
    if (reason !== null) throw notResumable(reason);
    return { threadId, rolloutId: null, order: "asc", type, from: after.sequence + 1 };
  }
  const order = query.order ?? "asc";
  if (query.rolloutId !== undefined) await findRollout(store, { key, head }, query.rolloutId);
  const rolloutId = query.include === undefined ? (query.rolloutId ?? activeRolloutId) : null;
  return { threadId, rolloutId, order, type, from: order === "asc" ? 1 : sequence };
}

/** PAGE7: with the reason as the live stream gives it. */
function notResumable(reason: "beyond_head" | "other_history"): DomainError {
  return new DomainError(
    "INVALID_CURSOR",
    "The thread's history does not hold this point; read it again from the start.",
    { details: { reason } },
  );
}

async function readPlanned(
  sources: EventSources,
  caller: Caller,
  wanted: {
    readonly visible: VisibleThread;
    readonly plan: EventsCursor;
    readonly limit: number | undefined;
  },
): Promise<EventsResult> {
  const { visible, plan } = wanted;
  const page = await readLines(sources, wanted);
  // Nothing to read may mean that the thread was deleted since it was loaded.
  if (page.lines.length === 0 && visible.head.thread.sequence > 0) {
    const { threadId } = visible.key;
    await readableThread(sources, caller, { threadId, action: "thread.events" });
  }
  const { next } = page;
  const nextCursor =
    next === null
      ? null
      : sources.cursors.seal("events", caller.principal, { ...plan, from: next });
  return { ...visible, lines: page.lines, nextCursor, release: page.release };
}

async function readLines(
  { store }: EventSources,
  wanted: {
    readonly visible: VisibleThread;
    readonly plan: EventsCursor;
    readonly limit: number | undefined;
  },
): Promise<EventPage> {
  const { rolloutId, order, type, from } = wanted.plan;
  const { key, head } = wanted.visible;
  const last = head.thread.sequence;
  const range = order === "asc" ? { from, to: last } : { from: 1, to: Math.min(from, last) };
  if (range.from > range.to) return { lines: [], next: null };
  const limit = Math.min(wanted.limit ?? eventsPage.default, eventsPage.max);
  return store.readEvents({
    key,
    rolloutId,
    ...range,
    order,
    type,
    limit,
    bytesMax: pageBytesMax,
  });
}
