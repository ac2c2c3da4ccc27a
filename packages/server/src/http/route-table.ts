/**
 * Finds which methods a path takes, for 405 and preflights (ERR3). The router proper finds routes;
 * this is asked only about requests it had no route for.
 */
import type { Route } from "./route.ts";

/** The methods for `path` (without a query), HEAD with GET; empty when no route has it. */
export function methodsOf(routes: readonly Route[], path: string): string[] {
  const methods = new Set<string>();
  for (const route of routes) {
    if (!patternOf(route.path).test(path)) continue;
    methods.add(route.method);
    if (route.method === "GET") methods.add("HEAD");
  }
  return [...methods];
}

/** `/v1/threads/{threadId}` as Fastify writes it: `/v1/threads/:threadId`. */
export function fastifyPathOf(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}

function patternOf(path: string): RegExp {
  const literal = path
    .replaceAll(".", "\\.")
    .replaceAll(/\{\w+\}/g, "[^/]+")
    .replaceAll("*", ".*");
  return new RegExp(`^${literal}$`);
}
