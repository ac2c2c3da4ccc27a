/**
 * Lists over view and overlay together: rows in memory win over the view's, order is kept. Pure.
 * The store's reads go through here, so that what is flushed is listed at once (LOG5).
 */
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import {
  emptyRollout,
  type RolloutRow,
  type RunRow,
  statusOf,
  type ThreadHead,
  type ThreadRow,
} from "../rows.ts";
import type { ThreadKey } from "../thread-key.ts";
import type { ListPlace, PartQuery, ThreadQuery } from "../thread-store.ts";
import type { OverlayEntry, RowOverlay } from "./row-overlay.ts";
import type { ThreadPlace, ViewReader } from "./view-reader.ts";

/** The head of a thread from overlay and view; null for an unknown id. */
export function mergedHead(
  reader: ViewReader,
  overlay: RowOverlay,
  key: ThreadKey,
): ThreadHead | null {
  const entry = overlay.get(key);
  const thread = entry?.thread ?? reader.thread(key);
  if (thread === null) return null;
  let rollout: RolloutRow | null = null;
  for (const { row } of entry?.rollouts.values() ?? []) {
    if (row.rolloutId === thread.activeRolloutId) rollout = row;
  }
  rollout ??= reader.lastRollout(key);
  const runOf = (runId: string | null) =>
    runId === null ? null : (entry?.runs.get(runId)?.row ?? reader.run(key, runId));
  const run = runOf(thread.activeRunId);
  const lapsed = runOf(thread.lapsedRunId);
  rollout ??= emptyRollout(thread.activeRolloutId, 0, thread.createdAt);
  return { thread, rollout, run, lapsed };
}

/** A page of threads. The cost is that of the page and of the rows in memory. */
export function mergedThreads(
  reader: ViewReader,
  overlay: RowOverlay,
  query: ThreadQuery,
): ThreadRow[] {
  const fresh: ThreadRow[] = [];
  for (const { thread } of overlay.entries()) if (matches(thread, query)) fresh.push(thread);
  fresh.sort(newestFirst);
  const page: ThreadRow[] = [];
  let next = 0;
  const takeFresh = (before: ThreadRow | null) => {
    while (page.length < query.limit && next < fresh.length) {
      const row = fresh[next] as ThreadRow;
      if (before !== null && newestFirst(row, before) > 0) return;
      page.push(row);
      next += 1;
    }
  };
  for (const row of reader.threads(query)) {
    takeFresh(row);
    if (page.length >= query.limit) return page;
    if (overlay.get(row) === undefined) page.push(row);
    if (page.length >= query.limit) return page;
  }
  takeFresh(null);
  return page;
}

type RowSources = { readonly reader: ViewReader; readonly overlay: RowOverlay };

/** The places on a page of threads, and where the next page begins; null where none is left. */
export function mergedPlaces(
  { reader, overlay }: RowSources,
  query: ThreadQuery,
): { readonly places: readonly ThreadPlace[]; readonly next: ListPlace | null } {
  const stored = reader.places(query);
  const last = stored.length < query.limit ? null : (stored.at(-1) ?? null);
  const places = stored.filter((place) => overlay.get(place) === undefined);
  for (const { thread } of overlay.entries()) {
    const isAbove = last === null || newestFirst(thread, last) <= 0;
    if (isAbove && matches(thread, query)) places.push(thread);
  }
  const page = places.sort(newestFirst).slice(0, query.limit);
  const end = places.length > query.limit ? (page.at(-1) ?? null) : last;
  return { places: page, next: end && { updatedAt: end.updatedAt, threadId: end.threadId } };
}

/** The places of those of an org's threads that a list holds, newest first. */
export function mergedPlacesOf(
  { reader, overlay }: RowSources,
  query: ThreadQuery & { readonly orgId: string },
  threadIds: readonly string[],
): ThreadPlace[] {
  const { orgId } = query;
  const stored = reader.placesOf(query, threadIds);
  const places = stored.filter((place) => overlay.get(place) === undefined);
  for (const threadId of threadIds) {
    const fresh = overlay.get({ orgId, threadId })?.thread;
    if (fresh !== undefined && matches(fresh, query)) places.push(fresh);
  }
  return places.sort(newestFirst);
}

/** A page of a thread's rollouts, highest index first; none of a deleted thread (REST9). */
export function mergedRollouts(
  reader: ViewReader,
  entry: OverlayEntry | undefined,
  query: PartQuery,
): RolloutRow[] {
  if (isDeleted(entry)) return [];
  const fresh = [...(entry?.rollouts.values() ?? [])].map((dated) => dated.row);
  return mergedParts(reader.rollouts(query), fresh, query, (row) => row.index);
}

/** A page of a thread's runs, newest first; none of a deleted thread (REST9). */
export function mergedRuns(
  reader: ViewReader,
  entry: OverlayEntry | undefined,
  query: PartQuery,
): RunRow[] {
  if (isDeleted(entry)) return [];
  const fresh = [...(entry?.runs.values() ?? [])].map((dated) => dated.row);
  return mergedParts(reader.runs(query), fresh, query, (row) => row.firstSequence);
}

/** The last run-less message ids, oldest first (PUB11). */
export function mergedMessageIds(
  reader: ViewReader,
  entry: OverlayEntry | undefined,
  key: ThreadKey,
): string[] {
  if (isDeleted(entry)) return [];
  const fresh = (entry?.messageIds ?? []).map((dated) => dated.row);
  const rows = [...reader.messageIds(key), ...fresh];
  const bySequence = new Map(rows.map((row) => [row.sequence, row.messageId]));
  return [...bySequence.values()].slice(-runlessMessageIdsMax);
}

/** Whether a deletion is not in the view yet, which then still holds what was the thread's. */
function isDeleted(entry: OverlayEntry | undefined): boolean {
  return entry !== undefined && entry.thread.deletedAt !== null;
}

function mergedParts<Row>(
  stored: readonly Row[],
  fresh: readonly Row[],
  { before, limit }: PartQuery,
  place: (row: Row) => number,
): Row[] {
  if (fresh.length === 0) return [...stored];
  const rows = new Map(stored.map((row) => [place(row), row]));
  for (const row of fresh) if (before === null || place(row) < before) rows.set(place(row), row);
  return [...rows.values()].sort((a, b) => place(b) - place(a)).slice(0, limit);
}

/** Newest activity first, then the higher id (REST1). Ids are ASCII, as SQLite compares them. */
export function newestFirst(a: ThreadPlace, b: ThreadPlace): number {
  if (a.updatedAt !== b.updatedAt) return b.updatedAt - a.updatedAt;
  if (a.threadId !== b.threadId) return a.threadId < b.threadId ? 1 : -1;
  return a.orgId < b.orgId ? 1 : -1;
}

/** Whether a list holds the row; of words nothing is known here. */
export function matches(row: ThreadRow, query: ThreadQuery): boolean {
  const { after } = query;
  return (
    row.deletedAt === null &&
    (query.orgId === null || row.orgId === query.orgId) &&
    (query.ownerUserId === null || row.ownerUserId === query.ownerUserId) &&
    (query.agentId === null || row.agentId === query.agentId) &&
    (query.parentThreadId === null || row.parentThreadId === query.parentThreadId) &&
    (query.status === null || statusOf(row) === query.status) &&
    (query.includeArchived || row.archivedAt === null) &&
    (after === null || isBelow(row, after))
  );
}

function isBelow(row: ThreadRow, after: ListPlace): boolean {
  if (row.updatedAt !== after.updatedAt) return row.updatedAt < after.updatedAt;
  if (row.threadId !== after.threadId) return row.threadId < after.threadId;
  return after.orgId !== undefined && row.orgId < after.orgId;
}
