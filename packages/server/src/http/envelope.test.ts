/** The envelope around every answer, and the answers to what no route has (WIRE, ERR). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { newIds } from "../testing/published-threads.ts";
import { startTestServer, type TestResponse, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function assertRefusal(answer: TestResponse, status: number, code: string): void {
  assert.equal(answer.status, status, answer.bytes.toString());
  const { error, ...rest } = answer.body;
  assert.deepEqual(rest, {});
  assert.equal(error.code, code);
  assert.ok(error.message.length > 10);
  assert.equal(error.requestId, answer.headers["x-request-id"]);
  assert.equal(answer.headers["content-type"], "application/json");
}

test("WIRE1 success is data and meta with the request's id", async () => {
  const answer = await server.request("GET", "/v1/me", { key: server.keys.owner });
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body), ["data", "meta"]);
  assert.deepEqual(answer.body.meta, { requestId: answer.headers["x-request-id"] });
  assert.match(answer.body.meta.requestId, /^req_[\w-]{8,}$/);
});

test("WIRE2 ERR3 an unknown path is 404 in the envelope", async () => {
  assertRefusal(await server.request("GET", "/v1/nothing"), 404, "NOT_FOUND");
  assertRefusal(await server.request("POST", "/nothing", { body: {} }), 404, "NOT_FOUND");
  const rollout = await server.request("GET", "/v1/threads/thr_a/rollouts/rol_b", {});
  assertRefusal(rollout, 404, "NOT_FOUND");
});

test("ERR3 a known path with another method is 405 and names those it takes", async () => {
  const answer = await server.request("PUT", "/v1/threads/thr_a", { key: server.keys.owner });
  assertRefusal(answer, 405, "METHOD_NOT_ALLOWED");
  assert.equal(answer.headers.allow, "GET,HEAD,PATCH,DELETE");
  const options = await server.request("OPTIONS", "/v1/threads");
  assertRefusal(options, 405, "METHOD_NOT_ALLOWED");
  assert.equal(options.headers.allow, "GET,HEAD,POST");
  assertRefusal(await server.request("TRACE", "/healthz"), 405, "METHOD_NOT_ALLOWED");
  assertRefusal(await server.request("POST", "/metrics", { body: {} }), 405, "METHOD_NOT_ALLOWED");
});

test("WIRE3 a sane request id of the client's is kept, another is replaced", async () => {
  for (const own of ["abc-1.2_3", "x".repeat(128)]) {
    const answer = await server.request("GET", "/healthz", { headers: { "X-Request-Id": own } });
    assert.equal(answer.headers["x-request-id"], own);
    assert.equal(answer.body.meta.requestId, own);
  }
  for (const bad of ["", "a b", 'a"b', "x".repeat(129), "ä"]) {
    const answer = await server.request("GET", "/v1/nothing", { headers: { "X-Request-Id": bad } });
    assert.match(answer.body.error.requestId, /^req_/);
  }
});

test("WIRE3 request ids of the server are all different", async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => server.request("GET", "/healthz")),
  );
  assert.equal(new Set(answers.map(({ body }) => body.meta.requestId)).size, 20);
});

test("AUTH17 every answer forbids caching, sniffing and referrers", async () => {
  const { key } = { key: server.keys.owner };
  for (const [method, path] of [
    ["GET", "/v1/threads"],
    ["GET", "/v1/nothing"],
    ["DELETE", "/v1/threads/thr_none"],
  ] as const) {
    const { headers } = await server.request(method, path, { key });
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["cache-control"], "no-store");
  }
});

test("WIRE2 a malformed address is 400 in the envelope", async () => {
  const key = server.keys.owner;
  for (const path of ["/v1/threads/%zz", "/v1/threads/%c0%af"]) {
    assertRefusal(await server.request("GET", path, { key }), 400, "INVALID_REQUEST");
  }
});

test("WIRE2 what is not HTTP is 400 in the envelope, with a request id", async () => {
  for (const bytes of [
    "nonsense\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n\r\n",
    `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
  ]) {
    const answer = await server.exchange(bytes);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    const body = JSON.parse(answer.slice(answer.indexOf("{")));
    assert.equal(body.error.code, "INVALID_REQUEST");
    assert.ok(answer.includes(`x-request-id: ${body.error.requestId}\r\n`));
  }
});

test("WIRE2 an expectation nobody knows is passed over", async () => {
  const answer = await server.request("GET", "/healthz", { headers: { Expect: "wonders" } });
  assert.equal(answer.status, 200);
});

test("WIRE13 an id that is none is 400, also one that would leave a folder", async () => {
  const key = server.keys.owner;
  const ids = ["x", "thr_", "thr_a%00", "..%2F..%2Fetc", "thr_a%2F..%2Fb", `thr_${"a".repeat(65)}`];
  for (const id of ids) {
    for (const [method, rest] of [
      ["GET", ""],
      ["GET", "/events"],
      ["DELETE", ""],
    ] as const) {
      const answer = await server.request(method, `/v1/threads/${id}${rest}`, { key });
      assertRefusal(answer, 400, "INVALID_REQUEST");
    }
  }
  const rollout = await server.request("GET", "/v1/threads/thr_a/rollouts/..%2Fx.jsonl", { key });
  assertRefusal(rollout, 400, "INVALID_REQUEST");
});

test("WIRE10 an unknown or repeated query parameter is 400 and named", async () => {
  const key = server.keys.owner;
  for (const [path, name] of [
    ["/v1/threads?colour=red", "colour"],
    ["/v1/threads?limit=1&limit=1", "limit"],
    ["/v1/me?x=", "x"],
    ["/v1/threads?__proto__=1", "__proto__"],
    ["/v1/threads?query=words", "query"],
    ["/healthz?deep=1", "deep"],
  ] as const) {
    const answer = await server.request("GET", path, { key });
    assertRefusal(answer, 400, "INVALID_REQUEST");
    assert.deepEqual(answer.body.error.details, { parameter: name });
  }
  const created = await server.request("POST", "/v1/threads?dry=1", { key, body: {} });
  assertRefusal(created, 400, "INVALID_REQUEST");
});

test("WIRE9 internal headers, credential, scope, body, thread: the first that fails answers", async () => {
  const path = "/v1/threads/thr_missing";
  const bad = { body: "not json", headers: { "X-Internal-Token": "x" } };
  assertRefusal(await server.request("PATCH", path, bad), 403, "INTERNAL_AUTH_REFUSED");
  assertRefusal(await server.request("PATCH", path, { body: "not json" }), 401, "UNAUTHENTICATED");
  const unscoped = { key: server.keys.reader, body: "not json" };
  assertRefusal(await server.request("PATCH", path, unscoped), 403, "INSUFFICIENT_SCOPE");
  const { runner } = server.keys;
  const broken = { key: runner, body: "not json" };
  assertRefusal(await server.request("PATCH", path, broken), 400, "INVALID_REQUEST");
  const good = { key: runner, body: { title: "x" } };
  assertRefusal(await server.request("PATCH", path, good), 404, "THREAD_NOT_FOUND");
});

test("ERR1 a code's status is that of the table, and details come where they are promised", async () => {
  const { threadId } = newIds();
  const answer = await server.request("GET", `/v1/threads/${threadId}`, { key: server.keys.owner });
  assertRefusal(answer, 404, "THREAD_NOT_FOUND");
  assert.equal("details" in answer.body.error, false);
});

test("WIRE3 HEAD is answered like GET, without a body", async () => {
  const key = server.keys.owner;
  const answer = await server.request("HEAD", "/v1/threads", { key });
  assert.equal(answer.status, 200);
  assert.equal(answer.bytes.length, 0);
  assert.ok(Number(answer.headers["content-length"]) > 0);
  assert.equal((await server.request("HEAD", "/v1/threads")).status, 401);
});

test("WIRE3 pipelined requests are answered in order", async () => {
  const request = (id: string, more = "") =>
    `GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n${more}\r\n`;
  const answer = await server.exchange(
    request("one") + request("two") + request("three", "Connection: close\r\n"),
  );
  const ids = [...answer.matchAll(/^x-request-id: (\w+)/gm)].map(([, id]) => id);
  assert.deepEqual(ids, ["one", "two", "three"]);
});
