/**
 * Tables that are missing, damaged or behind the journal are made again, say so, and are then row
 * for row what they were (LOG6); sound ones are left alone.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { dumpView } from "../../testing/dump-view.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually } from "../../testing/eventually.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import {
  archived,
  compacted,
  created,
  deleted,
  event,
  leaseRenewed,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runLapsed,
  runReopened,
  runStarted,
  type Step,
  type ThreadScript,
} from "../../testing/thread-script.ts";
import { StorageDamage } from "../thread-store.ts";
import type { EmbeddedStore } from "./embedded-store.ts";
import { viewBatch } from "./view-schema.ts";

/** Commits of all kinds on many threads, some of which are deleted or have more than 1,000 ids. */
async function populate(fixture: EmbeddedFixture, store: EmbeddedStore): Promise<ThreadScript[]> {
  const random = new SeededRandom(3);
  const threads = Array.from({ length: 12 }, (_, at) =>
    fixture.script(`${at % 2 ? "T" : "t"}${at}`),
  );
  const ids = Array.from({ length: 1_030 }, (_, at) => message("m", `id ${at}`));
  for (const [at, thread] of threads.entries()) {
    const fields = { agentId: random.pick([null, "coder"]), title: random.pick([null, "t\ud800"]) };
    await store.commit(thread.commit(created(fields), ...(at === 0 ? ids : [])));
  }
  for (let round = 0; round < 120; round += 1) {
    fixture.clock.advance(random.below(3));
    const thread = random.pick(threads);
    if (thread.expected().thread?.deletedAt !== null) continue;
    await store.commit(thread.commit(...nextSteps(thread, random, round)));
  }
  return threads;
}

function nextSteps(thread: ThreadScript, random: SeededRandom, round: number): Step[] {
  const run = thread.expected().head?.run ?? null;
  const turn = [
    event("compaction_started", { compactionId: `cmp_${round}` }),
    compacted(`rol_${round}`),
  ];
  return random.pick<Step[]>([
    [message("x".repeat(random.below(300)), `m${round}`)],
    run === null ? [runStarted(`run_${round}`, { metadata: { round } })] : [runCompleted()],
    run === null ? turn : [event("custom", { round }), ...turn],
    [event("compaction_started", { compactionId: "open" })],
    [renamed(random.pick([null, `title ${round}`])), archived(random.chance(0.5))],
    [metadataSet({ round })],
    round > 100 ? [deleted("root")] : [message("m")],
  ]);
}

async function assertAll(store: EmbeddedStore, threads: readonly ThreadScript[]): Promise<void> {
  for (const thread of threads) await assertStored(store, thread.key, thread.expected());
}

function batchOf(fixture: EmbeddedFixture): number {
  const db = new DatabaseSync(fixture.viewFile);
  const batch = viewBatch(db);
  db.close();
  return batch;
}

async function prepare(t: TestContext) {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const threads = await populate(fixture, store);
  await store.close();
  const tables = dumpView(fixture.dataDir);
  assert.ok(Object.values(tables).every((rows) => rows.length > 0));
  return { fixture, threads, tables, batch: batchOf(fixture) };
}

const losses: readonly (readonly [name: string, lose: (fixture: EmbeddedFixture) => void])[] = [
  ["missing", (fixture) => fixture.removeView()],
  ["empty", ({ viewFile }) => truncateSync(viewFile, 0)],
  ["cut short", ({ viewFile }) => truncateSync(viewFile, 5_000)],
  ["something else", ({ viewFile }) => writeFileSync(viewFile, "no tables at all".repeat(500))],
  ["of another version", ({ viewFile }) => runSql(viewFile, "pragma user_version = 99")],
  ["without their tables", ({ viewFile }) => runSql(viewFile, "drop table checkpoint")],
];

for (const [name, lose] of losses) {
  test(`LOG6 tables that are ${name} are made again, row for row`, async (t) => {
    const { fixture, threads, tables, batch } = await prepare(t);
    lose(fixture);
    const store = await fixture.open();
    assert.match(fixture.logs.join("\n"), /spool.db is made again: 12 threads/);
    await assertAll(store, threads);
    await store.close();
    assert.deepEqual(dumpView(fixture.dataDir), tables);
    assert.ok(batchOf(fixture) >= batch);
  });
}

test("LOG6 a backup of the tables that is behind the journal is not used", async (t) => {
  const fixture = new EmbeddedFixture(t);
  let store = await fixture.open();
  const old = fixture.script("old");
  await store.commit(old.commit(created({ title: "old" })));
  await store.close();
  const backup = readFileSync(fixture.viewFile);
  store = await fixture.open();
  const threads = [old, ...(await populate(fixture, store))];
  await store.close();
  const tables = dumpView(fixture.dataDir);
  fixture.restoreView(backup);
  store = await fixture.open();
  assert.match(fixture.logs.join("\n"), /behind the journal/);
  await assertAll(store, threads);
  await store.close();
  assert.deepEqual(dumpView(fixture.dataDir), tables);
});

test("LOG6 tables lost together with the process equal those that were kept", async (t) => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const fixture = new EmbeddedFixture(t, { seed, limits: { segmentBytes: 20_000 } });
    const store = await fixture.open();
    const threads = await populate(fixture, store);
    await fixture.kill(store);
    const copy = fixture.copy(t, seed);
    copy.removeView();
    for (const one of [fixture, copy]) {
      const again = await one.open();
      await assertAll(again, threads);
      await again.close();
    }
    assert.deepEqual(dumpView(copy.dataDir), dumpView(fixture.dataDir), `seed ${seed}`);
  }
});

test("LOG6 LOG15 sound tables are left alone", async (t) => {
  const { fixture, threads } = await prepare(t);
  const store = await fixture.open();
  assert.doesNotMatch(fixture.logs.join("\n"), /made again|making/);
  assert.equal(fixture.files.count("read", /\.jsonl$/), 0);
  await assertAll(store, threads);
  await store.close();
});

test("LOG6 tables found damaged while in use are made again by the next start", async (t) => {
  for (const table of ["thread_runs", "agent_threads"]) {
    const { fixture, threads, tables } = await prepare(t);
    damagePage(fixture.viewFile, table);
    let store = await fixture.open();
    await assert.rejects(assertAll(store, threads), StorageDamage);
    assert.match(fixture.logs.join("\n"), /spool.db is damaged: restart/);
    await store.close();
    store = await fixture.open();
    assert.match(fixture.logs.join("\n"), /spool.db is made again/);
    await assertAll(store, threads);
    await store.close();
    assert.deepEqual(dumpView(fixture.dataDir), tables);
    store = await fixture.open();
    assert.equal(fixture.logs.filter((line) => /is made again/.test(line)).length, 1, "once");
    await store.close();
  }
});

test("LOG6 damage that only writing meets has the tables made again as well", async (t) => {
  const { fixture, threads } = await prepare(t);
  damagePage(fixture.viewFile, "runs_by_start");
  let store = await fixture.open();
  const thread = threads.find((one) => one.expected().thread?.deletedAt === null) as ThreadScript;
  const ends = thread.expected().head?.run === null ? [] : [runCompleted()];
  assert.equal(await store.commit(thread.commit(...ends, runStarted("run_new"))), "committed");
  await store.close();
  assert.ok(existsSync(`${fixture.viewFile}.damaged`), "what was met is remembered");
  store = await fixture.open();
  await assertAll(store, threads);
  await store.close();
});

function runSql(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

/** Overwrites the first page of a table or index. */
function damagePage(file: string, name: string): void {
  const db = new DatabaseSync(file);
  const row = db.prepare("select rootpage from sqlite_schema where name = ?").get(name);
  const size = db.prepare("pragma page_size").get()?.page_size as number;
  db.close();
  const bytes = readFileSync(file);
  const from = ((row?.rootpage as number) - 1) * size;
  bytes.fill(0xff, from, from + size);
  writeFileSync(file, bytes);
}

test("RUN14 LOG6 without tables and journal a renewal falls back to the run's last event", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const thread = fixture.script("renewed");
  let store = await fixture.open();
  await store.commit(thread.commit(created(), runStarted("run_1")));
  fixture.clock.advance(5_000);
  await store.commit(thread.commit(event("custom")));
  const heard = fixture.clock.time;
  fixture.clock.advance(5_000);
  await store.commit(thread.commit(leaseRenewed()));
  await fixture.kill(store);
  // What only the journal holds is folded by replay.
  fixture.removeView();
  store = await fixture.open();
  await assertStored(store, thread.key, thread.expected());
  await store.close();
  fixture.removeView();
  store = await fixture.open();
  const run = (await store.load(thread.key))?.head.run;
  assert.deepEqual(run, { ...thread.expected().head?.run, renewedAt: heard });
  await store.close();
});

test("LOG9 LOG14 RUN14 renewals are replayed over tables that know better, and after a deletion", async (t) => {
  for (const last of [[runLapsed()], [runLapsed(), runReopened("run_1")], [deleted()]]) {
    const limits = { segmentBytes: 1_000_000, viewIntervalMs: 1 };
    const fixture = new EmbeddedFixture(t, { limits });
    const thread = fixture.script("ahead");
    let store = await fixture.open();
    await store.commit(thread.commit(created(), runStarted("run_1")));
    fixture.clock.advance(5_000);
    await store.commit(thread.commit(leaseRenewed()));
    await store.commit(thread.commit(...last));
    await eventually("the view holds all three", () => batchOf(fixture) >= 3);
    await fixture.kill(store);
    store = await fixture.open();
    await assertStored(store, thread.key, thread.expected());
    await store.close();
    assert.deepEqual(
      fixture.logs.filter((line) => line.startsWith("damaged")),
      [],
    );
  }
});

test("LOG6 LOG14 a closed rollout whose files' names were both lost comes from the journal", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const thread = fixture.script("two");
  const store = await fixture.open();
  const turn = [event("compaction_started", { compactionId: "cmp_1" }), compacted("rol_second")];
  await store.commit(thread.commit(created(), runStarted("run_1"), ...turn, message("more", "m")));
  await fixture.kill(store);
  // The checkpoint that a loss of power cut short: all but the first rollout reached the disk.
  const whole = fixture.copy(t, 1);
  await (await whole.open()).close();
  for (const { path: from, file } of whole.disk.files()) {
    if (!from.includes("/threads/") || from.includes("rol_two.")) continue;
    fixture.disk.putFile(from.replace(whole.dataDir, fixture.dataDir), file.bytes);
  }
  fixture.removeView();
  const again = await fixture.open();
  await assertStored(again, thread.key, thread.expected());
  await again.commit(thread.commit(message("it takes writes", "m2")));
  await again.close();
});
