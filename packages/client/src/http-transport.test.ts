/** Envelopes, refusals, credentials and everything that is no answer of Spool's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SpoolClient } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";
import { type HttpStep, startFaultServer } from "./testing/fault-server.ts";

const credential = { apiKey: "rt_test_x" };

/** What a call to a server with this script throws, and what was asked. */
async function failure(step: HttpStep, options: { timeoutMs?: number } = {}) {
  await using server = disposable(await startFaultServer({ http: [step] }));
  const client = new SpoolClient({ url: server.url, credential, ...options });
  const error = await client.account.me().then(
    () => assert.fail("answered"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof SpoolError);
  return error;
}

function disposable<T extends { close(): Promise<void> }>(server: T): T & AsyncDisposable {
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

test("WIRE2 a refusal is an error with code, status, request id, details and the time to wait", async () => {
  const error = await failure({
    status: 429,
    error: { code: "RATE_LIMITED", details: { limit: 5 } },
    headers: { "retry-after": "7" },
  });
  assert.deepEqual(
    [error.code, error.status, error.message, error.requestId, error.retryAfterSeconds],
    ["RATE_LIMITED", 429, "refused", "req_1", 7],
  );
  assert.deepEqual(error.details, { limit: 5 });
  assert.equal(error.mayPass, true);
});

test("WIRE2 a refusal for good says so", async () => {
  const error = await failure({ status: 404, error: { code: "THREAD_NOT_FOUND" } });
  assert.equal(error.mayPass, false);
  assert.equal(error.retryAfterSeconds, null);
});

test("a proxy's page is no answer of Spool's, and may pass with a 502", async () => {
  const error = await failure({ status: 502, raw: "<html>Bad Gateway</html>" });
  assert.deepEqual([error.code, error.status, error.mayPass], ["INVALID_ANSWER", 502, true]);
  assert.equal((await failure({ status: 200, raw: "hello" })).code, "INVALID_ANSWER");
  assert.equal((await failure({ status: 404, raw: "{}" })).mayPass, false);
});

test("a broken, refused or late connection is NO_ANSWER", async () => {
  assert.equal((await failure({ breaks: true })).code, "NO_ANSWER");
  const late = await failure({ hangs: true }, { timeoutMs: 30 });
  assert.match(late.message, /none within 0.03 s/);
  const client = new SpoolClient({ url: "http://127.0.0.1:9", credential });
  await assert.rejects(client.account.me(), { code: "NO_ANSWER", status: 0, mayPass: true });
});

test("a redirect is not followed: it would carry the key away", async () => {
  const error = await failure({ status: 302, headers: { location: "http://127.0.0.1:1/" } });
  assert.equal(error.code, "NO_ANSWER");
});

test("an abort throws the signal's reason", async () => {
  await using server = disposable(await startFaultServer({ http: [{ hangs: true }] }));
  const client = new SpoolClient({ url: server.url, credential });
  const stop = new AbortController();
  const asking = client.account.me({ signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(asking, /enough/);
});

test("AUTH1 a key goes as X-API-Key, a token as Bearer, fetched for each request", async () => {
  await using server = disposable(await startFaultServer({ http: [{ data: {} }] }));
  let tokens = 0;
  const token = async () => `jwt${++tokens}`;
  await new SpoolClient({ url: server.url, credential }).account.me();
  const client = new SpoolClient({ url: `${server.url}/below/`, credential: { token } });
  await client.account.me();
  await client.account.me();
  const sent = server.asked.map(({ headers }) => headers["x-api-key"] ?? headers.authorization);
  assert.deepEqual(sent, ["rt_test_x", "Bearer jwt1", "Bearer jwt2"]);
  assert.equal(server.asked[1]?.path, "/below/v1/me");
});

test("a token that cannot be had is NO_ANSWER, unless it says why itself", async () => {
  const failing = (error: Error) => {
    const token = () => Promise.reject(error);
    return new SpoolClient({ url: "http://127.0.0.1:9", credential: { token } }).account.me();
  };
  const passing = { code: "NO_ANSWER", mayPass: true, message: "no session token: offline" };
  await assert.rejects(failing(new TypeError("offline")), passing);
  const refused = new SpoolError("signed out", { code: "INVALID_CREDENTIALS", status: 401 });
  await assert.rejects(failing(refused), refused);
});

test("FIND9 a page of a search says whether it may have missed some", async () => {
  const headers = { "x-search-partial": "true" };
  const data = { threads: [] };
  await using server = disposable(await startFaultServer({ http: [{ data, headers }, { data }] }));
  const { threads } = new SpoolClient({ url: server.url, credential });
  assert.equal((await threads.list({ q: "word" })).isPartial, true);
  assert.equal((await threads.list({ q: "word" })).isPartial, false);
});

test("ids are encoded and undefined parameters left out", async () => {
  await using server = disposable(await startFaultServer({ http: [{ data: { events: [] } }] }));
  const client = new SpoolClient({ url: server.url, credential });
  await client.history.events("thr_../x?", { limit: 5, type: undefined, allRollouts: true });
  assert.equal(
    server.asked[0]?.path,
    "/v1/threads/thr_..%2Fx%3F/events?limit=5&include=all_rollouts",
  );
});
