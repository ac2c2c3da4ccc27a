/**
 * Proves which keys a caller may make, list and revoke, as a table over makers and bodies
 * (AUTH15, AUTH16).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accountsFixture, alice, principalOfNewKey, startTime } from "./accounts-fixture.ts";
import { keyRangeOf, requestedKey } from "./key-request.ts";

test("AUTH15 missing fields are the maker's", (t) => {
  const maker = principalOfNewKey(accountsFixture(t).keys);
  assert.deepEqual(requestedKey(maker, {}, startTime), {
    ...alice,
    name: null,
    label: "live",
    expiresAt: startTime,
  });
});

test("AUTH15 given fields count, a null expiry means never", (t) => {
  const maker = principalOfNewKey(accountsFixture(t).keys, { ...alice, role: "admin" });
  const body = {
    name: "ci",
    scopes: ["agent:read" as const],
    role: "member",
    label: "test",
  } as const;
  const expiresAt = "2026-01-31T13:00:00+01:00";
  const request = requestedKey(maker, { ...body, scopes: [...body.scopes], expiresAt }, null);
  assert.deepEqual(request, { ...alice, ...body, expiresAt: startTime });
  assert.equal(requestedKey(maker, { expiresAt: null }, startTime).expiresAt, null);
});

test("AUTH15 more scopes or role than the maker's are refused", (t) => {
  const maker = principalOfNewKey(accountsFixture(t).keys);
  const more = { code: "INSUFFICIENT_SCOPE", details: { required: "*" } };
  assert.throws(() => requestedKey(maker, { scopes: ["*"] }, null), more);
  const admin = { code: "INSUFFICIENT_SCOPE", details: { required: "admin" } };
  assert.throws(() => requestedKey(maker, { role: "admin" }, null), admin);
});

test("AUTH15 an expiry that names no day is refused", (t) => {
  const maker = principalOfNewKey(accountsFixture(t).keys);
  const body = { expiresAt: "2026-02-30T25:00:00Z" };
  assert.throws(() => requestedKey(maker, body, null), { code: "INVALID_REQUEST" });
});

test("AUTH16 a member reaches their own keys, an admin the org's", (t) => {
  const { keys } = accountsFixture(t);
  const admin = principalOfNewKey(keys, { ...alice, role: "admin" });
  assert.deepEqual(keyRangeOf(principalOfNewKey(keys)), { orgId: "acme", userId: "alice" });
  assert.deepEqual(keyRangeOf(admin), { orgId: "acme" });
});
