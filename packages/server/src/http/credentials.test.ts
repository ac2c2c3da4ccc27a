/** Credentials as REST takes and refuses them, keys and tokens over HTTP (AUTH). */
import { strict as assert } from "node:assert";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import type { Log } from "../ops/log.ts";
import { newIds } from "../testing/published-threads.ts";
import { startTestServer, type TestResponse, type TestServer } from "../testing/test-server.ts";

const issuer = "https://idp.example";
const pair = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const logged: string[] = [];
const log: Log = {
  debugs: true,
  debug: (fields, message) => logged.push(JSON.stringify({ ...fields, message })),
  info: (fields, message) => logged.push(JSON.stringify({ ...fields, message })),
  warn: (fields, message) => logged.push(JSON.stringify({ ...fields, message })),
  error: (fields, message) => logged.push(JSON.stringify({ ...fields, message })),
};

let provider: Server;
let server: TestServer;

before(async () => {
  const jwk = { ...pair.publicKey.export({ format: "jwk" }), kid: "k1", alg: "RS256", use: "sig" };
  provider = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  const { port } = provider.address() as AddressInfo;
  server = await startTestServer({
    flags: {
      jwksUrl: `http://127.0.0.1:${port}/`,
      jwtIssuer: issuer,
      jwtAudience: "spool",
      jwtClaimUser: "email",
    },
    log,
  });
});
after(async () => {
  await server.close();
  provider.close();
});

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function token(claims: object, header: object = {}, key: KeyObject = pair.privateKey): string {
  const all = {
    iss: issuer,
    aud: "spool",
    exp: Math.floor(Date.now() / 1_000) + 300,
    email: "olivia",
    org_id: "acme",
    scope: "agent:read agent:run",
    ...claims,
  };
  const signed = `${base64({ alg: "RS256", typ: "JWT", kid: "k1", ...header })}.${base64(all)}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

function bearer(secret: string) {
  return { headers: { Authorization: `Bearer ${secret}` } };
}

function me(more: Parameters<TestServer["request"]>[2]): Promise<TestResponse> {
  return server.request("GET", "/v1/me", more);
}

async function minted(key: string, body: object = {}): Promise<string> {
  const answer = await server.request("POST", "/v1/session-tokens", { key, body });
  assert.equal(answer.status, 201, answer.bytes.toString());
  return answer.body.data.token;
}

test("AUTH1 a key is taken as X-API-Key and as Bearer, a token as Bearer", async () => {
  const { owner } = server.keys;
  assert.equal((await me({ key: owner })).status, 200);
  assert.equal((await me(bearer(owner))).status, 200);
  const answer = await me(bearer(await minted(owner)));
  assert.equal(answer.status, 200);
  assert.equal(answer.body.data.credential.type, "session_token");
});

test("AUTH2 no credential is 401 UNAUTHENTICATED on every route but the open ones", async () => {
  for (const [method, path] of [
    ["GET", "/v1/threads"],
    ["POST", "/v1/thread-events"],
    ["GET", "/v1/api-keys"],
    ["GET", "/v1/threads/thr_a/rollouts/rol_a.jsonl"],
  ] as const) {
    const answer = await server.request(method, path);
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error.code, "UNAUTHENTICATED");
    assert.equal(answer.headers["www-authenticate"], "Bearer");
  }
  for (const path of [
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/.well-known/jwks.json",
  ]) {
    assert.equal((await server.request("GET", path)).status, 200, path);
  }
});

test("AUTH3 several credentials, or one in the query, are 400 AMBIGUOUS_CREDENTIALS", async () => {
  const { owner } = server.keys;
  const both = { key: owner, ...bearer(owner) };
  const answers = [
    await me(both),
    await me({ headers: { "X-API-Key": [owner, owner] } }),
    await server.request("GET", `/v1/me?api_key=${owner}`),
    await server.request("GET", "/v1/threads?token=x", { key: owner }),
    await server.request("GET", `/healthz?api_key=${owner}`),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, "AMBIGUOUS_CREDENTIALS");
  }
});

test("AUTH4 unknown, expired, revoked and badly signed are told in the same words", async () => {
  const { owner } = server.keys;
  const expired = server.makeKey({ expiresAt: Date.now() - 1 });
  const made = await server.request("POST", "/v1/api-keys", { key: owner, body: {} });
  const { id, key: revoked } = made.body.data;
  assert.equal((await server.request("DELETE", `/v1/api-keys/${id}`, { key: owner })).status, 204);
  const own = await minted(owner);
  const other = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  const answers = await Promise.all(
    [
      "rt_live_unknown",
      expired,
      revoked,
      "",
      "a.b.c",
      `${own.slice(0, -4)}AAAA`,
      token({ exp: 1 }),
      token({}, {}, other),
      token({ iss: "https://else.example" }),
      token({ aud: "else" }),
    ].map((secret) => me(bearer(secret))),
  );
  const messages = new Set(answers.map(({ body }) => body.error.message));
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.error.code]),
    answers.map(() => [401, "INVALID_CREDENTIALS"]),
  );
  assert.equal(messages.size, 1);
});

test("AUTH5 AUTH13 claims become org, user, role and scopes; a bad org is 401", async () => {
  const answer = await me(bearer(token({ role: "admin", jti: "t1" })));
  assert.deepEqual(
    { ...answer.body.data, credential: { ...answer.body.data.credential, expiresAt: "" } },
    {
      orgId: "acme",
      userId: "olivia",
      role: "admin",
      scopes: ["agent:read", "agent:run"],
      credential: { type: "session_token", id: "t1", expiresAt: "" },
    },
  );
  const plain = await me(bearer(token({ scope: ["agent:read", "else"] })));
  assert.equal(plain.body.data.role, "member");
  assert.deepEqual(plain.body.data.scopes, ["agent:read"]);
  for (const claims of [
    { org_id: "a b" },
    { org_id: "" },
    { email: "" },
    { email: "x".repeat(257) },
  ]) {
    assert.equal((await me(bearer(token(claims)))).status, 401);
  }
});

test("AUTH6 an X-Internal header is refused before anything else is looked at", async () => {
  const headers = { "X-Internal-Anything": "1" };
  for (const path of ["/v1/me", "/v1/threads/bad id", "/v1/nothing"]) {
    const answer = await server.request("GET", encodeURI(path), { headers });
    assert.equal(answer.status, 403, path);
    assert.equal(answer.body.error.code, "INTERNAL_AUTH_REFUSED");
  }
  assert.equal((await server.request("GET", "/healthz", { headers })).status, 200);
});

test("AUTH9 AUTH11 a token has at most its key's scopes, dies with it, and mints no other", async () => {
  const { owner, reader } = server.keys;
  const wider = { key: reader, body: { scopes: ["agent:run"] } };
  assert.equal((await server.request("POST", "/v1/session-tokens", wider)).status, 403);
  for (const ttlSeconds of [59, 3_601, 60.5, "900"]) {
    const answer = await server.request("POST", "/v1/session-tokens", {
      key: owner,
      body: { ttlSeconds },
    });
    assert.equal(answer.status, 400);
  }
  const made = await server.request("POST", "/v1/api-keys", { key: owner, body: {} });
  const session = await minted(made.body.data.key, { ttlSeconds: 60, scopes: ["agent:read"] });
  const narrow = await server.request("POST", "/v1/threads", { ...bearer(session), body: {} });
  assert.equal(narrow.status, 403);
  const again = await server.request("POST", "/v1/session-tokens", {
    ...bearer(session),
    body: {},
  });
  assert.equal(again.body.error.code, "INSUFFICIENT_SCOPE");
  const path = `/v1/api-keys/${made.body.data.id}`;
  await server.request("DELETE", path, { key: owner });
  assert.equal((await me(bearer(session))).status, 401);
});

test("AUTH10 the server's tokens carry kid and issuer, its public keys are served", async () => {
  const session = await minted(server.keys.owner);
  const [header, claims] = session.split(".").map((part) => {
    try {
      return JSON.parse(Buffer.from(part, "base64url").toString());
    } catch {
      return null; // the signature is no JSON
    }
  });
  assert.equal(header.alg, "EdDSA");
  assert.match(claims.iss, /^spool:[\w-]+$/);
  const { body } = await server.request("GET", "/.well-known/jwks.json");
  const found = body.keys.find(({ kid }: { kid: string }) => kid === header.kid);
  assert.equal(found.crv, "Ed25519");
  assert.equal("d" in found, false);
});

test("AUTH12 symmetric algorithms, none, and tokens out of time are refused; 60 s of skew are not", async () => {
  const now = Math.floor(Date.now() / 1_000);
  const unsigned = token({}, { alg: "none" }).replace(/\.[^.]*$/, ".");
  const signed = `${base64({ alg: "HS256", kid: "k1" })}.${base64({ iss: issuer, aud: "spool" })}`;
  const pem = pair.publicKey.export({ type: "spki", format: "pem" });
  const symmetric = `${signed}.${createHmac("sha256", pem).update(signed).digest("base64url")}`;
  for (const bad of [unsigned, symmetric, token({ exp: now - 90 }), token({ nbf: now + 90 })]) {
    assert.equal((await me(bearer(bad))).status, 401);
  }
  assert.equal((await me(bearer(token({ exp: now - 30, nbf: now + 30 })))).status, 200);
});

test("AUTH14 scopes open what they name: run is not read, agent:* is both", async () => {
  const { reader, runner, owner } = server.keys;
  const create = (key: string) => server.request("POST", "/v1/threads", { key, body: {} });
  const list = (key: string) => server.request("GET", "/v1/threads", { key });
  assert.equal((await list(reader)).status, 200);
  assert.equal((await create(runner)).status, 201);
  assert.equal((await create(owner)).status, 201);
  assert.equal((await list(owner)).status, 200);
  const refused = await list(runner);
  assert.equal(refused.status, 403);
  assert.equal(refused.body.error.code, "INSUFFICIENT_SCOPE");
  assert.deepEqual(refused.body.error.details, { required: "agent:read" });
  assert.deepEqual((await create(reader)).body.error.details, { required: "agent:run" });
});

test("AUTH15 a made key has what was asked for, else the maker's, and never more", async () => {
  const { owner, admin, reader } = server.keys;
  const make = (key: string, body: object) => server.request("POST", "/v1/api-keys", { key, body });
  const plain = await make(owner, {});
  assert.equal(plain.status, 201);
  assert.match(plain.body.data.key, /^rt_live_[\w-]{43}$/);
  assert.deepEqual(Object.keys(plain.body.data), [
    ...["id", "key", "name", "scopes", "role", "expiresAt", "createdAt"],
  ]);
  assert.deepEqual(plain.body.data.scopes, ["agent:*"]);
  const given = {
    name: "ci",
    scopes: ["agent:read"],
    label: "test",
    expiresAt: "2999-01-01T00:00:00Z",
  };
  const named = await make(admin, { ...given, role: "member" });
  assert.match(named.body.data.key, /^rt_test_/);
  assert.equal(named.body.data.expiresAt, "2999-01-01T00:00:00.000Z");
  assert.equal(
    (await make(reader, { scopes: ["agent:run"] })).body.error.code,
    "INSUFFICIENT_SCOPE",
  );
  assert.equal((await make(owner, { role: "admin" })).body.error.code, "INSUFFICIENT_SCOPE");
  assert.equal((await make(owner, { scopes: ["else"] })).status, 400);
  assert.equal((await make(owner, { name: "a\0" })).status, 400);
});

test("AUTH16 keys are listed without secrets, paged, one's own; an admin's list is the org's", async () => {
  const { owner, admin, other } = server.keys;
  for (let count = 0; count < 3; count += 1) {
    await server.request("POST", "/v1/api-keys", { key: other, body: {} });
  }
  const first = await server.request("GET", "/v1/api-keys?limit=2", { key: other });
  assert.equal(first.body.data.keys.length, 2);
  assert.equal(first.body.meta.hasMore, true);
  const next = `/v1/api-keys?cursor=${first.body.meta.nextCursor}`;
  const second = await server.request("GET", next, { key: other });
  assert.equal(second.body.data.keys.length, 2);
  assert.equal(second.body.meta.nextCursor, null);
  assert.equal(
    (await server.request("GET", next, { key: owner })).body.error.code,
    "INVALID_CURSOR",
  );
  const text = first.bytes.toString();
  assert.doesNotMatch(text, /rt_(live|test)_|hash/);
  const own = await server.request("GET", "/v1/api-keys", { key: owner });
  assert.ok(own.body.data.keys.every(({ userId }: { userId: string }) => userId === "olivia"));
  const all = await server.request("GET", "/v1/api-keys", { key: admin });
  const users = new Set(all.body.data.keys.map(({ userId }: { userId: string }) => userId));
  assert.deepEqual([...users].toSorted(), ["ada", "mark", "olivia"]);
});

test("AUTH16 a revoked key is refused at its next use; another's cannot be revoked", async () => {
  const { owner, member } = server.keys;
  const made = await server.request("POST", "/v1/api-keys", { key: owner, body: {} });
  const { id, key } = made.body.data;
  const path = `/v1/api-keys/${id}`;
  assert.equal((await server.request("DELETE", path, { key: member })).status, 404);
  assert.equal((await me({ key })).status, 200);
  assert.equal((await server.request("DELETE", path, { key: owner })).status, 204);
  assert.equal((await me({ key })).status, 401);
});

test("AUTH17 no credential reaches a log, an error or a metric", async () => {
  const { owner } = server.keys;
  const { threadId } = newIds();
  const secret = await minted(owner);
  const answers = [
    await server.request("GET", `/v1/threads?api_key=${owner}`),
    await server.request("GET", `/v1/threads/${threadId}?token=${secret}`),
    await server.request("GET", `/v1/threads?${owner}=1`, { key: owner }),
    await server.request("GET", `/${owner}`),
    await server.request("POST", "/v1/thread-events", {
      key: owner,
      body: { threadId, runId: null, type: owner, payload: {} },
    }),
    await server.request("GET", "/metrics"),
  ];
  const shown = [...answers.map(({ bytes }) => bytes.toString()), ...logged].join("\n");
  assert.ok(logged.length > 20);
  for (const part of [owner, secret]) assert.equal(shown.includes(part), false);
});

test("AUTH18 GET /v1/me tells the caller, whatever the scopes", async () => {
  const answer = await me({ key: server.keys.runner });
  const { credential, signIns, ...rest } = answer.body.data;
  assert.deepEqual(signIns, []);
  assert.deepEqual(rest, {
    orgId: "acme",
    userId: "olivia",
    role: "member",
    scopes: ["agent:run"],
  });
  assert.match(credential.id, /^key_/);
  assert.deepEqual({ ...credential, id: "" }, { type: "api_key", id: "", expiresAt: null });
});
