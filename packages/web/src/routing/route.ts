/**
 * The page's addresses, both ways. Pure. What an address names: which thread, which rollout of it,
 * which event, and what the list is narrowed to. An address that names nothing is the list.
 */

/** What the list shows (`ThreadQuery` in the words of the address). */
export type ListFilter = {
  readonly q: string;
  readonly status: "idle" | "running" | "compacting" | null;
  readonly agent: string | null;
  readonly archived: boolean;
  /** Everybody's, for admins. */
  readonly all: boolean;
};

/** Which thread; `rolloutId` an older generation of it, `at` the event to show. */
export type ThreadPlace = {
  readonly threadId: string;
  readonly rolloutId: string | null;
  readonly at: number | null;
};

/** One address. `place` null: no thread is open. */
export type Route = { readonly place: ThreadPlace | null; readonly filter: ListFilter };

/** The list with nothing left out but archived threads. */
export const everyThread: ListFilter = {
  q: "",
  status: null,
  agent: null,
  archived: false,
  all: false,
};

/** Reads the path and query of an address. */
export function routeOf(pathname: string, search: string): Route {
  const query = new URLSearchParams(search);
  const [, threads, threadId, rollouts, rolloutId] = pathname.split("/").map(decoded);
  const filter = filterOf(query);
  if (threads !== "threads" || !threadId) return { place: null, filter };
  const at = Number(query.get("at"));
  const place = {
    threadId,
    rolloutId: rollouts === "rollouts" && rolloutId ? rolloutId : null,
    at: Number.isSafeInteger(at) && at > 0 ? at : null,
  };
  return { place, filter };
}

/** The address of a route, beginning with a slash. */
export function hrefOf({ place, filter }: Route): string {
  const query = new URLSearchParams();
  if (filter.q !== "") query.set("q", filter.q);
  if (filter.status !== null) query.set("status", filter.status);
  if (filter.agent !== null) query.set("agent", filter.agent);
  if (filter.archived) query.set("archived", "true");
  if (filter.all) query.set("all", "true");
  if (place?.at) query.set("at", String(place.at));
  const text = query.toString();
  return pathOf(place) + (text === "" ? "" : `?${text}`);
}

function pathOf(place: ThreadPlace | null): string {
  if (place === null) return "/";
  const thread = `/threads/${encodeURIComponent(place.threadId)}`;
  return place.rolloutId === null
    ? thread
    : `${thread}/rollouts/${encodeURIComponent(place.rolloutId)}`;
}

function filterOf(query: URLSearchParams): ListFilter {
  const status = query.get("status");
  return {
    q: query.get("q") ?? "",
    status: status === "idle" || status === "running" || status === "compacting" ? status : null,
    agent: query.get("agent") || null,
    archived: query.get("archived") === "true",
    all: query.get("all") === "true",
  };
}

/** A part of a path; one that is not encoded well is taken as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Typed by hand: it names no thread, and the page says so.
    return part;
  }
}
