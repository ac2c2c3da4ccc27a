/**
 * The tables as the store's worker writes them: all or nothing, erased rows gone from every file,
 * durable when that is said, and a view that cannot do it says so (LOG14, DEL6).
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { created, deleted, message, ThreadScript } from "../../testing/thread-script.ts";
import { ViewLink } from "./view-link.ts";
import { ViewReader } from "./view-reader.ts";
import { openViewForReading, openViewForWriting, viewBatch, viewVersion } from "./view-schema.ts";
import { type ViewUpdate, ViewWriter } from "./view-writer.ts";

function viewFileOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "spool-view-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, "spool.db");
}

function threads(count: number): { scripts: ThreadScript[]; updates: ViewUpdate[] } {
  const { now } = new FakeClock();
  const scripts = Array.from({ length: count }, (_, at) => {
    return new ThreadScript({ orgId: "acme", threadId: `thr_${at}` }, now);
  });
  const updates = scripts.map((script) => script.commit(created(), message("m", "id")).rows);
  return { scripts, updates };
}

test("LOG14 a checkpoint that a reader is in the way of is not taken for one", (t) => {
  const file = viewFileOf(t);
  const db = openViewForWriting(file);
  const writer = new ViewWriter(db);
  writer.apply(1, threads(50).updates);
  writer.checkpoint();
  assert.equal(statSync(`${file}-wal`).size, 0);
  const reader = openViewForReading(file);
  reader.exec("begin");
  reader.prepare("select count(*) from agent_threads").get();
  writer.apply(2, threads(3).updates);
  db.exec("pragma busy_timeout = 1");
  assert.throws(() => writer.checkpoint(), /in use/);
  reader.exec("commit");
  writer.checkpoint();
  assert.equal(statSync(`${file}-wal`).size, 0);
  for (const one of [reader, db]) one.close();
});

test("DEL6 erased rows are in no file of the view after a checkpoint", (t) => {
  const file = viewFileOf(t);
  const db = openViewForWriting(file);
  const writer = new ViewWriter(db);
  const script = new ThreadScript({ orgId: "acme", threadId: "thr_a" }, new FakeClock().now);
  const begin = created({ title: "Zebrafish", agentId: "Zebrafish", metadata: { a: "Zebrafish" } });
  writer.apply(1, [script.commit(begin, message("m", "Zebrafish")).rows]);
  writer.checkpoint();
  assert.ok(readFileSync(file).includes("Zebrafish"));
  writer.apply(2, [script.commit(deleted()).rows]);
  writer.checkpoint();
  for (const one of [file, `${file}-wal`]) assert.ok(!readFileSync(one).includes("Zebrafish"), one);
  db.close();
});

test("LOG6 a change that fails halfway leaves the tables as they were", (t) => {
  const file = viewFileOf(t);
  const db = openViewForWriting(file);
  const writer = new ViewWriter(db);
  const { scripts, updates } = threads(2);
  const broken = { ...(updates[1] as ViewUpdate), thread: { ...updates[1]?.thread, orgId: null } };
  assert.throws(() => writer.apply(5, [updates[0] as ViewUpdate, broken as never]));
  assert.equal(viewBatch(db), 0);
  const reader = new ViewReader(db);
  for (const { key } of scripts) assert.equal(reader.thread(key), null);
  writer.apply(5, updates);
  assert.equal(viewBatch(db), 5);
  db.close();
});

test("LOG6 tables of another version are refused, to be made again", (t) => {
  const file = viewFileOf(t);
  const db = new DatabaseSync(file);
  db.exec(`pragma user_version = ${viewVersion + 1}`);
  db.close();
  assert.throws(() => openViewForWriting(file), /version/);
});

test("LOG6 the worker tells a failure, and goes on", async (t) => {
  const file = viewFileOf(t);
  const link = new ViewLink(file);
  const { updates } = threads(1);
  const broken = { ...updates[0], thread: { ...updates[0]?.thread, orgId: null } } as never;
  await assert.rejects(link.apply(1, [broken], false), /refused a change/);
  await link.apply(1, updates, true);
  await link.close();
  await link.close();
  const db = openViewForReading(file);
  assert.equal(viewBatch(db), 1);
  db.close();
});

test("LOG6 a worker that cannot begin rejects what it was given", async (t) => {
  const link = new ViewLink(path.join(viewFileOf(t), "no", "such", "folder"));
  await assert.rejects(link.apply(1, threads(1).updates, false));
  await assert.rejects(link.apply(1, threads(1).updates, false), "and again, by a new one");
  await link.close();
});
