/** What the address narrows the list to, as the server is asked and as live changes are judged. Pure. */
import type { ThreadQuery } from "@spool/client/thread-routes";
import type { ListFilter } from "../routing/route.ts";
import type { Accepts } from "./loaded-threads.ts";

/** Threads of one page. */
export const pageSize = 100;

/** The server's query; `q` is only named where something is searched. */
export function queryOf(filter: ListFilter): ThreadQuery & { readonly q?: string } {
  const { status, agent, archived, all } = filter;
  const q = filter.q.trim();
  return {
    limit: pageSize,
    ...(q === "" ? {} : { q }),
    ...(status === null ? {} : { status }),
    ...(agent === null ? {} : { agent }),
    ...(archived ? { archived } : {}),
    ...(all ? { all } : {}),
  };
}

/** Whether the list shows a thread that changed; what a search finds only the server knows. */
export function acceptsOf(filter: ListFilter): Accepts {
  const isSearch = filter.q.trim() !== "";
  return (thread, isKnown) =>
    (isKnown || !isSearch) &&
    (filter.archived || !thread.archived) &&
    (filter.status === null || filter.status === thread.status) &&
    (filter.agent === null || filter.agent === thread.agentId);
}

/** Whether anything is left out that the plain list shows, or put in that it does not. */
export function isNarrowed({ q, status, agent, archived, all }: ListFilter): boolean {
  return q.trim() !== "" || status !== null || agent !== null || archived || all;
}

/** Whether two filters say the same. */
export function isSameFilter(a: ListFilter, b: ListFilter): boolean {
  return (
    a.q === b.q &&
    a.status === b.status &&
    a.agent === b.agent &&
    a.archived === b.archived &&
    a.all === b.all
  );
}
