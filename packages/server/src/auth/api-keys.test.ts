/**
 * Proves what API keys promise (AUTH4–AUTH8, AUTH16): how they are made and kept, when they stop
 * counting, and that a second process on the same file is honoured.
 */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { accountsFixture, alice, principalOfNewKey, startTime } from "./accounts-fixture.ts";
import { type ApiKeyRecord, apiKeyResource, type KeyPosition } from "./api-key-rows.ts";
import type { ApiKeys } from "./api-keys.ts";

test("AUTH7 a key is 32 random bytes behind its prefix, none like another", (t) => {
  const { keys } = accountsFixture(t);
  const secrets = [1, 2, 3].map(() => keys.create(alice).secret);
  for (const secret of secrets) {
    assert.match(secret, /^rt_live_[A-Za-z0-9_-]{43}$/);
    assert.equal(Buffer.from(secret.slice("rt_live_".length), "base64url").length, 32);
  }
  assert.equal(new Set(secrets).size, 3);
});

test("AUTH7 no file holds a key, only its SHA-256", (t) => {
  const { keys, dataDir } = accountsFixture(t);
  const secrets = [keys.create(alice).secret, keys.ensureFirstAdmin(() => {}) as string];
  for (const secret of secrets) keys.findKey(secret);
  keys.close();
  const bytes = Buffer.concat(
    readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name))),
  );
  for (const secret of secrets) {
    assert.ok(bytes.includes(hash("sha256", secret)), "the search must find what is there");
    assert.ok(!bytes.includes(secret));
    assert.ok(!bytes.includes(secret.slice("rt_live_".length)));
    assert.ok(!bytes.includes(Buffer.from(secret.slice("rt_live_".length), "base64url")));
  }
});

test("AUTH8 a key carries org, user, role, scopes and expiry to its principal", (t) => {
  const { keys } = accountsFixture(t);
  const expiresAt = startTime + 1_000;
  const { key, secret } = keys.create({ ...alice, role: "admin", expiresAt, name: "ci" });
  assert.match(key.id, /^key_[\w-]{16}$/);
  assert.deepEqual(keys.findKey(secret), {
    orgId: "acme",
    userId: "alice",
    role: "admin",
    scopes: ["agent:read", "agent:run"],
    credential: { type: "api_key", id: key.id, expiresAt },
    keyId: key.id,
  });
  assert.deepEqual(keys.findById(key.id), keys.findKey(secret));
});

test("AUTH8 the label changes nothing but the prefix", (t) => {
  const { keys } = accountsFixture(t);
  const { secret } = keys.create({ ...alice, label: "test" });
  assert.match(secret, /^rt_test_/);
  const principal = keys.findKey(secret);
  const { keyId, credential, ...rest } = principalOfNewKey(keys);
  assert.deepEqual({ ...principal, keyId, credential }, { ...rest, keyId, credential });
});

test("AUTH5 a key needs an org id and a user id", (t) => {
  const { keys } = accountsFixture(t);
  for (const orgId of ["", "../etc", "a b", "x".repeat(65)]) {
    assert.throws(() => keys.create({ ...alice, orgId }), { code: "INVALID_REQUEST" });
  }
  assert.throws(() => keys.create({ ...alice, userId: "" }), { code: "INVALID_REQUEST" });
});

test("AUTH4 an unknown key is nobody, and so is one that differs in its last character", (t) => {
  const { keys } = accountsFixture(t);
  const { secret } = keys.create(alice);
  assert.ok(keys.findKey(secret));
  const last = secret.endsWith("A") ? "B" : "A";
  for (const wrong of ["", "rt_live_", secret.slice(0, -1) + last, `${secret} `]) {
    assert.equal(keys.findKey(wrong), null);
  }
});

test("AUTH4 a key ends at its expiry, from memory as from the file", (t) => {
  const { keys, clock, reopen } = accountsFixture(t);
  const { key, secret } = keys.create({ ...alice, expiresAt: startTime + 1_000 });
  clock.time = startTime + 999;
  assert.ok(keys.findKey(secret));
  assert.ok(keys.findById(key.id));
  clock.time = startTime + 1_000;
  assert.equal(keys.findKey(secret), null);
  assert.equal(keys.findById(key.id), null);
  assert.equal(reopen().keys.findKey(secret), null);
});

test("AUTH16 a revoked key's next use fails, without any waiting", (t) => {
  const { keys, clock } = accountsFixture(t);
  const { key, secret } = keys.create(alice);
  assert.ok(keys.findKey(secret));
  assert.ok(keys.findById(key.id));
  assert.equal(keys.revoke(key.id, {}), true);
  assert.equal(keys.findKey(secret), null);
  assert.equal(keys.findById(key.id), null);
  clock.time += 1_000;
  assert.equal(keys.revoke(key.id, {}), true, "again is no error");
  assert.equal(keys.list({}, { limit: 1 }).keys[0]?.revokedAt, startTime, "and keeps its time");
});

test("AUTH16 revoking reaches the caller's range only", (t) => {
  const { keys } = accountsFixture(t);
  const { key, secret } = keys.create(alice);
  assert.equal(keys.revoke(key.id, { orgId: "other" }), false);
  assert.equal(keys.revoke(key.id, { orgId: "acme", userId: "bob" }), false);
  assert.equal(keys.revoke("key_none", {}), false);
  assert.ok(keys.findKey(secret));
  assert.equal(keys.revoke(key.id, { orgId: "acme", userId: "alice" }), true);
});

test("CFG8 a key another process makes or revokes counts within 50 ms", (t) => {
  const { keys, clock, reopen } = accountsFixture(t);
  const commandLine = reopen().keys;
  const { key, secret } = commandLine.create(alice);
  assert.ok(keys.findKey(secret), "a new key counts at once");
  commandLine.revoke(key.id, {});
  clock.time += 50;
  assert.equal(keys.findKey(secret), null);
  assert.equal(keys.findById(key.id), null);
});

test("CFG8 a clock that is set back does not keep a revoked key alive", (t) => {
  const { keys, clock, reopen } = accountsFixture(t);
  const { key, secret } = keys.create(alice);
  assert.ok(keys.findKey(secret));
  reopen().keys.revoke(key.id, {});
  clock.time -= 3_600_000;
  assert.equal(keys.findKey(secret), null);
});

test("a lookup reads the file only after another connection has changed it", (t) => {
  const { keys, clock, db, reopen } = accountsFixture(t);
  const { secret } = keys.create(alice);
  assert.ok(keys.findKey(secret));
  // A change by this very connection, past the cache's back, shows whether the row is read.
  db.sql.exec("UPDATE api_keys SET role = 'admin'");
  clock.time += 60_000;
  assert.equal(keys.findKey(secret)?.role, "member");
  reopen().keys.create(alice);
  assert.equal(keys.findKey(secret)?.role, "member", "not looked at yet");
  clock.time += 50;
  assert.equal(keys.findKey(secret)?.role, "admin");
});

test("AUTH16 pages hold every key of the range once, newest first, and no secret", (t) => {
  const { keys, clock } = accountsFixture(t);
  const made: ApiKeyRecord[] = [];
  for (let number = 0; number < 7; number += 1) {
    made.push(keys.create({ ...alice, name: `key ${number}` }).key);
    if (number % 2 === 1) clock.time += 1;
  }
  keys.create({ ...alice, userId: "bob" });
  keys.create({ ...alice, orgId: "other" });
  keys.revoke(made[0]?.id as string, {});
  const pages = pagesOf(keys, { orgId: "acme", userId: "alice" });
  assert.deepEqual(
    pages.map((page) => page.length),
    [3, 3, 1],
  );
  const ids = pages.flat().map(({ id }) => id);
  const newestFirst = made.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  assert.deepEqual(
    ids,
    newestFirst.map(({ id }) => id),
  );
  assert.equal(pages.flat().find(({ id }) => id === made[0]?.id)?.revokedAt, clock.time);
  assert.ok(!/rt_|[0-9a-f]{64}/.test(JSON.stringify(pages)));
  assert.equal(pagesOf(keys, { orgId: "acme" }).flat().length, 8);
  assert.equal(pagesOf(keys, {}).flat().length, 9);
});

test("AUTH16 a key is shown with times in RFC 3339", (t) => {
  const { keys } = accountsFixture(t);
  const { key } = keys.create({ ...alice, expiresAt: startTime + 60_000 });
  assert.deepEqual(apiKeyResource(key), {
    id: key.id,
    orgId: "acme",
    userId: "alice",
    name: null,
    role: "member",
    label: "live",
    scopes: ["agent:read", "agent:run"],
    createdAt: "2026-01-31T12:00:00.000Z",
    expiresAt: "2026-01-31T12:01:00.000Z",
    lastUsedAt: null,
    revokedAt: null,
  });
});

test("CFG4 the first start makes org default with an admin, whose key is given once", (t) => {
  const { keys, reopen } = accountsFixture(t);
  keys.create(alice);
  const kept: string[] = [];
  const secret = keys.ensureFirstAdmin((kept_) => kept.push(kept_)) as string;
  assert.deepEqual(kept, [secret]);
  const principal = keys.findKey(secret);
  assert.equal(principal?.orgId, "default");
  assert.equal(principal?.userId, "admin");
  assert.equal(principal?.role, "admin");
  assert.deepEqual(principal?.scopes, ["*"]);
  keys.revoke(principal?.keyId as string, {});
  assert.equal(
    keys.ensureFirstAdmin(() => assert.fail("kept twice")),
    null,
  );
  assert.equal(
    reopen().keys.ensureFirstAdmin(() => assert.fail("kept twice")),
    null,
  );
});

test("CFG4 a first key that could not be kept is not made; the next start makes another", (t) => {
  const { keys } = accountsFixture(t);
  const full = () => {
    throw new Error("disk full");
  };
  assert.throws(() => keys.ensureFirstAdmin(full), /disk full/);
  assert.deepEqual(keys.list({}, { limit: 10 }).keys, []);
  assert.match(keys.ensureFirstAdmin(() => {}) as string, /^rt_live_/);
});

function pagesOf(keys: ApiKeys, range: { orgId?: string; userId?: string }): ApiKeyRecord[][] {
  const pages: ApiKeyRecord[][] = [];
  let after: KeyPosition | null = null;
  do {
    const page = keys.list(range, { limit: 3, after });
    pages.push(page.keys);
    after = page.next;
  } while (after !== null);
  return pages;
}
