/**
 * Proves that last uses are written in batches off the request's path, at most once a minute
 * and key, and that a failing write harms nothing (AUTH8).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type AccountsFixture, accountsFixture, alice, startTime } from "./accounts-fixture.ts";

function storedUse({ db }: AccountsFixture, id: string): unknown {
  return db.sql.prepare("SELECT last_used_at FROM api_keys WHERE id = ?").get(id)?.last_used_at;
}

test("AUTH8 a use is written later, in one batch, and listed at once", (t) => {
  const fixture = accountsFixture(t);
  const { keys, clock, tasks } = fixture;
  const [first, second] = [keys.create(alice), keys.create(alice)];
  keys.findKey(first.secret);
  clock.time += 5;
  keys.findKey(second.secret);
  assert.equal(storedUse(fixture, first.key.id), null, "not on the request's path");
  const listed = keys.list({}, { limit: 10 }).keys;
  assert.equal(listed.find(({ id }) => id === second.key.id)?.lastUsedAt, startTime + 5);
  assert.equal(tasks.length, 1);
  tasks.shift()?.();
  assert.equal(storedUse(fixture, first.key.id), startTime);
  assert.equal(storedUse(fixture, second.key.id), startTime + 5);
});

test("AUTH8 a key's uses within a minute are one write", (t) => {
  const fixture = accountsFixture(t);
  const { keys, clock, tasks } = fixture;
  const { key, secret } = keys.create(alice);
  keys.findKey(secret);
  tasks.shift()?.();
  clock.time = startTime + 59_999;
  keys.findKey(secret);
  assert.equal(tasks.length, 0);
  clock.time = startTime + 60_000;
  keys.findKey(secret);
  tasks.shift()?.();
  assert.equal(storedUse(fixture, key.id), startTime + 60_000);
});

test("a failing write is reported, keeps its uses, and leaves commits flushed", (t) => {
  const fixture = accountsFixture(t);
  const { keys, clock, tasks, reports, db } = fixture;
  const { key, secret } = keys.create(alice);
  keys.findKey(secret);
  db.sql.exec("PRAGMA query_only = ON");
  tasks.shift()?.();
  assert.equal(reports.length, 1);
  db.sql.exec("PRAGMA query_only = OFF");
  assert.equal(db.sql.prepare("PRAGMA synchronous").get()?.synchronous, 2);
  clock.time += 60_000;
  keys.findKey(secret);
  tasks.shift()?.();
  assert.equal(storedUse(fixture, key.id), clock.time);
});

test("closing writes what is still in memory", (t) => {
  const fixture = accountsFixture(t);
  const { key, secret } = fixture.keys.create(alice);
  fixture.keys.findKey(secret);
  fixture.keys.close();
  assert.equal(storedUse(fixture, key.id), startTime);
  fixture.db.sql.close();
  fixture.tasks.shift()?.();
  assert.deepEqual(fixture.reports, [], "a timer after the end finds nothing to do");
});

test("writing uses does not make this process forget its keys", (t) => {
  const { keys, clock, tasks, db } = accountsFixture(t);
  const { secret } = keys.create(alice);
  keys.findKey(secret);
  db.sql.exec("UPDATE api_keys SET role = 'admin'");
  tasks.shift()?.();
  clock.time += 50;
  assert.equal(keys.findKey(secret)?.role, "member");
});
