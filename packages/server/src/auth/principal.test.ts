/**
 * Proves what scopes allow, that no set of scopes grows into a wider one, and what may be a
 * user id (AUTH5, AUTH14).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Scope } from "@spool/protocol/resources";
import {
  hasScope,
  isUserId,
  knownScopesOf,
  type Principal,
  type RequiredScope,
  requireScope,
  requireScopes,
} from "./principal.ts";

function holding(...scopes: Scope[]): Principal {
  return {
    orgId: "acme",
    userId: "alice",
    role: "member",
    scopes,
    credential: { type: "api_key", id: "key_1", expiresAt: null },
    keyId: "key_1",
  };
}

test("AUTH14 each scope allows what its name says and no more", () => {
  const table: [Scope[], RequiredScope, boolean][] = [
    [["agent:read"], "agent:read", true],
    [["agent:read"], "agent:run", false],
    [["agent:run"], "agent:run", true],
    [["agent:run"], "agent:read", false],
    [["agent:*"], "agent:read", true],
    [["agent:*"], "agent:run", true],
    [["*"], "agent:read", true],
    [["*"], "agent:run", true],
    [["agent:read", "agent:run"], "agent:run", true],
    [[], "agent:read", false],
  ];
  for (const [held, wanted, allowed] of table) {
    assert.equal(hasScope(holding(...held), wanted), allowed, `${held} for ${wanted}`);
  }
});

test("AUTH14 a missing scope is named in details.required", () => {
  assert.doesNotThrow(() => requireScope(holding("agent:run"), "agent:run"));
  assert.throws(() => requireScope(holding("agent:run"), "agent:read"), {
    code: "INSUFFICIENT_SCOPE",
    details: { required: "agent:read" },
  });
});

test("AUTH9 AUTH15 no set of scopes grows into a wider one", () => {
  assert.doesNotThrow(() => requireScopes(["*"], ["*", "agent:*", "agent:read"]));
  assert.doesNotThrow(() => requireScopes(["agent:*"], ["agent:*", "agent:run"]));
  assert.throws(() => requireScopes(["agent:*"], ["*"]), { details: { required: "*" } });
  assert.throws(() => requireScopes(["agent:read", "agent:run"], ["agent:*"]), {
    details: { required: "agent:*" },
  });
});

test("AUTH14 words that are no scopes are dropped, repeated ones count once", () => {
  const words = ["openid", "agent:read", "agent:read", "agent:", "**", "", "*"];
  assert.deepEqual(knownScopesOf(words), ["agent:read", "*"]);
});

test("AUTH5 a user id is 1 to 256 characters that every store keeps", () => {
  for (const id of ["a", "x".repeat(256), "😀".repeat(256), "auth0|ü/../'\"\n"]) {
    assert.equal(isUserId(id), true, JSON.stringify(id));
  }
  for (const id of ["", "x".repeat(257), "a\0b", "\ud800"]) {
    assert.equal(isUserId(id), false, JSON.stringify(id));
  }
});
