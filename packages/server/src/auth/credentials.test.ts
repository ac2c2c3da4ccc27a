/**
 * Proves where a credential counts and that a request carries exactly one (AUTH1–AUTH3),
 * as tables over headers, queries and kinds of routes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type CredentialRoute,
  findCredential,
  readCredentials,
  refuseInternalHeaders,
} from "./credentials.ts";

const key = "rt_live_abc";
const jwt = "eyJh.eyJz.c2ln";
const apiKey = { type: "api_key", secret: key };
const sessionToken = { type: "session_token", secret: jwt };

type Parts = { rawHeaders?: string[]; query?: Record<string, unknown> };

function read(route: CredentialRoute, { rawHeaders = [], query = {} }: Parts) {
  return readCredentials({ rawHeaders: ["Host", "h", ...rawHeaders], query, route });
}

function refused(code: string, route: CredentialRoute, parts: Parts): void {
  assert.throws(() => read(route, parts), { code }, `${route} ${JSON.stringify(parts)}`);
}

test("AUTH1 an API key is found in each of its places", () => {
  for (const route of ["rest", "sse", "websocket"] as const) {
    assert.deepEqual(read(route, { rawHeaders: ["X-API-Key", key] }), apiKey);
    assert.deepEqual(read(route, { rawHeaders: ["x-api-key", key] }), apiKey);
    assert.deepEqual(read(route, { rawHeaders: ["Authorization", `Bearer ${key}`] }), apiKey);
  }
  assert.deepEqual(read("websocket", { query: { api_key: key } }), apiKey);
  const testKey = read("rest", { rawHeaders: ["Authorization", "Bearer rt_test_x"] });
  assert.deepEqual(testKey, { type: "api_key", secret: "rt_test_x" });
});

test("AUTH1 a session token is found in each of its places", () => {
  for (const route of ["rest", "sse", "websocket"] as const) {
    assert.deepEqual(read(route, { rawHeaders: ["Authorization", `Bearer ${jwt}`] }), sessionToken);
    assert.deepEqual(
      read(route, { rawHeaders: ["authorization", `bEaReR  ${jwt} `] }),
      sessionToken,
    );
  }
  assert.deepEqual(read("websocket", { query: { token: jwt } }), sessionToken);
  assert.deepEqual(read("sse", { query: { token: jwt } }), sessionToken);
  const protocol = ["Sec-WebSocket-Protocol", `spool, bearer.${jwt}`];
  assert.deepEqual(read("websocket", { rawHeaders: protocol }), sessionToken);
});

test("AUTH2 without a credential the request is unauthenticated", () => {
  for (const route of ["rest", "sse", "websocket", "no_auth"] as const) {
    refused("UNAUTHENTICATED", route, {});
  }
  refused("UNAUTHENTICATED", "rest", { query: { after: "1" } });
  refused("UNAUTHENTICATED", "websocket", { rawHeaders: ["Sec-WebSocket-Protocol", "spool"] });
  refused("UNAUTHENTICATED", "rest", { rawHeaders: ["Sec-WebSocket-Protocol", `bearer.${jwt}`] });
});

test("AUTH2 an Authorization of another scheme is not ours, alone or beside a key", () => {
  const basic = ["Authorization", "Basic dTpw"];
  refused("UNAUTHENTICATED", "rest", { rawHeaders: basic });
  refused("UNAUTHENTICATED", "rest", { rawHeaders: ["Authorization", key] });
  assert.deepEqual(read("rest", { rawHeaders: [...basic, "X-API-Key", key] }), apiKey);
});

test("AUTH3 more than one credential is ambiguous, in any two places, even when equal", () => {
  const places: Parts[] = [
    { rawHeaders: ["X-API-Key", key] },
    { rawHeaders: ["Authorization", `Bearer ${key}`] },
    { rawHeaders: ["Sec-WebSocket-Protocol", `spool, bearer.${jwt}`] },
    { query: { api_key: key } },
    { query: { token: jwt } },
  ];
  for (const first of places) {
    for (const second of places) {
      if (first === second) continue;
      const rawHeaders = [...(first.rawHeaders ?? []), ...(second.rawHeaders ?? [])];
      refused("AMBIGUOUS_CREDENTIALS", "websocket", {
        rawHeaders,
        query: { ...first.query, ...second.query },
      });
    }
  }
});

test("AUTH3 a credential that is sent twice is ambiguous", () => {
  const bearer = ["Authorization", `Bearer ${jwt}`];
  refused("AMBIGUOUS_CREDENTIALS", "rest", { rawHeaders: [...bearer, ...bearer] });
  refused("AMBIGUOUS_CREDENTIALS", "rest", { rawHeaders: ["X-API-Key", key, "x-api-key", key] });
  refused("AMBIGUOUS_CREDENTIALS", "websocket", { query: { api_key: [key, key] } });
  refused("AMBIGUOUS_CREDENTIALS", "sse", { query: { token: [jwt, jwt] } });
  const protocols = ["Sec-WebSocket-Protocol", `bearer.${jwt}, bearer.${jwt}`];
  refused("AMBIGUOUS_CREDENTIALS", "websocket", { rawHeaders: protocols });
});

test("AUTH3 a query credential where none is taken is ambiguous, with or without another", () => {
  for (const route of ["rest", "sse", "no_auth"] as const) {
    refused("AMBIGUOUS_CREDENTIALS", route, { query: { api_key: key } });
    refused("AMBIGUOUS_CREDENTIALS", route, { query: { api_key: "" } });
  }
  for (const route of ["rest", "no_auth"] as const) {
    refused("AMBIGUOUS_CREDENTIALS", route, { query: { token: jwt } });
    refused("AMBIGUOUS_CREDENTIALS", route, {
      rawHeaders: ["X-API-Key", key],
      query: { token: jwt },
    });
  }
});

test("AUTH3 an empty credential is one, so that it is not silently passed over", () => {
  const empty = { type: "api_key", secret: "" };
  assert.deepEqual(read("websocket", { query: { api_key: "" } }), empty);
  assert.deepEqual(read("rest", { rawHeaders: ["X-API-Key", ""] }), empty);
  const bearer = read("rest", { rawHeaders: ["Authorization", "Bearer"] });
  assert.deepEqual(bearer, { type: "session_token", secret: "" });
});

test("a route without authentication looks at no header", () => {
  const rawHeaders = ["X-API-Key", key, "Authorization", `Bearer ${jwt}`];
  assert.equal(findCredential({ rawHeaders, query: {}, route: "no_auth" }), null);
});

test("AUTH6 any X-Internal header is refused, whatever its case and value", () => {
  for (const name of ["X-Internal-Token", "x-internal-service", "X-INTERNAL-", "x-Internal-Foo"]) {
    assert.throws(() => refuseInternalHeaders(["Host", "h", name, ""]), {
      code: "INTERNAL_AUTH_REFUSED",
    });
  }
  const harmless = ["X-Internal", "1", "X-Internals-Y", "1", "Via", "x-internal-token"];
  assert.doesNotThrow(() => refuseInternalHeaders(harmless));
});
