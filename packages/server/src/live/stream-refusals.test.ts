/** Upgrades that are refused, in plain HTTP, and the ways a credential may come with one. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { publish, runStarted, startedThread } from "../testing/published-threads.ts";
import { startTestServer, type TestResponse, type TestServer } from "../testing/test-server.ts";
import { watch } from "../testing/test-watcher.ts";
import { openSockets } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

const handshake = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** Asks for an upgrade that is expected to be refused. */
function upgrade(path: string, headers: Record<string, string | string[]>): Promise<TestResponse> {
  return server.request("GET", path, { headers: { ...handshake, ...headers } });
}

function eventsPath(threadId: string, query = ""): string {
  return `/v1/threads/${threadId}/events${query}`;
}

function withKey(key = server.keys.owner) {
  return { "X-API-Key": key };
}

/** Plain HTTP and the envelope; nothing was opened. */
async function assertRefused(answer: TestResponse, status: number, code: string): Promise<void> {
  assert.equal(answer.status, status, answer.bytes.toString());
  assert.equal(answer.body.error.code, code);
  assert.ok(answer.body.error.message.length > 10);
  assert.equal(answer.headers["content-type"], "application/json");
  assert.equal(answer.headers["x-request-id"], answer.body.error.requestId);
  assert.equal(answer.headers.upgrade, undefined);
  assert.equal(answer.headers["referrer-policy"], "no-referrer");
  assert.equal(await openSockets(server), 0);
}

async function sessionToken(scopes = ["agent:read"]): Promise<string> {
  const { owner } = server.keys;
  const answer = await server.request("POST", "/v1/session-tokens", {
    key: owner,
    body: { scopes },
  });
  assert.equal(answer.status, 201);
  return answer.body.data.token;
}

test("LIVE13 AUTH2 AUTH4 without a credential, or with a bad one, there is no upgrade", async () => {
  const { threadId } = await startedThread(server);
  const path = eventsPath(threadId);
  await assertRefused(await upgrade(path, {}), 401, "UNAUTHENTICATED");
  const { owner } = server.keys;
  const wrongKey = `${owner.slice(0, -1)}${owner.endsWith("a") ? "b" : "a"}`;
  const token = await sessionToken();
  const badToken = `${token.slice(0, -6)}AAAAAA`;
  const expired = server.makeKey({ expiresAt: Date.now() - 1_000 });
  const bad = [
    await upgrade(path, withKey(wrongKey)),
    await upgrade(path, withKey(expired)),
    await upgrade(path, { Authorization: "Bearer nonsense" }),
    await upgrade(path, { Authorization: `Bearer ${badToken}` }),
    await upgrade(eventsPath(threadId, `?api_key=${wrongKey}`), {}),
    await upgrade(eventsPath(threadId, "?token=a.b.c"), {}),
    await upgrade(path, { "Sec-WebSocket-Protocol": `spool, bearer.${badToken}` }),
  ];
  for (const answer of bad) await assertRefused(answer, 401, "INVALID_CREDENTIALS");
  const words = new Set(bad.map(({ body }) => body.error.message));
  assert.equal(words.size, 1, "the same words for each");
});

test("LIVE13 AUTH3 two credentials are refused, wherever they stand and even when they are the same", async () => {
  const { threadId } = await startedThread(server);
  const { owner } = server.keys;
  const token = await sessionToken();
  const protocol = { "Sec-WebSocket-Protocol": `spool, bearer.${token}` };
  const pairs: [string, Record<string, string>][] = [
    [`?api_key=${owner}`, withKey()],
    [`?token=${token}`, withKey()],
    [`?api_key=${owner}&token=${token}`, {}],
    [`?api_key=${owner}&api_key=${owner}`, {}],
    [`?token=${token}`, protocol],
    [`?token=${token}`, { Authorization: `Bearer ${token}` }],
    ["", { ...withKey(), Authorization: `Bearer ${owner}` }],
    ["", { ...withKey(), ...protocol }],
    ["", { "Sec-WebSocket-Protocol": `spool, bearer.${token}, bearer.${token}` }],
  ];
  for (const [query, headers] of pairs) {
    const answer = await upgrade(eventsPath(threadId, query), headers);
    await assertRefused(answer, 400, "AMBIGUOUS_CREDENTIALS");
  }
});

test("LIVE13 AUTH6 internal headers are refused before anything else", async () => {
  const answer = await upgrade(eventsPath("nonsense", "?colour=red"), { "X-Internal-Token": "x" });
  await assertRefused(answer, 403, "INTERNAL_AUTH_REFUSED");
});

test("LIVE13 AUTH14 watching needs agent:read", async () => {
  const { threadId } = await startedThread(server);
  const answer = await upgrade(eventsPath(threadId), withKey(server.keys.runner));
  await assertRefused(answer, 403, "INSUFFICIENT_SCOPE");
  assert.deepEqual(answer.body.error.details.required, "agent:read");
  const token = await sessionToken(["agent:run"]);
  const byToken = await upgrade(eventsPath(threadId, `?token=${token}`), {});
  await assertRefused(byToken, 403, "INSUFFICIENT_SCOPE");
});

test("LIVE13 WIRE13 an id that is none is 400", async () => {
  for (const id of ["x", "thr_", `thr_${"a".repeat(65)}`, "thr_a%00", "thr_%zz", "thr_ä"]) {
    const answer = await upgrade(eventsPath(encodeURI(id).replaceAll("%25", "%")), withKey());
    await assertRefused(answer, 400, "INVALID_REQUEST");
  }
});

test("LIVE13 ORG1 ORG3 a missing thread, another member's and another org's are the same 404", async () => {
  const { threadId } = await startedThread(server);
  const gone = await startedThread(server);
  const path = `/v1/threads/${gone.threadId}?force=true`;
  await server.request("DELETE", path, { key: server.keys.owner });
  const theirs = { key: server.keys.other, threadId: "thr_theirs", runId: "run_theirs" };
  await publish(server, { ...theirs, events: [runStarted()] });
  const answers = [
    await upgrade(eventsPath("thr_missing"), withKey()),
    await upgrade(eventsPath(threadId), withKey(server.keys.member)),
    await upgrade(eventsPath(threadId), withKey(server.keys.other)),
    await upgrade(eventsPath("thr_theirs"), withKey()),
    await upgrade(eventsPath("thr_theirs"), withKey(server.keys.admin)),
    await upgrade(eventsPath(gone.threadId), withKey()),
  ];
  const texts = new Set<string>();
  for (const answer of answers) {
    await assertRefused(answer, 404, "THREAD_NOT_FOUND");
    texts.add(answer.body.error.message.replaceAll(/thr_\w+/g, "thr_"));
  }
  assert.equal(texts.size, 1);
});

test("LIVE13 WIRE10 a parameter that is unknown, repeated or has another value is 400", async () => {
  const { threadId } = await startedThread(server);
  for (const query of [
    "?colour=red",
    "?limit=5",
    "?transient=no",
    "?transient=",
    "?include=some",
    "?include=all_rollouts&include=all_rollouts",
    "?after=1&after=1",
    "?__proto__=1",
  ]) {
    const answer = await upgrade(eventsPath(threadId, query), withKey());
    await assertRefused(answer, 400, "INVALID_REQUEST");
  }
});

test("LIVE13 WIRE14 an after that is no sequence and no position is 400", async () => {
  const { threadId } = await startedThread(server);
  for (const after of ["", "x", "-1", "1.5", "01", "1.1A2B3C4D", "1.1a2b3c4", "1e3", "%201"]) {
    const answer = await upgrade(eventsPath(threadId, `?after=${after}`), withKey());
    await assertRefused(answer, 400, "INVALID_CURSOR");
  }
});

/** Asks for an upgrade of a path exactly as written; gives the status and the error's code. */
async function upgradeRaw(path: string): Promise<string> {
  const headers = { Host: "a", ...withKey(), ...handshake };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const answer = await server.exchange(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const { error } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")));
  return `${answer.split(" ")[1]} ${error.code}`;
}

test("LIVE13 ERR3 a WebSocket on another path is 404", async () => {
  const paths = ["/", "/v1/threads", "/v1/threads/thr_a", "/healthz", "/v1/nothing", "*"];
  for (const path of paths) assert.equal(await upgradeRaw(path), "404 NOT_FOUND", path);
});

test("LIVE13 ERR3 a path is taken as written, not as an address to be resolved", async () => {
  const { threadId } = await startedThread(server);
  const events = eventsPath(threadId);
  for (const path of ["//", "//[", `/x/..${events}`, `//a${events}`]) {
    assert.equal(await upgradeRaw(path), "404 NOT_FOUND", path);
  }
  assert.equal(await upgradeRaw(eventsPath("%2e%2e")), "400 INVALID_REQUEST");
});

test("LIVE13 WIRE9 credential, scope, id, query, thread: the first that fails answers", async () => {
  const { runner, owner } = server.keys;
  const all = eventsPath("nonsense", "?colour=red");
  assert.equal((await upgrade(all, {})).status, 401);
  assert.equal((await upgrade(all, withKey(runner))).status, 403);
  assert.equal((await upgrade(all, withKey(owner))).status, 400);
  const query = await upgrade(eventsPath("thr_missing", "?colour=red"), withKey(owner));
  await assertRefused(query, 400, "INVALID_REQUEST");
});

test("LIVE13 a handshake of another version or without a proper key is refused", async () => {
  const { threadId } = await startedThread(server);
  const path = eventsPath(threadId);
  const versions = await upgrade(path, { ...withKey(), "Sec-WebSocket-Version": "7" });
  assert.ok(versions.status === 400 || versions.status === 426, String(versions.status));
  const keyless = await upgrade(path, { ...withKey(), "Sec-WebSocket-Key": "short" });
  assert.equal(keyless.status, 400);
  assert.equal(await openSockets(server), 0);
});

test("LIVE13 a request that offers HTTP/2 as an upgrade is answered as if it had not", async () => {
  const { threadId } = await startedThread(server);
  const headers = {
    Connection: "Upgrade, HTTP2-Settings",
    Upgrade: "h2c",
    "HTTP2-Settings": "AAMAAABkAAQCAAAAAAIAAAAA",
  };
  const key = server.keys.owner;
  const read = await server.request("GET", `/v1/threads/${threadId}`, { key, headers });
  assert.equal(read.status, 200);
  const body = { title: "By a client that would rather speak HTTP/2" };
  const written = await server.request("POST", "/v1/threads", { key, headers, body });
  assert.equal(written.status, 201);
});

test("AUTH1 every way to send a credential with the upgrade opens the stream", async () => {
  const { threadId } = await startedThread(server);
  const { owner } = server.keys;
  const token = await sessionToken();
  const ways = [
    { key: owner },
    { headers: { Authorization: `Bearer ${owner}` } },
    { query: { api_key: owner } },
    { headers: { Authorization: `Bearer ${token}` } },
    { query: { token } },
    { protocols: ["spool", `bearer.${token}`] },
    { protocols: [`bearer.${token}`, "spool"] },
    { key: owner, protocols: ["spool"] },
  ];
  for (const way of ways) {
    const watcher = await watch(server, { threadId, ...way });
    assert.equal(watcher.snapshot.access, "owner");
    const expected = "protocols" in way ? "spool" : "";
    assert.equal(watcher.socket.protocol, expected, "a credential is never echoed");
    await watcher.leave();
  }
});
