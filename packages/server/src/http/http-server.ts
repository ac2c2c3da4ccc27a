/**
 * The router in front of the routes: Fastify finds the route, this file leads a request through the
 * contract's order of checks and out again. Every answer, also to what no route has or to what is
 * not HTTP, leaves in the envelope (WIRE1–WIRE3, ERR3). Built by `app.ts`.
 *
 *   route ─▶ admission (headers, credential, rate, scope, path, query) ─▶ body ─▶ handler ─▶ answer
 *                └──────────────── a DomainError at any point ───────────────────┴─▶ refusal
 */
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import type { JsonObject } from "@spool/protocol/json";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Authenticator } from "../auth/authenticate.ts";
import { refuseInternalHeaders } from "../auth/credentials.ts";
import type { InternalCheck } from "../auth/internal-service.ts";
import type { Principal } from "../auth/principal.ts";
import { redactUrl } from "../auth/redact.ts";
import type { TrustedProxies } from "../config-values.ts";
import { pathPartCharactersMax } from "../limits.ts";
import type { Log } from "../ops/log.ts";
import type { RequestCounters, RouteCounter } from "../ops/request-counters.ts";
import { type Admission, type Arrival, createAdmission } from "./admission.ts";
import type { Answer } from "./answer.ts";
import { readBody } from "./body.ts";
import { checkBody } from "./check-body.ts";
import type { Cors } from "./cors.ts";
import type { OwnOrigin } from "./own-origin.ts";
import { type RawQuery, splitQuery } from "./query.ts";
import type { Rate, RateLimiter } from "./rate-limiter.ts";
import { methodNotAllowed, noSuchPath, refusalOf } from "./refusals.ts";
import { requestIdOf } from "./request-id.ts";
import type { Call, Params, Route } from "./route.ts";
import { fastifyPathOf, methodsOf } from "./route-table.ts";
import { type Envelope, sendAnswer, sendRefusal } from "./send-answer.ts";

/** What the HTTP side is made of. */
export type HttpParts = {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticator;
  /** Null where no limit is set. */
  readonly rateLimiter: RateLimiter | null;
  /** Lets internal services in; null where there are none. */
  readonly internal: InternalCheck | null;
  readonly ownOrigin: OwnOrigin;
  /** Null where no origin is allowed. */
  readonly cors: Cors | null;
  readonly trustProxy: TrustedProxies;
  readonly counters: RequestCounters;
  readonly log: Log;
  /** Whether the server stops: connections then close behind their answer. */
  readonly isClosing: () => boolean;
};

/** A request with what admission learned of it, and where it is counted. */
type Visit = Arrival & { readonly counter: RouteCounter; readonly startedAt: number };

declare module "fastify" {
  interface FastifyRequest {
    /** Null for what no route has, and not even there for an address that cannot be read. */
    visit?: Visit | null;
  }
}

/** Builds Node's request handler. `server` is the one it will listen on. */
export async function createHandler(
  server: Server,
  parts: HttpParts,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  const edge = new Edge(parts);
  const fastify = Fastify({
    serverFactory: () => server,
    logger: false,
    trustProxy: trustedProxies(parts.trustProxy),
    genReqId: (raw) => requestIdOf(raw.headers["x-request-id"]),
    requestIdHeader: false,
    // `body.ts` has the limit: it answers only after it has read on.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => edge.refuse(request, reply, error),
    routerOptions: {
      querystringParser: splitQuery as (text: string) => Record<string, unknown>,
      maxParamLength: pathPartCharactersMax,
    },
  });
  fastify.decorateRequest("visit", null);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser("*", (request, payload, done) => {
    if (request.visit?.route.body == null) done(null);
    else readBody(payload, request.headers, done);
  });
  fastify.setErrorHandler((error, request, reply) => edge.refuse(request, reply, error));
  fastify.setNotFoundHandler((request, reply) => edge.answerUnrouted(request, reply));
  for (const route of parts.routes) addRoute(fastify, edge, route);
  await fastify.ready();
  return fastify.routing;
}

function addRoute(fastify: FastifyInstance, edge: Edge, route: Route): void {
  const counter = edge.counterOf(route);
  fastify.route({
    method: route.method,
    url: fastifyPathOf(route.path),
    onRequest: (request, _reply, done) => {
      edge.admit(request, route, counter, done);
    },
    handler: (request, reply) => {
      edge.handle(request, reply);
    },
  });
}

/** The way of a request through the server, step by step. */
class Edge {
  readonly #parts: HttpParts;
  readonly #admission: Admission;
  readonly #unrouted: RouteCounter;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#admission = createAdmission(parts);
    this.#unrouted = parts.counters.counterOf("unrouted");
  }

  counterOf(route: Route): RouteCounter {
    return this.#parts.counters.counterOf(`${route.method} ${route.path}`);
  }

  admit(
    request: FastifyRequest,
    route: Route,
    counter: RouteCounter,
    done: (error?: Error) => void,
  ): void {
    const visit: Visit = {
      route: route.stream !== undefined && wantsStream(request.raw) ? route.stream : route,
      raw: request.raw,
      client: request,
      rawQuery: request.query as RawQuery,
      params: request.params as Visit["params"],
      principal: null,
      rate: null,
      query: {},
      counter,
      startedAt: performance.now(),
    };
    request.visit = visit;
    let admitted: void | Promise<void>;
    try {
      admitted = this.#admission(visit);
    } catch (error) {
      done(error as Error);
      return;
    }
    if (admitted instanceof Promise) admitted.then(() => done(), done);
    else done();
  }

  handle(request: FastifyRequest, reply: FastifyReply): void {
    const visit = request.visit as Visit;
    let answer: Answer | Promise<Answer>;
    try {
      answer = visit.route.handle(callOf(request, visit));
    } catch (error) {
      this.refuse(request, reply, error);
      return;
    }
    if (!(answer instanceof Promise)) this.#send(request, reply, answer);
    else {
      answer.then(
        (settled) => this.#send(request, reply, settled),
        (error: unknown) => this.refuse(request, reply, error),
      );
    }
  }

  refuse(request: FastifyRequest, reply: FastifyReply, error: unknown): void {
    const refusal = refusalOf(error);
    if (refusal.code === "INTERNAL") {
      const { method, url } = request.raw;
      this.#parts.log.error(
        { requestId: request.id, method, url: redactUrl(url ?? ""), err: refusal.cause ?? refusal },
        "a request failed",
      );
    }
    reply.hijack();
    const status = sendRefusal(reply.raw, this.#envelopeOf(request), refusal);
    this.#finish(request, status);
  }

  /** What no route has: a preflight, another method, an unknown path. */
  answerUnrouted(request: FastifyRequest, reply: FastifyReply): void {
    const { raw } = request;
    const path = pathOf(raw.url ?? "");
    if (path.startsWith("/v1/") && this.#refusesInternal(request, reply)) return;
    const methods = methodsOf(this.#parts.routes, path);
    if (methods.length === 0) {
      this.refuse(request, reply, noSuchPath());
      return;
    }
    const preflight = this.#preflightOf(raw);
    if (preflight === null) {
      this.refuse(request, reply, methodNotAllowed(methods));
      return;
    }
    reply.hijack();
    const envelope = { requestId: request.id, rate: null, headers: preflight };
    this.#finish(request, sendAnswer(reply.raw, envelope, { kind: "empty" }));
  }

  #refusesInternal(request: FastifyRequest, reply: FastifyReply): boolean {
    try {
      refuseInternalHeaders(request.raw.rawHeaders);
      return false;
    } catch (refusal) {
      this.refuse(request, reply, refusal);
      return true;
    }
  }

  #preflightOf({ method, headers }: IncomingMessage): OutgoingHttpHeaders | null {
    const isPreflight = method === "OPTIONS" && "access-control-request-method" in headers;
    return isPreflight ? (this.#parts.cors?.preflightFor(headers.origin) ?? null) : null;
  }

  #send(request: FastifyRequest, reply: FastifyReply, answer: Answer): void {
    reply.hijack();
    this.#finish(request, sendAnswer(reply.raw, this.#envelopeOf(request), answer));
  }

  #envelopeOf(request: FastifyRequest): Envelope {
    const { cors, isClosing } = this.#parts;
    let headers: OutgoingHttpHeaders | null = null;
    if (cors !== null) headers = cors.headersFor(request.headers.origin);
    if (isClosing()) headers = { ...headers, connection: "close" };
    return { requestId: request.id, rate: rateOf(request), headers };
  }

  #finish(request: FastifyRequest, status: number): void {
    const visit = request.visit ?? null;
    const ms = visit === null ? 0 : performance.now() - visit.startedAt;
    (visit?.counter ?? this.#unrouted).count(status, ms);
    const { log } = this.#parts;
    if (!log.debugs) return;
    const { method, url } = request.raw;
    log.debug(
      { requestId: request.id, method, url: redactUrl(url ?? ""), status, ms: Math.round(ms) },
      "request",
    );
  }
}

/** Whether the client asks for server-sent events, as an EventSource does. */
function wantsStream({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes("text/event-stream") ?? false;
}

function rateOf({ visit }: FastifyRequest): Rate | null {
  return visit?.rate ?? null;
}

function callOf(request: FastifyRequest, visit: Visit): Call {
  const { route } = visit;
  const body = request.body as JsonObject | undefined;
  return {
    principal: visit.principal as Principal,
    requestId: request.id,
    params: visit.params as unknown as Params,
    query: visit.query,
    body: route.body === null ? undefined : checkBody(route.body, body),
    headers: request.headers,
    incoming: request.raw,
    client: request,
  };
}

/** Fastify itself trusts nobody where it is given a number of hops. */
function trustedProxies(proxies: TrustedProxies) {
  if (typeof proxies === "number") return (_address: string, hop: number) => hop < proxies;
  return typeof proxies === "boolean" ? proxies : [...proxies];
}

function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}
