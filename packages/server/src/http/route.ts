/**
 * A route as data: where it is, who may call it, what it takes, what it does. The table of all
 * routes registers them, checks their requests, answers 405 and becomes `/openapi.json` (REST17).
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { JsonObject } from "@spool/protocol/json";
import type { Validator } from "@spool/protocol/validator";
import type { Principal, RequiredScope } from "../auth/principal.ts";
import type { Answer } from "./answer.ts";
import type { Client } from "./own-origin.ts";
import type { QueryOf, QueryTable } from "./query.ts";
import type { Schema } from "./schema.ts";

/** Methods that routes have; HEAD comes with GET. */
export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/**
 * `public`: no credential. `anyone`: a credential of whatever scopes. `internal`: a service's. Else
 * the scope.
 */
export type Guard = "public" | "anyone" | "internal" | RequiredScope;

/** Parts of the path, checked by name: thread and rollout ids are ids. */
export type Params = {
  readonly threadId: string;
  readonly rolloutId: string;
  readonly keyId: string;
  readonly signInId: string;
  /** What stands for a `*` at the end of a path. */
  readonly "*": string;
};

/** A request that passed every check before its handler. */
export type Call<Q = unknown, B = unknown> = {
  /** Absent on public routes, which do not look at it. */
  readonly principal: Principal;
  readonly requestId: string;
  readonly params: Params;
  readonly query: Q;
  readonly body: B;
  readonly headers: IncomingHttpHeaders;
  /** The request itself, for a handler that reads a body as it comes (`upload.ts`). */
  readonly incoming: IncomingMessage;
  readonly client: Client;
};

/** What a route takes as its body. */
export type BodyRule<B = unknown> = {
  readonly schema: Schema;
  /** Null where the handler's parser checks the body itself. */
  readonly check: Validator<B> | null;
  /** Whether a request without a body counts as one with `{}`. */
  readonly optional: boolean;
};

/** What `/openapi.json` says of a route. */
export type About = {
  readonly summary: string;
  /** Schema of `data` by status, null where there is no JSON. */
  readonly answers: { readonly [status: number]: Schema | null };
  /** Whether the answer is a page. */
  readonly paged?: boolean;
  /** Media type, where it is not the envelope. */
  readonly mediaType?: string;
  /** Media type of a body that the handler reads by itself. */
  readonly requestMediaType?: string;
  /** Parameters that are headers. */
  readonly headers?: { readonly [name: string]: JsonObject };
};

/** A route whose handler knows the types of query and body. */
export type RouteOf<Q extends QueryTable, B> = {
  readonly method: Method;
  /** With `{names}` for the parts of `Params`, as in OpenAPI, or a `*` at the end. */
  readonly path: string;
  readonly guard: Guard;
  readonly query: Q;
  readonly body: BodyRule<B> | null;
  readonly about: About;
  /** What answers instead where the client accepts `text/event-stream` (SSE1). */
  readonly stream?: Route;
  /** Whether a token in the query counts, as on event streams (AUTH1). */
  readonly takesQueryToken?: boolean;
  /** Whether a sign-in cookie counts (AUTH21). */
  readonly takesCookie?: boolean;
  /** Whether the query is somebody else's, as a page's own is: `query` is then left empty. */
  readonly takesAnyQuery?: boolean;
  readonly handle: (call: Call<QueryOf<Q>, B>) => Answer | Promise<Answer>;
};

/** Any route, as the table and the server see it. */
export type Route = Omit<RouteOf<QueryTable, unknown>, "handle"> & {
  readonly handle: (call: Call) => Answer | Promise<Answer>;
};

/** Makes a route. The cast is safe: the server calls `handle` only with what passed the checks. */
export function route<Q extends QueryTable, B>(typed: RouteOf<Q, B>): Route {
  return typed as unknown as Route;
}
