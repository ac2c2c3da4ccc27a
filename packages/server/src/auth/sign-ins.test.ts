/**
 * Proves that a sign-in is known by its secret alone, lives no longer than it may, and is gone at
 * once and for good when it ends (AUTH20, AUTH23, AUTH25).
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type AccountsFixture, accountsFixture, alice, startTime } from "./accounts-fixture.ts";
import type { MadeSignIn } from "./sign-ins.ts";

const dayMs = 24 * 3_600_000;
const owner = { orgId: alice.orgId, userId: alice.userId };

function begun({ keys, signIns }: AccountsFixture, userAgent?: string): MadeSignIn {
  return signIns.begin(keys.create(alice).key.id, userAgent);
}

test("AUTH20 a secret finds its sign-in's principal, and is kept nowhere", (t) => {
  const fixture = accountsFixture(t);
  const { keys, signIns, dataDir } = fixture;
  const { key } = keys.create({ ...alice, role: "admin" });
  const { secret, signIn } = signIns.begin(key.id, undefined);
  assert.match(secret, /^rt_signin_[\w-]{43}$/);
  assert.deepEqual(signIns.find(secret), {
    ...owner,
    role: "admin",
    scopes: alice.scopes,
    credential: { type: "sign_in", id: signIn.id, expiresAt: startTime + 7 * dayMs },
    keyId: key.id,
    signInId: signIn.id,
  });
  assert.equal(signIns.find(`${secret}x`), null);
  assert.equal(signIns.find(""), null);
  assert.notEqual(signIns.begin(key.id, undefined).secret, secret);
  for (const name of readdirSync(dataDir)) {
    const bytes = readFileSync(join(dataDir, name));
    assert.equal(bytes.includes(secret.slice("rt_signin_".length)), false, name);
  }
});

test("AUTH20 it lasts 7 days, but not beyond its key", (t) => {
  const fixture = accountsFixture(t);
  const { keys, signIns, clock } = fixture;
  const long = begun(fixture);
  const short = signIns.begin(keys.create({ ...alice, expiresAt: startTime + 5_000 }).key.id, "x");
  assert.equal(short.signIn.expiresAt, startTime + 5_000);
  clock.time = startTime + 5_000;
  assert.equal(signIns.find(short.secret), null);
  clock.time = startTime + 7 * dayMs - 1;
  assert.notEqual(signIns.find(long.secret), null);
  assert.equal(signIns.isLive(long.signIn.id), true);
  clock.time += 1;
  assert.equal(signIns.find(long.secret), null);
  assert.equal(signIns.isLive(long.signIn.id), false);
  assert.deepEqual(signIns.list(owner), []);
  // The next one sweeps out what has expired.
  begun(fixture);
  assert.equal(fixture.db.sql.prepare("SELECT count(*) AS n FROM sign_ins").get()?.n, 1);
});

test("AUTH23 it dies with its key, revoked here or by another process", (t) => {
  const fixture = accountsFixture(t);
  const { keys, signIns, clock, reopen } = fixture;
  for (const revoker of [keys, reopen().keys]) {
    const { secret, signIn } = begun(fixture);
    assert.notEqual(signIns.find(secret), null);
    revoker.revoke(signIn.keyId, {});
    clock.time += 50;
    assert.equal(signIns.find(secret), null);
    assert.deepEqual(signIns.list(owner), []);
    assert.throws(() => signIns.begin(signIn.keyId, undefined), { code: "INVALID_CREDENTIALS" });
  }
});

test("AUTH23 an ended one is gone at once, after a restart too; another's cannot be ended", (t) => {
  const fixture = accountsFixture(t);
  const { signIns, reopen } = fixture;
  const { secret, signIn } = begun(fixture);
  const kept = begun(fixture);
  assert.equal(signIns.isLive(signIn.id), true);
  assert.equal(signIns.end(signIn.id, { ...owner, userId: "bob" }), false);
  assert.equal(signIns.end(signIn.id, { ...owner, orgId: "else" }), false);
  assert.notEqual(signIns.find(secret), null);
  assert.equal(signIns.end(signIn.id, owner), true);
  assert.equal(signIns.end(signIn.id, owner), false);
  for (const each of [signIns, reopen().signIns]) {
    assert.equal(each.find(secret), null);
    assert.equal(each.isLive(signIn.id), false);
    assert.notEqual(each.find(kept.secret), null);
  }
});

test("AUTH25 they are listed newest first with their last use, at most 100 of a person", (t) => {
  const fixture = accountsFixture(t);
  const { keys, signIns, clock, tasks, db } = fixture;
  const { key } = keys.create(alice);
  const bob = signIns.begin(keys.create({ ...alice, userId: "bob" }).key.id, "curl/8.1");
  const first = signIns.begin(key.id, undefined);
  assert.equal(signIns.isLive(first.signIn.id), true);
  for (let count = 0; count < 100; count += 1) {
    clock.time += 1;
    signIns.begin(key.id, undefined);
  }
  const listed = signIns.list(owner);
  assert.equal(listed.length, 100);
  assert.deepEqual(
    listed.map(({ createdAt }) => createdAt - startTime),
    Array.from({ length: 100 }, (_, index) => 100 - index),
  );
  assert.equal(signIns.isLive(first.signIn.id), false);
  assert.equal(signIns.find(first.secret), null);
  assert.notEqual(signIns.find(bob.secret), null);
  assert.equal(signIns.list({ ...owner, userId: "bob" })[0]?.lastUsedAt, clock.time);
  while (tasks.length > 0) tasks.shift()?.();
  const stored = db.sql.prepare("SELECT last_used_at, user_agent FROM sign_ins WHERE id = ?");
  assert.deepEqual(
    { ...stored.get(bob.signIn.id) },
    {
      last_used_at: clock.time,
      user_agent: "curl/8.1",
    },
  );
});

test("AUTH20 a full disk is STORAGE_UNAVAILABLE, and leaves no half sign-in", (t) => {
  const fixture = accountsFixture(t);
  const { keys, signIns, db } = fixture;
  const { key } = keys.create(alice);
  const before = begun(fixture);
  const pages = db.sql.prepare("PRAGMA page_count").get()?.page_count as number;
  db.sql.exec(`PRAGMA max_page_count = ${pages}`);
  let refused: unknown = null;
  // Until the pages that are there already are full.
  for (let count = 0; count < 1_000 && refused === null; count += 1) {
    try {
      signIns.begin(key.id, "x".repeat(60));
    } catch (error) {
      refused = error;
    }
  }
  assert.equal((refused as { code?: string } | null)?.code, "STORAGE_UNAVAILABLE");
  assert.notEqual(signIns.find(before.secret), null);
  db.sql.exec(`PRAGMA max_page_count = ${pages + 1_000}`);
  assert.notEqual(signIns.find(signIns.begin(key.id, undefined).secret), null);
});
