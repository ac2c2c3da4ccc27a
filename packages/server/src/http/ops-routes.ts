/**
 * The routes for whoever runs the server: liveness, readiness, metrics, the API's description
 * (REST15–REST17). None of them needs a credential.
 */
import { DomainError } from "@spool/protocol/errors";
import type { MetricsText } from "../ops/metrics.ts";
import type { StoreHealth } from "../store/thread-store.ts";
import { json } from "./answer.ts";
import { openApiOf } from "./openapi.ts";
import { notReady } from "./refusals.ts";
import { type Route, route } from "./route.ts";
import { objectOf, text } from "./schema.ts";

/** What the ops routes ask. */
export type OpsServices = {
  readonly isClosing: () => boolean;
  readonly health: () => StoreHealth;
  readonly metrics: () => Promise<MetricsText>;
  /** The server's address as clients see it; null: the one they used. */
  readonly publicUrl: URL | null;
};

const Status = objectOf({ status: text });

/** The routes; `others` are those the API's description has besides. */
export function opsRoutes(services: OpsServices, others: readonly Route[]): Route[] {
  const routes = [healthRoute(), readyRoute(services), metricsRoute(services)];
  const described = descriptionRoute(services, () => [...others, ...routes, described]);
  return [...routes, described];
}

function healthRoute(): Route {
  return route({
    method: "GET",
    path: "/healthz",
    guard: "public",
    query: {},
    body: null,
    about: { summary: "The process lives", answers: { 200: Status } },
    handle: () => json({ status: "ok" }),
  });
}

function readyRoute({ isClosing, health }: OpsServices): Route {
  return route({
    method: "GET",
    path: "/readyz",
    guard: "public",
    query: {},
    body: null,
    about: { summary: "The server takes traffic, writes included", answers: { 200: Status } },
    handle() {
      if (isClosing()) throw notReady("stopping");
      const state = health();
      if (state.state === "writable") return json({ status: "ready" });
      throw new DomainError("STORAGE_UNAVAILABLE", `The store refuses writes: ${state.why}`);
    },
  });
}

function metricsRoute({ metrics }: OpsServices): Route {
  return route({
    method: "GET",
    path: "/metrics",
    guard: "public",
    query: {},
    body: null,
    about: { summary: "Prometheus metrics", answers: { 200: null }, mediaType: "text/plain" },
    handle: async () => ({ kind: "text", ...(await metrics()) }),
  });
}

function descriptionRoute({ publicUrl }: OpsServices, all: () => readonly Route[]): Route {
  let description: string | null = null;
  return route({
    method: "GET",
    path: "/openapi.json",
    guard: "public",
    query: {},
    body: null,
    about: {
      summary: "This description, OpenAPI 3.1",
      answers: { 200: null },
      mediaType: "application/json",
    },
    handle() {
      description ??= JSON.stringify(openApiOf(all(), publicUrl));
      return { kind: "text", contentType: "application/json", text: description };
    },
  });
}
