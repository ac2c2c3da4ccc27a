/** What a hostile page, neighbour or guesser meets at the sign-in (AUTH17, AUTH21, AUTH24, AUTH26). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import type { Log } from "../ops/log.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { newIds } from "../testing/published-threads.ts";
import { type Browser, browserOf, signIn, trySignIn } from "../testing/signed-in.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

const clock = new FakeClock(Date.now());
const logged: string[] = [];
const note = (fields: object, message: string) => {
  logged.push(JSON.stringify({ ...fields, message }));
};
const log: Log = { debugs: true, debug: note, info: note, warn: note, error: note };
const allowed = "https://app.example";

let server: TestServer;
let browser: Browser;
before(async () => {
  server = await startTestServer({
    accountsNow: clock.now,
    log,
    flags: { corsOrigins: allowed, trustProxy: "127.0.0.9" },
  });
  browser = await signIn(server);
});
after(() => server.close());

/** The origins of pages that are not the server's own. */
function foreignOrigins(): string[] {
  return [
    ...["null", "http://evil.example", allowed, `http://localhost:${server.port}`],
    ...["http://127.0.0.1:1", `https://127.0.0.1:${server.port}`, "", `${server.url}.evil.example`],
  ];
}

test("AUTH21 from another origin's page, or a write without Origin, the cookie is ignored", async () => {
  const routes = [
    ["POST", "/v1/session-tokens"],
    ["POST", "/v1/sign-out"],
    ["GET", "/v1/me"],
    ["DELETE", "/v1/me/sign-ins/sin_x"],
  ] as const;
  for (const [method, path] of routes) {
    const body = method === "POST" ? { body: {} } : {};
    for (const Origin of foreignOrigins()) {
      const answer = await browser.request(method, path, { ...body, headers: { Origin } });
      assert.equal(answer.status, 401, `${method} ${path} from ${Origin}`);
      assert.equal(answer.body.error.code, "UNAUTHENTICATED");
      assert.equal(answer.headers["access-control-allow-credentials"], undefined);
    }
    const headers = { Cookie: browser.cookie };
    const bare = await server.request(method, path, { ...body, headers });
    assert.equal(bare.status, method === "GET" ? 200 : 401, `${method} ${path} without Origin`);
  }
  const sent = { Cookie: browser.cookie, "Sec-Fetch-Site": "same-site" };
  assert.equal((await server.request("GET", "/v1/me", { headers: sent })).status, 401);
  assert.equal((await browser.request("GET", "/v1/me")).status, 200);
});

test("AUTH21 on every other route the cookie is ignored, on live streams too", async () => {
  const { threadId } = newIds();
  for (const [method, path] of [
    ["GET", "/v1/threads"],
    ["POST", "/v1/threads"],
    ["GET", `/v1/threads/${threadId}`],
    ["GET", "/v1/api-keys"],
    ["POST", "/v1/api-keys"],
    ["POST", "/v1/thread-events"],
    ["DELETE", `/v1/threads/${threadId}`],
  ] as const) {
    const body = method === "POST" ? { body: {} } : {};
    const answer = await browser.request(method, path, body);
    assert.equal(answer.status, 401, `${method} ${path}`);
    assert.equal(answer.body.error.code, "UNAUTHENTICATED");
  }
  const events = `/v1/threads/${threadId}/events`;
  const stream = await browser.request("GET", events, { headers: { Accept: "text/event-stream" } });
  assert.equal(stream.status, 401);
  const upgrade = await server.exchange(
    `GET ${events} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: ${server.url}\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ${browser.cookie}\r\n\r\n`,
  );
  assert.match(upgrade, /^HTTP\/1\.1 401 /);
});

test("AUTH21 beside another credential the cookie is ignored, and two of them are ambiguous", async () => {
  const keyed = await browser.request("GET", "/v1/me", { key: server.keys.member });
  assert.equal(keyed.body.data.userId, "mark");
  assert.ok(keyed.body.data.signIns.every(({ current }: { current: boolean }) => !current));
  const headers = { Authorization: "Bearer rt_live_unknown" };
  const wrong = await browser.request("GET", "/v1/me", { headers });
  assert.equal(wrong.body.error.code, "INVALID_CREDENTIALS");
  const proxied = { Authorization: "Basic dTpw" };
  assert.equal((await browser.request("GET", "/v1/me", { headers: proxied })).status, 200);
  const query = await browser.request("GET", "/v1/me?token=x");
  assert.equal(query.body.error.code, "AMBIGUOUS_CREDENTIALS");
  const mallory = await signIn(server, server.keys.other);
  for (const Cookie of [
    `${browser.cookie}; ${mallory.cookie}`,
    `${browser.cookie}; ${browser.cookie}`,
    `${browser.cookie}; spool_session=`,
  ]) {
    const both = await browser.request("GET", "/v1/me", { headers: { Cookie } });
    assert.equal(both.status, 400, Cookie);
    assert.equal(both.body.error.code, "AMBIGUOUS_CREDENTIALS");
  }
  for (const Cookie of ["spool_session", "spool_session_x=1", "x=spool_session", "; ;=", "x"]) {
    const none = await browser.request("GET", "/v1/me", { headers: { Cookie } });
    assert.equal(none.body.error.code, "UNAUTHENTICATED", Cookie);
  }
  const among = { Cookie: `a=b; ${browser.cookie};theme=dark` };
  assert.equal((await browser.request("GET", "/v1/me", { headers: among })).status, 200);
});

test("AUTH4 AUTH21 a cookie that is none, or somebody's key, is refused in the same words", async () => {
  const { body } = await browser.request("GET", "/v1/me", {
    headers: { "X-API-Key": "x", Cookie: "" },
  });
  for (const value of [
    "",
    "x",
    server.keys.owner,
    `${browser.cookie.split("=")[1]}x`,
    "a=b",
    "%00",
  ]) {
    const headers = { Cookie: `spool_session=${value}` };
    const answer = await browser.request("GET", "/v1/me", { headers });
    assert.equal(answer.status, 401, value);
    assert.equal(answer.body.error.message, body.error.message);
  }
  const asKey = { "X-API-Key": browser.cookie.split("=")[1] as string };
  assert.equal((await server.request("GET", "/v1/threads", { headers: asKey })).status, 401);
});

test("AUTH26 another site's page cannot sign a browser in, nor one on a name that points here", async () => {
  const { other: key } = server.keys;
  for (const Origin of foreignOrigins()) {
    const answer = await trySignIn(server, { key }, { headers: { Origin } });
    assert.equal(answer.status, 400, Origin);
    assert.equal(answer.headers["set-cookie"], undefined);
  }
  const Host = `evil.example:${server.port}`;
  const rebound = { Host, Origin: `http://${Host}` };
  const forged = { ...rebound, "X-Forwarded-Host": Host, "X-Forwarded-For": "127.0.0.1" };
  for (const headers of [rebound, forged, { Host }]) {
    const answer = await server.request("POST", "/v1/sign-in", { body: { key }, headers });
    assert.equal(answer.status, 400);
    assert.match(answer.body.error.message, /SPOOL_PUBLIC_URL/);
    const me = { ...headers, Cookie: browser.cookie };
    assert.equal((await server.request("GET", "/v1/me", { headers: me })).status, 401);
  }
  assert.equal((await server.request("POST", "/v1/sign-in", { body: { key } })).status, 204);
});

test("AUTH26 the host a trusted proxy forwards is own, and Secure where it speaks https", async () => {
  const Origin = "https://spool.example";
  const headers = {
    Origin,
    Host: "backend:1",
    "X-Forwarded-Host": "spool.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
  };
  const from = "127.0.0.9";
  const answer = await trySignIn(server, { key: server.keys.owner }, { headers, from });
  const { setCookie, cookie } = browserOf(server, answer);
  assert.match(setCookie, /; Secure$/);
  const through = { headers: { ...headers, Cookie: cookie }, from };
  assert.equal((await server.request("GET", "/v1/me", through)).status, 200);
  const around = await trySignIn(server, { key: server.keys.owner }, { headers });
  assert.equal(around.status, 400);
});

test("AUTH20 a sign-in never takes over a secret that was planted", async () => {
  const planted = `spool_session=rt_signin_${"A".repeat(43)}`;
  const answer = await trySignIn(
    server,
    { key: server.keys.owner },
    { headers: { Cookie: planted } },
  );
  assert.notEqual(browserOf(server, answer).cookie, planted);
  const mallory = await signIn(server, server.keys.other);
  const headers = { Cookie: mallory.cookie };
  const victim = browserOf(
    server,
    await trySignIn(server, { key: server.keys.owner }, { headers }),
  );
  assert.notEqual(victim.cookie, mallory.cookie);
  assert.equal((await victim.request("GET", "/v1/me")).body.data.userId, "olivia");
  assert.equal((await mallory.request("GET", "/v1/me")).body.data.userId, "otto");
});

test("AUTH6 an internal header at the sign-in is refused first", async () => {
  const headers = { "X-Internal-Token": "x" };
  const answer = await trySignIn(server, { key: server.keys.owner }, { headers });
  assert.equal(answer.body.error.code, "INTERNAL_AUTH_REFUSED");
});

test("CFG5 AUTH21 CORS lets no page use the cookie", async () => {
  for (const path of ["/v1/sign-in", "/v1/session-tokens", "/v1/me"]) {
    const headers = { Origin: allowed, "Access-Control-Request-Method": "POST" };
    const preflight = await server.request("OPTIONS", path, { headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers["access-control-allow-credentials"], undefined);
  }
});

test("AUTH24 10,000 wrong codes lock nobody else out, and their sender for a minute only", async () => {
  const code = server.newSignInCode();
  const counts = new Map<number, number>();
  let retryAfter = 0;
  const guess = async (first: number) => {
    for (let count = first; count < 10_000; count += 16) {
      const answer = await trySignIn(server, { code: `rt_code_${count}` });
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      if (answer.status === 429) retryAfter = Number(answer.headers["retry-after"]);
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, first) => guess(first)));
  assert.deepEqual(Object.fromEntries(counts), { 401: 20, 429: 9_980 });
  assert.ok(retryAfter >= 1 && retryAfter <= 60);
  assert.equal((await browser.request("GET", "/v1/me")).status, 200);
  const elsewhere = await trySignIn(server, { code }, { from: "127.0.0.2" });
  assert.equal(elsewhere.status, 204);
  clock.advance(retryAfter * 1_000);
  assert.equal((await trySignIn(server, { key: server.keys.owner })).status, 204);
});

test("AUTH24 right sign-ins never count", async () => {
  for (let count = 0; count < 30; count += 1) await signIn(server);
});

test("AUTH17 neither cookie nor code reaches a log, an error or a metric", async () => {
  const code = server.newSignInCode();
  const secret = browser.cookie.split("=")[1] as string;
  const answers = [
    await trySignIn(server, { code, [code]: 1 }),
    await trySignIn(server, `{"code": "${code}"`),
    await server.request("GET", `/?code=${code}`),
    await server.request("GET", `/v1/threads?code=${code}`, { key: server.keys.owner }),
    await server.request("GET", `/v1/${code}/${secret}`),
    await browser.request("GET", `/v1/me?x=${secret}`),
    await browser.request("DELETE", `/v1/me/sign-ins/${secret}`),
    await trySignIn(server, { code }),
    await trySignIn(server, { code }),
    await server.request("GET", "/metrics"),
  ];
  const sent = answers.map(({ bytes, headers }) => {
    const { "set-cookie": _set, ...rest } = headers;
    return `${bytes} ${JSON.stringify(rest)}`;
  });
  const shown = [...sent, ...logged].join("\n");
  assert.ok(logged.length > 100);
  for (const part of [code, secret]) assert.equal(shown.includes(part), false);
});
