/**
 * What a request must pass before its body is read, in the contract's order (WIRE9): internal
 * headers, credential, rate, scope, then the parts of its path and query. API keys are recognised
 * without a promise. Called for each request of a route.
 */
import type { IncomingMessage } from "node:http";
import { DomainError } from "@spool/protocol/errors";
import { isRolloutId, isThreadId } from "@spool/protocol/ids";
import type { Authenticator } from "../auth/authenticate.ts";
import { findCredential, readCredentials, refuseInternalHeaders } from "../auth/credentials.ts";
import type { InternalCheck } from "../auth/internal-service.ts";
import { type Principal, requireScope } from "../auth/principal.ts";
import { type Client, isOwnPage, type OwnOrigin } from "./own-origin.ts";
import { type RawQuery, readQuery } from "./query.ts";
import type { Rate, RateLimiter } from "./rate-limiter.ts";
import type { Route } from "./route.ts";

/** A request on its way in; admission fills in what it learns. */
export type Arrival = {
  readonly route: Route;
  readonly raw: IncomingMessage;
  readonly client: Client;
  readonly rawQuery: RawQuery;
  readonly params: { readonly [name: string]: string };
  principal: Principal | null;
  rate: Rate | null;
  query: object;
};

/** Lets an arrival in, or throws or rejects with the DomainError that refuses it. */
export type Admission = (arrival: Arrival) => void | Promise<void>;

/** Admission by `authenticate`; `rateLimiter` is null where no limit is set. */
export function createAdmission(parts: {
  readonly authenticate: Authenticator;
  readonly rateLimiter: RateLimiter | null;
  /** Null where no internal service is let in. */
  readonly internal: InternalCheck | null;
  readonly ownOrigin: OwnOrigin;
}): Admission {
  const { authenticate, rateLimiter, internal, ownOrigin } = parts;

  function enter(arrival: Arrival, principal: Principal): void {
    arrival.principal = principal;
    if (rateLimiter !== null) countRate(rateLimiter, arrival, callerOf(principal));
    const { guard } = arrival.route;
    if (guard === "agent:read" || guard === "agent:run") requireScope(principal, guard);
    readAddress(arrival);
  }

  function enterInternal(arrival: Arrival): void {
    const { rawHeaders } = arrival.raw;
    if (internal === null) throw new Error("an internal route needs its check");
    addressCredentials(arrival);
    const service = internal(rawHeaders);
    if (rateLimiter !== null) countRate(rateLimiter, arrival, `service ${service}`);
    readAddress(arrival);
  }

  function refuse(arrival: Arrival, error: unknown): never {
    // Guesses at credentials count for the address they come from.
    if (rateLimiter !== null && arrival.rate === null) {
      countRate(rateLimiter, arrival, `address ${arrival.client.ip}`);
    }
    throw error;
  }

  function enterPublic(arrival: Arrival): void {
    const isPartOfApi = arrival.route.path.startsWith("/v1/");
    if (isPartOfApi) refuseInternalHeaders(arrival.raw.rawHeaders);
    addressCredentials(arrival);
    if (isPartOfApi && rateLimiter !== null) {
      countRate(rateLimiter, arrival, `address ${arrival.client.ip}`);
    }
    readAddress(arrival);
  }

  return (arrival) => {
    const { guard, takesCookie = false } = arrival.route;
    if (guard === "public") {
      enterPublic(arrival);
      return;
    }
    try {
      if (guard === "internal") {
        enterInternal(arrival);
        return;
      }
      refuseInternalHeaders(arrival.raw.rawHeaders);
      const route = arrival.route.takesQueryToken ? "sse" : "rest";
      const credential = readCredentials({
        ...credentialPartsOf(arrival),
        route,
        takesCookie: takesCookie && isOwnPage(arrival.client, arrival.raw.method ?? "", ownOrigin),
      });
      const principal = authenticate(credential);
      if (!(principal instanceof Promise)) {
        enter(arrival, principal);
        return;
      }
      return principal
        .then((known) => enter(arrival, known))
        .catch((error: unknown) => refuse(arrival, error));
    } catch (error) {
      refuse(arrival, error);
    }
  };
}

/** Refuses a credential in the query, whatever the headers say. */
function addressCredentials(arrival: Arrival): void {
  findCredential({ ...credentialPartsOf(arrival), route: "no_auth" });
}

function credentialPartsOf({ raw, rawQuery }: Arrival) {
  return { rawHeaders: raw.rawHeaders, query: rawQuery };
}

/** Whose rate a request counts for: a key's tokens count for the key (WIRE11). */
export function callerOf(principal: Principal): string {
  return principal.keyId ?? `user ${principal.orgId}/${principal.userId}`;
}

function countRate(rateLimiter: RateLimiter, arrival: Arrival, caller: string): void {
  const rate = rateLimiter.take(caller);
  arrival.rate = rate;
  if (rate.isExceeded) throw rateExceeded(rate);
}

/** The refusal of a request beyond the limit (WIRE11). */
export function rateExceeded({ limit, resetSeconds }: Rate): DomainError {
  return new DomainError(
    "RATE_LIMITED",
    `More than ${limit} requests in a minute. Wait ${resetSeconds} s and go on slower.`,
    { retryAfterSeconds: resetSeconds },
  );
}

function readAddress(arrival: Arrival): void {
  const { threadId, rolloutId } = arrival.params;
  if (threadId !== undefined && !isThreadId(threadId)) throw invalidId("thread", "thr");
  if (rolloutId !== undefined && !isRolloutId(rolloutId)) throw invalidId("rollout", "rol");
  const { query, takesAnyQuery } = arrival.route;
  arrival.query = takesAnyQuery ? {} : readQuery(arrival.rawQuery, query);
}

function invalidId(what: string, prefix: string): DomainError {
  return new DomainError(
    "INVALID_REQUEST",
    `The ${what} id in the address is none: ${prefix}_ and 1 to 64 of A–Z, a–z, 0–9, _ and -.`,
  );
}
