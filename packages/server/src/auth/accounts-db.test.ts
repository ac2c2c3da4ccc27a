/**
 * Proves that accounts.db is private, flushed, agreed on by processes that open it at once,
 * and that a file of a newer Spool is left alone.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { inTransaction } from "./accounts-db.ts";
import { accountsFixture } from "./accounts-fixture.ts";

const openAndPrint = `
  const [url, dataDir] = process.argv.slice(1);
  const { openAccountsDb } = await import(url);
  const { randomBytes } = await import("node:crypto");
  const db = openAccountsDb({ dataDir, now: Date.now, randomBytes });
  console.log(db.installation, Buffer.from(db.cursorSecret).toString("hex"));
  db.sql.close();
`;

test("installation and cursor secret stay the same over restarts and connections", (t) => {
  const { db, reopen } = accountsFixture(t);
  const other = reopen().db;
  assert.match(db.installation, /^[\w-]{16}$/);
  assert.equal(other.installation, db.installation);
  assert.equal(db.cursorSecret.length, 32);
  assert.deepEqual(other.cursorSecret, db.cursorSecret);
});

test("processes that make the file at the same time agree on what is in it", async (t) => {
  const { dataDir, db } = accountsFixture(t);
  const fresh = join(dataDir, "fresh", "data");
  const url = new URL("./accounts-db.ts", import.meta.url).href;
  const run = promisify(execFile);
  const args = ["--input-type=module", "-e", openAndPrint, url, fresh];
  const answers = await Promise.all([1, 2, 3, 4].map(() => run(process.execPath, args)));
  const lines = new Set(answers.map(({ stdout }) => stdout.trim()));
  assert.equal(lines.size, 1);
  assert.ok(!lines.has(""));
  assert.ok(![...lines][0]?.startsWith(db.installation), "another folder is another installation");
});

test("every commit is flushed, waiting for other writers is bounded", (t) => {
  const { sql } = accountsFixture(t).db;
  assert.equal(sql.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
  assert.equal(sql.prepare("PRAGMA synchronous").get()?.synchronous, 2);
  assert.equal(sql.prepare("PRAGMA busy_timeout").get()?.timeout, 5_000);
});

test("only its owner can read the file, its log and its index", (t) => {
  const { dataDir } = accountsFixture(t);
  for (const name of ["accounts.db", "accounts.db-wal", "accounts.db-shm"]) {
    assert.ok(existsSync(join(dataDir, name)), name);
    assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
  }
});

test("a file of a newer Spool is refused in one line and left alone", (t) => {
  const { db, reopen } = accountsFixture(t);
  db.sql.exec("PRAGMA user_version = 99");
  assert.throws(reopen, (error: Error) => {
    assert.match(
      error.message,
      /accounts\.db has schema version 99, this Spool knows \d+: start a/,
    );
    assert.ok(!error.message.includes("\n"));
    return true;
  });
  assert.equal(db.sql.prepare("PRAGMA user_version").get()?.user_version, 99);
});

test("a transaction that throws leaves nothing behind", (t) => {
  const { sql } = accountsFixture(t).db;
  const failing = () => {
    sql.exec("INSERT INTO settings (name, value) VALUES ('half', 'done')");
    throw new Error("no");
  };
  assert.throws(() => inTransaction(sql, failing), /^Error: no$/);
  assert.equal(sql.prepare("SELECT count(*) AS n FROM settings WHERE name = 'half'").get()?.n, 0);
  assert.equal(sql.isTransaction, false);
});
