/** Bodies: media types, sizes, odd JSON, and what comes through unchanged (WIRE4–WIRE8). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import {
  message,
  newIds,
  publish,
  runStarted,
  startedThread,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function create(body: unknown, headers: Record<string, string> = {}) {
  return server.request("POST", "/v1/threads", { key: server.keys.owner, body, headers });
}

async function lastPayload(threadId: string): Promise<Record<string, unknown>> {
  const path = `/v1/threads/${threadId}/events?order=desc&limit=1`;
  const { body } = await server.request("GET", path, { key: server.keys.owner });
  return body.data.events[0].payload;
}

test("WIRE4 a body that is not application/json is 415", async () => {
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "x",
  ]) {
    const answer = await create("{}", { "Content-Type": type });
    assert.equal(answer.status, 415, type);
    assert.equal(answer.body.error.code, "UNSUPPORTED_MEDIA_TYPE");
  }
  const latin = await create("{}", { "Content-Type": "application/json; charset=latin1" });
  assert.equal(latin.status, 415);
  assert.equal((await create("{}", { "Content-Encoding": "gzip" })).status, 415);
});

test("WIRE4 a body without any type is 415", async () => {
  const bytes =
    "POST /v1/threads HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
    `X-API-Key: ${server.keys.owner}\r\nContent-Length: 2\r\n\r\n{}`;
  assert.match(await server.exchange(bytes), /^HTTP\/1\.1 415 /);
});

test("WIRE4 application/json in every spelling is taken", async () => {
  const types = [
    "application/json",
    "Application/JSON; Charset=UTF-8",
    'application/json;charset="utf-8"',
  ];
  for (const type of types) {
    assert.equal((await create("{}", { "Content-Type": type })).status, 201, type);
  }
});

test("WIRE4 a body that is no JSON, no object, no UTF-8 or not there is 400", async () => {
  const latin1 = Buffer.from('{"title":"Gr\u00fc\u00dfe"}', "latin1");
  const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from("{}")]);
  const bodies = ["", "{", "nope", "[]", "null", '"text"', "1", "{} {}", "{'a':1}", latin1, marked];
  for (const body of bodies) {
    const answer = await create(body);
    assert.equal(answer.status, 400, String(body));
    assert.equal(answer.body.error.code, "INVALID_REQUEST");
  }
  const missing = await server.request("POST", "/v1/threads", { key: server.keys.owner });
  assert.equal(missing.status, 400);
  assert.match(missing.body.error.message, /no body/);
  const published = await server.request("POST", "/v1/thread-events", {
    key: server.keys.owner,
    body: "[]",
  });
  assert.equal(published.body.error.code, "INVALID_REQUEST");
});

test("RUN7 cancelling needs no body, and takes none but {}", async () => {
  const key = server.keys.owner;
  for (const body of [undefined, "", {}]) {
    const { threadId, runId } = await startedThread(server);
    const path = `/v1/threads/${threadId}/cancel`;
    const answer = await server.request("POST", path, { key, body });
    assert.equal(answer.status, 200, answer.bytes.toString());
    assert.equal(answer.body.data.runId, runId);
    assert.equal(answer.body.data.thread.status, "idle");
    assert.equal(answer.body.data.sequence, 2);
  }
  const { threadId } = await startedThread(server);
  const path = `/v1/threads/${threadId}/cancel`;
  const answer = await server.request("POST", path, { key, body: { reason: "x" } });
  assert.equal(answer.status, 400);
});

test("WIRE5 unknown fields at the top of a body are refused and named", async () => {
  const answer = await create({ colour: "red" });
  assert.equal(answer.status, 400);
  assert.match(answer.body.error.message, /"colour"/);
  assert.equal((await create('{"__proto__":{"title":"x"}}')).status, 400);
  const { threadId, runId } = newIds();
  const published = await publish(server, { threadId, runId, events: [], colour: 1 } as never);
  assert.equal(published.body.error.code, "INVALID_FRAME");
});

test("WIRE5 wrong types are refused, none is coerced", async () => {
  for (const body of [
    { id: 1 },
    { id: "run_x" },
    { title: 1 },
    { title: "" },
    { title: "x".repeat(201) },
    { executionMode: "moon" },
    { metadata: [] },
    { metadata: "x" },
    { parentThreadId: "x" },
    { parentToolCallId: "x".repeat(257) },
  ]) {
    const answer = await create(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(answer.body.error.code, "INVALID_REQUEST");
    assert.equal(typeof answer.body.error.details.path, "string");
  }
});

test("WIRE6 a body of up to 8 MiB is taken, a larger one is 413", async () => {
  const { threadId, runId } = await startedThread(server);
  const fitting = { threadId, runId, ...message("x".repeat(8 * 1024 * 1024 - 200)) };
  const key = server.keys.owner;
  const taken = await server.request("POST", "/v1/thread-events", { key, body: fitting });
  assert.equal(taken.status, 200);
  const large = "x".repeat(9 * 1024 * 1024);
  const refused = await create(`{"title":"${large}"}`);
  assert.equal(refused.status, 413);
  assert.equal(refused.body.error.code, "BODY_TOO_LARGE");
});

test("WIRE6 a body beyond 64 MiB ends the exchange with 413 or a cut connection", async () => {
  const answer = await create(Buffer.alloc(70 * 1024 * 1024, "x")).catch((error) => error.code);
  if (typeof answer === "string") assert.match(answer, /ECONNRESET|EPIPE/);
  else assert.equal(answer.status, 413);
  assert.equal((await server.request("GET", "/healthz")).status, 200);
});

test("WIRE6 WIRE9 a large body behind a refused credential is read on, so that the 401 is seen", async () => {
  const body = Buffer.alloc(20 * 1024 * 1024, "x");
  const answer = await server.request("POST", "/v1/threads", { body });
  assert.equal(answer.status, 401);
});

test("WIRE7 __proto__, NUL, lone surrogates and long numbers come back as they were sent", async () => {
  const { threadId, runId } = await startedThread(server);
  const payload =
    '{"content":"a\\u0000b \\ud800 \\udc00x","__proto__":{"x":1},"n":[0.1,1e21,-0,9007199254740993]}';
  const body = `{"threadId":"${threadId}","runId":"${runId}","type":"user_message","payload":${payload}}`;
  const key = server.keys.owner;
  const answer = await server.request("POST", "/v1/thread-events", { key, body });
  assert.equal(answer.status, 200);
  const path = `/v1/threads/${threadId}/events?order=desc&limit=1`;
  const read = await server.request("GET", path, { key });
  const text = read.bytes.toString("utf8");
  assert.ok(text.includes('"content":"a\\u0000b \\ud800 \\udc00x"'));
  assert.ok(text.includes('"__proto__":{"x":1}'));
  assert.ok(text.includes('"n":[0.1,1e+21,0,9007199254740992]'));
});

test("WIRE7 __proto__ in metadata is kept", async () => {
  const created = await create('{"metadata":{"__proto__":{"a":1},"b":2}}');
  assert.equal(created.status, 201);
  const { thread } = created.body.data;
  const read = await server.request("GET", `/v1/threads/${thread.id}`, { key: server.keys.owner });
  assert.ok(read.bytes.toString().includes('"metadata":{"__proto__":{"a":1},"b":2}'));
});

test("WIRE7 a number beyond a double is refused", async () => {
  assert.equal((await create('{"metadata":{"n":1e400}}')).status, 400);
  const { threadId, runId } = await startedThread(server);
  const body = `{"threadId":"${threadId}","runId":"${runId}","type":"custom","payload":{"name":"x","data":-1e400}}`;
  const answer = await server.request("POST", "/v1/thread-events", {
    key: server.keys.owner,
    body,
  });
  assert.equal(answer.body.error.code, "INVALID_FRAME");
});

test("WIRE8 128 levels come through, 129 and 100,000 are refused", async () => {
  const { threadId, runId } = await startedThread(server);
  const key = server.keys.owner;
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const custom = (levels: number) =>
    `{"threadId":"${threadId}","runId":"${runId}","type":"custom","payload":{"name":"x","data":${nested(levels)}}}`;
  const send = (body: string) => server.request("POST", "/v1/thread-events", { key, body });
  assert.equal((await send(custom(127))).status, 200);
  assert.equal(JSON.stringify((await lastPayload(threadId)).data), nested(127));
  for (const levels of [128, 100_000]) {
    const answer = await send(custom(levels));
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, "INVALID_FRAME");
  }
  for (const levels of [128, 100_000]) {
    const answer = await create(`{"metadata":{"deep":${nested(levels)}}}`);
    assert.equal(answer.status, 400);
  }
  assert.equal((await create(`{"metadata":{"deep":${nested(127)}}}`)).status, 201);
});

test("REST8 metadata is at most 16 KiB as JSON", async () => {
  const metadata = (bytes: number) => ({ metadata: { a: "x".repeat(bytes - 8) } });
  assert.equal((await create(metadata(16 * 1024))).status, 201);
  assert.equal((await create(metadata(16 * 1024 + 1))).status, 400);
});

test("THR3 a title is text: half a surrogate pair or NUL is refused", async () => {
  assert.equal((await create('{"title":"\\ud800"}')).status, 400);
  assert.equal((await create('{"title":"a\\u0000"}')).status, 400);
  const emoji = await create({ title: "😀".repeat(200) });
  assert.equal(emoji.status, 201);
});

test("WIRE6 a body sent in pieces is one body", async () => {
  const { threadId, runId } = newIds();
  const body = JSON.stringify({ threadId, runId, ...runStarted() });
  const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join("");
  const answer = await server.exchange(
    "POST /v1/thread-events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
      `X-API-Key: ${server.keys.owner}\r\nContent-Type: application/json\r\n` +
      `Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 200 /);
});
