/** What operators rely on: probes, metrics, description, CORS, proxies, rate limits, failures. */
import { strict as assert } from "node:assert";
import { request } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { DomainError, errorTable } from "@spool/protocol/errors";
import type { Log } from "../ops/log.ts";
import { newIds, startedThread } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { listen } from "./listener.ts";
import { opsRoutes } from "./ops-routes.ts";
import type { Call } from "./route.ts";

const page = "https://app.example";
const errors: { fields: object; message: string }[] = [];
const quiet = () => {};
const log: Log = {
  ...{ debugs: false, debug: quiet, info: quiet, warn: quiet },
  error: (fields, message) => errors.push({ fields, message }),
};

let server: TestServer;
before(async () => {
  server = await startTestServer({ flags: { corsOrigins: page }, log });
});
after(() => server.close());

test("REST15 healthz and readyz say yes while the server serves", async () => {
  const health = await server.request("GET", "/healthz");
  assert.deepEqual(health.body.data, { status: "ok" });
  const ready = await server.request("GET", "/readyz");
  assert.deepEqual(ready.body.data, { status: "ready" });
});

test("REST15 while starting the process lives and is not ready", async () => {
  const listener = await listen({ host: "127.0.0.1", port: 0 });
  const { port } = listener.address;
  const status = (path: string) =>
    new Promise((resolve) => {
      request({ host: "127.0.0.1", port, path }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).end();
    });
  assert.equal(await status("/healthz"), 200);
  assert.equal(await status("/readyz"), 503);
  assert.equal(await status("/v1/me"), 503);
  await listener.close();
});

test("REST15 stopping or unable to write, the server is not ready and says why", () => {
  const services = {
    isClosing: () => false,
    health: () => ({ state: "refusing", why: "the disk is full" }) as const,
    metrics: async () => ({ contentType: "", text: "" }),
    publicUrl: null,
  };
  const ready = (parts: typeof services) => {
    const route = opsRoutes(parts, []).find(({ path }) => path === "/readyz");
    return () => route?.handle({} as Call);
  };
  const saying = (words: RegExp) => (error: unknown) =>
    error instanceof DomainError &&
    errorTable[error.code].status === 503 &&
    words.test(error.message);
  assert.throws(ready(services), saying(/the disk is full/));
  assert.throws(ready({ ...services, isClosing: () => true }), saying(/stopping/));
});

test("REST16 metrics count requests by route and status, in Prometheus' text format", async () => {
  await startedThread(server);
  await server.request("GET", "/v1/threads/thr_x1", { key: server.keys.owner });
  await server.request("GET", "/v1/unknown/path");
  const { headers, body } = await server.request("GET", "/metrics");
  assert.match(headers["content-type"] as string, /^text\/plain; version=0\.0\.4/);
  for (const line of [
    /^spool_http_requests_total\{route="POST \/v1\/thread-events",code="200"\} [1-9]/m,
    /^spool_http_requests_total\{route="GET \/v1\/threads\/\{threadId\}",code="404"\} 1$/m,
    /^spool_http_requests_total\{route="unrouted",code="404"\} [1-9]/m,
    /^spool_http_request_duration_seconds_bucket\{le="\+Inf",route="POST \/v1\/thread-events"\} [1-9]/m,
    /^spool_http_request_duration_seconds_count\{route="POST \/v1\/thread-events"\} [1-9]/m,
    /^spool_open_sockets 0$/m,
    /^spool_flushes_total [1-9]/m,
    /^process_cpu_seconds_total /m,
  ]) {
    assert.match(body, line);
  }
  assert.doesNotMatch(body, /thr_|unknown/);
});

test("REST17 the description is OpenAPI 3.1, names every route, and its references resolve", async () => {
  const { body } = await server.request("GET", "/openapi.json");
  assert.match(body.openapi, /^3\.1\./);
  const operations = Object.entries(body.paths as Record<string, object>).flatMap(
    ([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  for (const operation of [
    "GET /v1/threads",
    "POST /v1/threads",
    "GET /v1/threads/{threadId}",
    "PATCH /v1/threads/{threadId}",
    "DELETE /v1/threads/{threadId}",
    "POST /v1/threads/{threadId}/cancel",
    "GET /v1/threads/{threadId}/events",
    "POST /v1/threads/{threadId}/events",
    "GET /v1/threads/{threadId}/rollouts",
    "GET /v1/threads/{threadId}/rollouts/{rolloutId}.jsonl",
    "GET /v1/threads/{threadId}/runs",
    "POST /v1/thread-events",
    "GET /v1/me",
    "GET /v1/api-keys",
    "POST /v1/api-keys",
    "DELETE /v1/api-keys/{keyId}",
    "POST /v1/session-tokens",
  ]) {
    assert.ok(operations.includes(operation), operation);
  }
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/([^"]+)"/g)];
  assert.ok(references.length > 20);
  for (const [, pointer = ""] of references) {
    let found = body;
    for (const part of pointer.split("/")) found = found?.[part];
    assert.ok(found, pointer);
  }
  const limit = body.paths["/v1/threads"].get.parameters.find(
    ({ name }: { name: string }) => name === "limit",
  );
  assert.equal(limit.schema.minimum, 1);
  const ids = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
});

test("CFG5 pages of listed origins get CORS headers, refusals and preflights included", async () => {
  const key = server.keys.owner;
  const own = await server.request("GET", "/v1/me", { key, headers: { Origin: page } });
  assert.equal(own.headers["access-control-allow-origin"], page);
  assert.equal(own.headers.vary, "Origin");
  assert.match(own.headers["access-control-expose-headers"] as string, /X-Request-Id/);
  const refused = await server.request("GET", "/v1/me", { headers: { Origin: page } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers["access-control-allow-origin"], page);
  const preflight = await server.request("OPTIONS", "/v1/thread-events", {
    headers: {
      Origin: page,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "x-api-key",
    },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers["access-control-allow-headers"] as string, /X-API-Key/);
  assert.match(preflight.headers["access-control-allow-methods"] as string, /POST/);
  assert.ok(preflight.headers["x-request-id"]);
});

test("CFG5 other origins get none, and without the setting nobody does", async () => {
  const plain = await startTestServer();
  for (const [one, origin] of [
    [server, "https://evil.example"],
    [server, `${page}.evil.example`],
    [server, "null"],
    [plain, page],
  ] as const) {
    const headers = { Origin: origin };
    const answer = await one.request("GET", "/v1/me", { key: one.keys.owner, headers });
    const preflight = await one.request("OPTIONS", "/v1/me", {
      headers: { ...headers, "Access-Control-Request-Method": "GET" },
    });
    assert.equal(answer.status, 200);
    assert.equal(preflight.status, 405);
    for (const name of [...Object.keys(answer.headers), ...Object.keys(preflight.headers)]) {
      assert.doesNotMatch(name, /^access-control/);
    }
  }
  await plain.close();
});

test("WIRE11 a rate limit is counted per key, on every answer, and 429 says when to come back", async () => {
  const limited = await startTestServer({ flags: { rateLimit: "3" } });
  const { owner, member } = limited.keys;
  const rate = async (key: string, path = "/v1/me") => {
    const { status, headers, body } = await limited.request("GET", path, { key });
    assert.equal(headers["x-ratelimit-limit"], "3");
    const reset = Number(headers["x-ratelimit-reset"]);
    assert.ok(reset > 0 && reset <= 60);
    return { status, remaining: headers["x-ratelimit-remaining"], headers, body };
  };
  assert.equal((await rate(owner)).remaining, "2");
  assert.equal((await rate(owner, "/v1/threads/thr_none")).remaining, "1");
  assert.equal((await rate(owner)).remaining, "0");
  const over = await rate(owner);
  assert.equal(over.status, 429);
  assert.equal(over.body.error.code, "RATE_LIMITED");
  assert.equal(over.headers["retry-after"], over.headers["x-ratelimit-reset"]);
  assert.equal((await rate(member)).status, 200);
  assert.equal((await limited.request("GET", "/healthz")).status, 200);
  await limited.close();
});

test("CFG6 forwarded addresses count from trusted proxies only, and by default from nobody", async () => {
  const statuses = async (trustProxy: string) => {
    const limited = await startTestServer({ flags: { rateLimit: "1", trustProxy } });
    const answers = [];
    for (const address of ["203.0.113.1", "203.0.113.2", "203.0.113.1"]) {
      const headers = { "X-Forwarded-For": address, "X-API-Key": "rt_live_guess" };
      answers.push((await limited.request("GET", "/v1/me", { headers })).status);
    }
    await limited.close();
    return answers;
  };
  assert.deepEqual(await statuses("false"), [401, 429, 429]);
  assert.deepEqual(await statuses("10.0.0.0/8"), [401, 429, 429]);
  assert.deepEqual(await statuses("loopback"), [401, 401, 429]);
  assert.deepEqual(await statuses("1"), [401, 401, 429]);
  assert.deepEqual(await statuses("true"), [401, 401, 429]);
});

test("ERR2 an unexpected failure is 500 with the request id, logged, and no stack", async () => {
  const { threadId } = await startedThread(server);
  const db = new DatabaseSync(join(server.dataDir, "accounts.db"));
  db.exec("ALTER TABLE audit_log RENAME TO audit_log_away");
  const answer = await server.request("GET", `/v1/threads/${threadId}`, {
    key: server.keys.admin,
    headers: { "X-Request-Id": "the-failing-one" },
  });
  db.exec("ALTER TABLE audit_log_away RENAME TO audit_log");
  db.close();
  assert.equal(answer.status, 500);
  assert.equal(answer.body.error.code, "INTERNAL");
  assert.equal(answer.body.error.requestId, "the-failing-one");
  assert.doesNotMatch(answer.bytes.toString(), /audit|SQL|at .*\.ts/i);
  const { fields } = errors.at(-1) as (typeof errors)[number];
  assert.equal((fields as { requestId: string }).requestId, "the-failing-one");
  assert.ok((fields as { err: Error }).err.stack);
});

test("ERR1 a path that looks like a credential is not repeated to anybody", async () => {
  const { threadId } = newIds();
  const key = server.keys.owner;
  const answer = await server.request("GET", `/v1/threads/${threadId}?${key}`, { key });
  assert.equal(answer.status, 400);
  assert.equal(answer.bytes.includes(key), false);
});
