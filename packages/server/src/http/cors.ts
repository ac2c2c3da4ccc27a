/**
 * CORS for the pages of the configured origins (CFG5). Credentials travel in headers, never in
 * cookies, so an origin on the list may call and read answers, and nothing else is opened. Pure.
 */
import type { OutgoingHttpHeaders } from "node:http";

/** What a page's request gets: headers for its answer, or null when its origin is not allowed. */
export type Cors = {
  /** For an ordinary answer to a request from `origin`. */
  readonly headersFor: (origin: string | undefined) => OutgoingHttpHeaders;
  /** For a preflight from `origin`; null when the origin is not on the list. */
  readonly preflightFor: (origin: string | undefined) => OutgoingHttpHeaders | null;
};

const exposed = [
  ...["X-Request-Id", "Retry-After", "ETag", "Content-Range", "Accept-Ranges"],
  ...["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"],
  "X-Search-Partial",
].join(", ");
const accepted = [
  ...["Authorization", "X-API-Key", "Content-Type", "X-Request-Id"],
  ...["Range", "If-Range", "If-None-Match", "Last-Event-ID", "Prefer"],
].join(", ");
const preflightSeconds = 7_200;

/** CORS for `origins`, each in its canonical spelling, or `*` for all; null when there are none. */
export function createCors(origins: readonly string[]): Cors | null {
  if (origins.length === 0) return null;
  const all = origins.includes("*");
  const allowed = new Set(origins);
  const isAllowed = (origin: string | undefined) => {
    return origin !== undefined && (all || allowed.has(origin));
  };
  return {
    headersFor(origin) {
      // Vary also where the origin gets nothing: caches must not hand one origin's answer to another.
      if (!isAllowed(origin)) return { vary: "Origin" };
      return {
        vary: "Origin",
        "access-control-allow-origin": origin,
        "access-control-expose-headers": exposed,
      };
    },
    preflightFor(origin) {
      if (!isAllowed(origin)) return null;
      return {
        vary: "Origin",
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, HEAD, POST, PATCH, DELETE",
        "access-control-allow-headers": accepted,
        "access-control-max-age": String(preflightSeconds),
      };
    },
  };
}
