/**
 * Lists threads, newest activity first (REST1, REST2), all or those that hold words (FIND1). Pages
 * follow each other by (updatedAt, id), so that a thread untouched during a walk appears exactly
 * once (PAGE8).
 */
import { DomainError } from "@spool/protocol/errors";
import { listPage } from "@spool/protocol/limits";
import type { ThreadStatus } from "@spool/protocol/resources";
import { accessTo } from "../auth/access.ts";
import { searchTerms } from "../store/search-words.ts";
import type { ListedThread, ThreadStore } from "../store/thread-store.ts";
import { cutPage } from "./cut-page.ts";
import { type PageCursors, requireRepeated } from "./page-cursors.ts";
import { snippetView, threadView } from "./resource-view.ts";
import type { Audit, Caller } from "./visible-thread.ts";

/** A query for threads; what is undefined was not sent. */
export type ThreadsQuery = {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly archived?: boolean | undefined;
  readonly all?: boolean | undefined;
  readonly agent?: string | undefined;
  readonly status?: ThreadStatus | undefined;
  readonly parent?: string | undefined;
  /** Words to find (FIND1). */
  readonly q?: string | undefined;
};

/** A page of rows as JSON text. */
export type RowsResult = {
  readonly rows: readonly string[];
  readonly nextCursor: string | null;
  /** A search may have missed some (FIND9). */
  readonly isPartial?: boolean;
};

type Filters = {
  readonly archived: boolean;
  readonly all: boolean;
  readonly agent: string | null;
  readonly status: ThreadStatus | null;
  readonly parent: string | null;
  readonly q: string | null;
};

type ThreadsCursor = Filters & {
  readonly after: { readonly updatedAt: number; readonly threadId: string };
};

/** One page of the threads `caller` may see. Rejects with ADMIN_REQUIRED, INVALID_CURSOR. */
export async function listThreads(
  sources: { readonly store: ThreadStore; readonly cursors: PageCursors; readonly audit: Audit },
  caller: Caller,
  query: ThreadsQuery,
): Promise<RowsResult> {
  const { principal } = caller;
  const cursor = openedCursor(sources.cursors, caller, query);
  const filters = cursor ?? filtersOf(query);
  if (filters.all) requireAdmin(caller);
  const limit = Math.min(query.limit ?? listPage.default, listPage.max);
  const isSearch = filters.q !== null;
  // Asked before, so that what is filled in meanwhile counts as missing.
  const isPartial = isSearch && sources.store.health().search === "filling";
  const rows = await sources.store.listThreads({
    orgId: principal.orgId,
    ownerUserId: filters.all ? null : principal.userId,
    includeArchived: filters.archived,
    agentId: filters.agent,
    status: filters.status,
    parentThreadId: filters.parent,
    after: cursor?.after ?? null,
    limit: limit + 1,
    ...(filters.q === null ? {} : { terms: searchTerms(filters.q) }),
  });
  if (filters.all) sources.audit(caller, "threads.list", null);
  const page = cutPage(rows, limit, (row) => viewFor(caller, row, isSearch));
  const last = page.lastBeforeMore;
  if (last === null) return { rows: page.texts, nextCursor: null, isPartial };
  const after = { updatedAt: last.updatedAt, threadId: last.threadId };
  const nextCursor = sources.cursors.seal("threads", principal, { ...filters, after });
  return { rows: page.texts, nextCursor, isPartial };
}

function openedCursor(
  cursors: PageCursors,
  { principal }: Caller,
  query: ThreadsQuery,
): ThreadsCursor | null {
  const { cursor, limit: _mayDiffer, ...given } = query;
  if (cursor === undefined) return null;
  const sealed = cursors.open<ThreadsCursor>("threads", principal, cursor);
  requireRepeated(given, sealed);
  return sealed;
}

function filtersOf({ archived, all, agent, status, parent, q }: ThreadsQuery): Filters {
  return {
    archived: archived ?? false,
    all: all ?? false,
    agent: agent ?? null,
    status: status ?? null,
    parent: parent ?? null,
    q: q ?? null,
  };
}

function requireAdmin({ principal }: Caller): void {
  if (principal.role === "admin") return;
  throw new DomainError(
    "ADMIN_REQUIRED",
    "Only an admin may list the whole org's threads; leave out all to list your own.",
  );
}

function viewFor({ principal }: Caller, row: ListedThread, isSearch: boolean) {
  const thread = threadView(row, accessTo(principal, row) === "owner" ? "owner" : "metadata");
  return isSearch ? { ...thread, snippet: snippetView(row.match) } : thread;
}
