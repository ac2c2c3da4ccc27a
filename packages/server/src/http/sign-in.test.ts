/** Signing a browser in and out over HTTP: what the cookie is, opens, and ends with (AUTH). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { newIds, publish, runStarted } from "../testing/published-threads.ts";
import { browserOf, signIn, trySignIn } from "../testing/signed-in.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { watch } from "../testing/test-watcher.ts";

const clock = new FakeClock(Date.now());
let server: TestServer;
before(async () => {
  server = await startTestServer({ accountsNow: clock.now, flags: { heartbeatSeconds: "1" } });
});
after(() => server.close());

async function newKey(more: object = {}): Promise<{ id: string; key: string }> {
  const answer = await server.request("POST", "/v1/api-keys", {
    key: server.keys.owner,
    body: more,
  });
  assert.equal(answer.status, 201, answer.bytes.toString());
  return answer.body.data;
}

function bearer(token: string) {
  return { headers: { Authorization: `Bearer ${token}` } };
}

test("AUTH20 a key signs in: 204 and a cookie that no script and no other site can use", async () => {
  const { setCookie, request } = await signIn(server);
  assert.match(
    setCookie,
    /^spool_session=rt_signin_[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  const { status, body } = await request("GET", "/v1/me");
  assert.equal(status, 200);
  const { credential, signIns, ...who } = body.data;
  assert.deepEqual(who, {
    orgId: "acme",
    userId: "olivia",
    role: "member",
    scopes: ["agent:*"],
  });
  assert.equal(credential.type, "sign_in");
  assert.equal(credential.id, signIns[0].id);
  assert.equal(Date.parse(credential.expiresAt), clock.time + 7 * 24 * 3_600_000);
});

test("AUTH20 the cookie ends with its key where that is sooner", async () => {
  const { key } = await newKey({ expiresAt: new Date(clock.time + 90_000).toISOString() });
  const { setCookie } = await signIn(server, key);
  assert.match(setCookie, /Max-Age=90;/);
});

test("AUTH20 Secure where the server's own origin is https", async () => {
  const origin = "https://spool.example";
  const behind = await startTestServer({ flags: { publicUrl: `${origin}/` } });
  try {
    const body = { key: behind.keys.owner };
    const answer = await trySignIn(behind, body, { headers: { Origin: origin } });
    assert.match(browserOf(behind, answer).setCookie, /; SameSite=Strict; Secure$/);
    const elsewhere = await trySignIn(behind, body);
    assert.equal(elsewhere.status, 400);
    assert.match(elsewhere.body.error.message, /https:\/\/spool\.example/);
  } finally {
    await behind.close();
  }
});

test("AUTH20 a body that is not one key or one code is refused", async () => {
  const { owner: key } = server.keys;
  for (const body of [
    {},
    { key, code: "x" },
    { key: 1 },
    { key: "" },
    { key, more: 1 },
    { code: null },
  ]) {
    assert.equal((await trySignIn(server, body)).status, 400, JSON.stringify(body));
  }
  for (const body of [
    "",
    "key=x",
    "[]",
    '"x"',
    `{"key":"${"x".repeat(300)}"}`,
    '{"code":"\\ud800"}',
  ]) {
    assert.equal((await trySignIn(server, body)).status, 400, body);
  }
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const answer = await trySignIn(server, `key=${key}`, { headers: form });
  assert.equal(answer.status, 415);
  assert.equal((await server.request("GET", "/v1/sign-in")).status, 405);
});

test("AUTH22 a code signs in once, in words of AUTH4 ever after", async () => {
  const code = server.newSignInCode();
  const answers = await Promise.all([1, 2, 3, 4].map(() => trySignIn(server, { code })));
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [204, 401, 401, 401]);
  const won = answers.find(({ status }) => status === 204);
  assert.ok(won !== undefined);
  const { body } = await browserOf(server, won).request("GET", "/v1/me");
  assert.deepEqual([body.data.orgId, body.data.userId], ["default", "admin"]);
  const replayed = await trySignIn(server, { code });
  const unknown = await server.request("GET", "/v1/me", bearer("rt_live_unknown"));
  assert.equal(replayed.status, 401);
  assert.equal(replayed.body.error.message, unknown.body.error.message);
  assert.equal(replayed.headers["set-cookie"], undefined);
});

test("AUTH22 a code is void after 10 minutes and after a restart", async () => {
  const [late, lost] = [server.newSignInCode(), server.newSignInCode()];
  clock.advance(600_000);
  assert.equal((await trySignIn(server, { code: late })).status, 401);
  await server.restart();
  assert.equal((await trySignIn(server, { code: lost })).status, 401);
  assert.equal((await trySignIn(server, { code: server.newSignInCode() })).status, 204);
  clock.advance(60_000);
});

test("AUTH21 the cookie mints tokens, which open the rest", async () => {
  const { request } = await signIn(server);
  const minted = await request("POST", "/v1/session-tokens", { body: { scopes: ["agent:read"] } });
  assert.equal(minted.status, 201);
  const { token } = minted.body.data;
  assert.equal((await server.request("GET", "/v1/threads", bearer(token))).status, 200);
  const made = await server.request("POST", "/v1/threads", { ...bearer(token), body: {} });
  assert.equal(made.body.error.code, "INSUFFICIENT_SCOPE");
  const wider = await request("POST", "/v1/session-tokens", { body: { scopes: ["*"] } });
  assert.equal(wider.body.error.code, "INSUFFICIENT_SCOPE");
  const again = await server.request("POST", "/v1/session-tokens", { ...bearer(token), body: {} });
  assert.equal(again.body.error.code, "INSUFFICIENT_SCOPE");
});

test("AUTH23 signing out ends the cookie and its tokens, and clears it", async () => {
  const browser = await signIn(server);
  const other = await signIn(server);
  const minted = await browser.request("POST", "/v1/session-tokens", { body: {} });
  const { token } = minted.body.data;
  assert.equal((await server.request("GET", "/v1/threads", bearer(token))).status, 200);
  const out = await browser.request("POST", "/v1/sign-out");
  assert.equal(out.status, 204);
  assert.deepEqual(out.headers["set-cookie"], [
    "spool_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict",
  ]);
  for (const answer of [
    await browser.request("GET", "/v1/me"),
    await browser.request("POST", "/v1/session-tokens", { body: {} }),
    await browser.request("POST", "/v1/sign-out"),
    await server.request("GET", "/v1/threads", bearer(token)),
  ]) {
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error.code, "INVALID_CREDENTIALS");
  }
  assert.equal((await other.request("GET", "/v1/me")).status, 200);
  const keyed = await server.request("POST", "/v1/sign-out", { key: server.keys.owner });
  assert.equal(keyed.status, 400);
});

test("AUTH23 a token of a sign-in may sign it out", async () => {
  const browser = await signIn(server);
  const { body } = await browser.request("POST", "/v1/session-tokens", { body: {} });
  const out = await server.request("POST", "/v1/sign-out", bearer(body.data.token));
  assert.equal(out.status, 204);
  assert.equal((await browser.request("GET", "/v1/me")).status, 401);
});

test("AUTH23 a revoked key ends its sign-ins and their tokens", async () => {
  const { id, key } = await newKey();
  const browser = await signIn(server, key);
  const { body } = await browser.request("POST", "/v1/session-tokens", { body: {} });
  await server.request("DELETE", `/v1/api-keys/${id}`, { key: server.keys.owner });
  assert.equal((await browser.request("GET", "/v1/me")).status, 401);
  const { token } = body.data;
  assert.equal((await server.request("GET", "/v1/threads", bearer(token))).status, 401);
  assert.equal((await trySignIn(server, { key })).status, 401);
});

test("AUTH23 after 7 days the cookie and its last token are refused", async () => {
  const browser = await signIn(server);
  clock.advance(7 * 24 * 3_600_000 - 30_000);
  const { body, status } = await browser.request("POST", "/v1/session-tokens", { body: {} });
  assert.equal(status, 201);
  assert.equal(Date.parse(body.data.expiresAt) <= clock.time + 30_000, true);
  clock.advance(30_000);
  assert.equal((await browser.request("GET", "/v1/me")).status, 401);
  const { token } = body.data;
  assert.equal((await server.request("GET", "/v1/threads", bearer(token))).status, 401);
});

test("AUTH23 an ended sign-in closes the live connections of its tokens", async () => {
  const ids = newIds();
  await publish(server, { ...ids, events: [runStarted()] });
  const browser = await signIn(server);
  const { body } = await browser.request("POST", "/v1/session-tokens", { body: {} });
  const watcher = await watch(server, {
    threadId: ids.threadId,
    headers: bearer(body.data.token).headers,
  });
  await browser.request("POST", "/v1/sign-out");
  const { code } = await watcher.untilClosed();
  assert.equal(code, 4401);
});

test("AUTH25 sign-ins are listed with their browser, and ended one by one", async () => {
  const { key } = { key: server.makeKey({ userId: "lea" }) };
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0";
  const named = { headers: { "User-Agent": firefox } };
  const first = browserOf(server, await trySignIn(server, { key }, named));
  clock.advance(1_000);
  const second = await signIn(server, key);
  const { body } = await second.request("GET", "/v1/me");
  const [newer, older, ...more] = body.data.signIns;
  assert.deepEqual(more, []);
  assert.deepEqual(Object.keys(newer), [
    ...["id", "createdAt", "lastUsedAt", "expiresAt", "userAgent", "current"],
  ]);
  assert.deepEqual([newer.current, older.current], [true, false]);
  assert.deepEqual([newer.userAgent, older.userAgent], [null, "Firefox 144 on Linux"]);
  assert.deepEqual([Date.parse(newer.lastUsedAt), older.lastUsedAt], [clock.time, null]);
  const listed = await server.request("GET", "/v1/me", { key });
  assert.deepEqual(
    listed.body.data.signIns.map((each: { current: boolean }) => each.current),
    [false, false],
  );
  const path = `/v1/me/sign-ins/${older.id}`;
  assert.equal((await server.request("DELETE", path, { key: server.keys.admin })).status, 404);
  assert.equal((await second.request("DELETE", path)).status, 204);
  assert.equal((await second.request("DELETE", path)).status, 404);
  assert.equal((await first.request("GET", "/v1/me")).status, 401);
  assert.equal((await second.request("DELETE", `/v1/me/sign-ins/${newer.id}`)).status, 204);
  assert.equal((await second.request("GET", "/v1/me")).status, 401);
});

test("AUTH20 a sign-in outlives a restart, its secret stands nowhere in what is served", async () => {
  const browser = await signIn(server);
  const { id } = (await browser.request("GET", "/v1/me")).body.data.credential;
  await server.restart();
  const { status, body, bytes } = await browser.request("GET", "/v1/me");
  assert.equal(status, 200);
  assert.equal(body.data.credential.id, id);
  assert.equal(bytes.includes(browser.cookie.split("=")[1] as string), false);
});

test("REST17 AUTH20 the description names the routes and the cookie", async () => {
  const { body } = await server.request("GET", "/openapi.json");
  const { paths, components } = body;
  assert.deepEqual(paths["/v1/sign-in"].post.security, []);
  assert.equal(components.securitySchemes.signIn.name, "spool_session");
  const cookieRoutes = Object.entries<Record<string, { security?: object[] }>>(paths)
    .filter(([, methods]) => JSON.stringify(methods).includes('signIn":[]'))
    .map(([path]) => path);
  assert.deepEqual(cookieRoutes.toSorted(), [
    ...["/v1/me", "/v1/me/sign-ins/{signInId}", "/v1/session-tokens", "/v1/sign-out"],
  ]);
  assert.equal(
    Object.keys(paths).some((path) => path === "/"),
    false,
  );
});
