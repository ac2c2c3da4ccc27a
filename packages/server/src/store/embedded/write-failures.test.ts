/**
 * A disk that refuses: what waits is answered 503 and dropped for good, reading goes on, and the
 * store comes back by itself after a full disk, by a restart after anything worse (LOG11–LOG13).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import { assertStored, storedRevision, threadsOf } from "../../testing/assert-stored.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually, settled } from "../../testing/eventually.ts";
import { created, message, renamed } from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

const journal = /journal/;

/** Threads with one acknowledged commit each. */
async function begin(fixture: EmbeddedFixture, store: EmbeddedStore) {
  const threads = ["a", "b", "c"].map(
    (name) => new PromisedThread(fixture.script(name), fixture.disk),
  );
  for (const thread of threads) assert.ok(await thread.commit(store, created(), message("kept")));
  return threads;
}

async function assertRefused(answer: Promise<unknown>, code = "STORAGE_UNAVAILABLE") {
  await assert.rejects(answer, (error) => error instanceof DomainError && error.code === code);
}

/** Everything acknowledged is read as before. */
async function assertKept(store: EmbeddedStore, threads: readonly PromisedThread[]) {
  for (const { key, script, acknowledged } of threads) {
    await assertStored(store, key, script.expected(acknowledged));
  }
  assert.equal((await store.listThreads(threadsOf())).length, threads.length);
}

for (const kind of ["sync", "write"] as const) {
  test(`LOG11 LOG13 after a failed ${kind} reads go on and only a restart helps`, async (t) => {
    const fixture = new EmbeddedFixture(t);
    const store = await fixture.open();
    const threads = await begin(fixture, store);
    fixture.files.fail({ kind, path: journal, code: "EIO", times: 1 });
    // One in the batch that fails, one that waits behind it, one after.
    const [a, b, c] = threads as [PromisedThread, PromisedThread, PromisedThread];
    const release = fixture.files.hold(kind, journal);
    const first = store.commit(a.script.commit(message("dropped 1")));
    await settled();
    const second = store.commit(b.script.commit(message("dropped 2")));
    release();
    await assertRefused(first);
    await assertRefused(second);
    await assertRefused(store.commit(c.script.commit(message("dropped 3"))));
    const health = store.health();
    assert.ok(health.state === "refusing" && /EIO.*restart/.test(health.why));
    await assertKept(store, threads);
    await settled();
    assert.equal(store.health().state, "refusing", "not by itself");
    await store.close();

    const again = await fixture.open();
    assert.equal(again.health().state, "writable");
    for (const thread of threads) await thread.verify(again);
    for (const thread of threads) assert.ok(await thread.commit(again, message("after")));
    await assertKept(again, threads);
    await again.close();
  });
}

test("LOG12 LOG22 what one restart after a failure found stays so", async (t) => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const fixture = new EmbeddedFixture(t, { seed });
    let store = await fixture.open();
    const threads = await begin(fixture, store);
    fixture.files.fail({ kind: "sync", path: journal, code: "EIO" });
    for (const { script } of threads) {
      await assertRefused(store.commit(script.commit(message("dropped"), renamed("dropped"))));
    }
    if (seed % 2 === 0) await fixture.losePower(store);
    else await store.close();
    store = await fixture.open();
    for (const thread of threads) await thread.verify(store);
    for (let restart = 0; restart < 3; restart += 1) {
      await fixture.losePower(store, fixture.random.pick(["kept", "durable", "gone"]));
      store = await fixture.open();
      await assertKept(store, threads);
    }
    await store.close();
  }
});

test("LOG12 LOG13 after a full disk the store goes on by itself, without what it refused", async (t) => {
  const fixture = new EmbeddedFixture(t);
  let store = await fixture.open();
  const threads = await begin(fixture, store);
  for (let round = 0; round < 3; round += 1) {
    await settled();
    fixture.files.freeBytes = 700;
    let refused = 0;
    for (let at = 0; at < 30; at += 1) {
      const thread = fixture.random.pick(threads);
      if (await thread.commit(store, message("x".repeat(200)))) continue;
      refused += 1;
      thread.dropRefused();
    }
    assert.ok(refused > 0);
    await assertKept(store, threads);
    assert.match(fixture.logs.join("\n"), /disk is full/);
    fixture.files.freeBytes = Number.POSITIVE_INFINITY;
    const opened = store;
    await eventually("the store writes again", () => opened.health().state === "writable");
    for (const thread of threads) assert.ok(await thread.commit(store, message("after")));
    await assertKept(store, threads);
    if (round === 1) await store.close();
    else await fixture.losePower(store);
    store = await fixture.open();
    await assertKept(store, threads);
  }
  await store.close();
});

test("LOG12 a batch that was written whole and not flushed does not come back", async (t) => {
  for (const ending of ["killed", "power"]) {
    const fixture = new EmbeddedFixture(t, { limits: { segmentBytes: 100_000 } });
    let store = await fixture.open();
    const threads = await begin(fixture, store);
    // The segment stays in the journal: its checkpoint gets nowhere.
    fixture.files.hold("make", /threads/);
    fixture.files.fail({ kind: "sync", path: journal, code: "ENOSPC", times: 1 });
    const [a, b, c] = threads as [PromisedThread, PromisedThread, PromisedThread];
    const answers = [a.commit(store, message("dropped")), b.commit(store, message("dropped"))];
    assert.deepEqual(await Promise.all(answers), [false, false]);
    const opened = store;
    await eventually("the store writes again", () => opened.health().state === "writable");
    for (const thread of threads) thread.dropRefused();
    assert.ok(await a.commit(store, message("instead")));
    assert.ok(await c.commit(store, renamed("instead")));
    assert.ok(fixture.disk.files(journal).some(({ file }) => file.bytes.includes("dropped")));
    if (ending === "killed") await fixture.kill(store);
    else await fixture.losePower(store);
    store = await fixture.open();
    await assertKept(store, threads);
    assert.ok(await b.commit(store, message("goes on")));
    await store.close();
  }
});

test("LOG13 trying again on a full disk leaves nothing open and nothing lying about", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const [thread] = (await begin(fixture, store)) as [PromisedThread];
  await settled();
  await fillDisk(fixture, store, thread);
  const tries = fixture.files.count("make", journal);
  await eventually("many tries", () => fixture.files.count("make", journal) > tries + 10);
  assert.ok(fixture.disk.paths(/journal\/\d+\.log$/).length <= 4, "no file per try");
  fixture.files.freeBytes = 100;
  await eventually("more tries", () => fixture.files.count("make", journal) > tries + 20);
  fixture.files.freeBytes = Number.POSITIVE_INFINITY;
  await eventually("writing again", () => store.health().state === "writable");
  assert.ok(await thread.commit(store, message("after")));
  await store.close();
  assert.equal(fixture.files.opened, fixture.files.closed);
  assert.equal(fixture.disk.paths(/journal/).length, 1, "only the segment that goes on");
});

test("LOG13 a disk that fails while it is tried again is not tried again", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const [thread] = (await begin(fixture, store)) as [PromisedThread];
  await settled();
  await fillDisk(fixture, store, thread);
  fixture.files.fail({ kind: "sync", path: journal, code: "EIO", times: 1 });
  fixture.files.freeBytes = Number.POSITIVE_INFINITY;
  const failed = () => /EIO/.test((store.health() as { why?: string }).why ?? "");
  await eventually("the failure is told", failed);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.ok(failed(), "only a restart helps");
  await assertKept(store, [thread, ...(await others(fixture, store))]);
  await store.close();
});

/** Commits until nothing fits any more, in segments made ahead neither. */
async function fillDisk(fixture: EmbeddedFixture, store: EmbeddedStore, thread: PromisedThread) {
  fixture.files.freeBytes = 0;
  const tries = () => fixture.files.count("make", journal);
  for (let before = tries(); tries() < before + 3; ) {
    if (!(await thread.commit(store, message("x".repeat(300))))) thread.dropRefused();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function others(fixture: EmbeddedFixture, store: EmbeddedStore) {
  const rows = ["b", "c"].map((name) => new PromisedThread(fixture.script(name)));
  for (const thread of rows) {
    thread.script.commit(created(), message("kept"));
    await thread.verify(store);
  }
  return rows;
}

test("LOG14 a checkpoint that fails is done again and loses nothing", async (t) => {
  for (const kind of ["write", "sync", "rename", "syncFolder", "makeFolder"] as const) {
    const fixture = new EmbeddedFixture(t, { limits: { checkpointIntervalMs: 2 } });
    let store = await fixture.open();
    fixture.files.fail({ kind, path: /threads/, code: "EIO", times: 2 });
    const threads = await begin(fixture, store);
    for (let round = 0; round < 20; round += 1) {
      for (const thread of threads) assert.ok(await thread.commit(store, message("x".repeat(200))));
    }
    const files = fixture.files;
    fixture.clock.advance(1_000);
    await eventually(`segments are freed in spite of ${kind}`, () => {
      return files.count("remove", /journal\/\d+\.log$/) > 2;
    });
    await assertKept(store, threads);
    assert.match(fixture.logs.join("\n"), /checkpoint failed/);
    await store.close();
    fixture.removeView();
    store = await fixture.open();
    await assertKept(store, threads);
    await store.close();
  }
});

test("LOG14 a checkpoint that failed is over before it is done again", async (t) => {
  // While one thread's file is on its way to the disk, another's fails.
  const fixture = new EmbeddedFixture(t, { limits: { checkpointIntervalMs: 2 } });
  let store = await fixture.open();
  const threads = await begin(fixture, store);
  const { files } = fixture;
  const release = files.hold("sync", /thr_a.*jsonl/);
  files.fail({ kind: "sync", path: /thr_b/, code: "EIO", times: 1 });
  fixture.clock.advance(10);
  await eventually("the failure was met", () => files.count("sync", /thr_b/) > 0);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(files.count("sync", /thr_b/), 1, "nothing is done again meanwhile");
  release();
  await eventually("it is done again", () => files.count("remove", /journal\/\d+\.log$/) > 0);
  for (const thread of threads) assert.ok(await thread.commit(store, message("after")));
  await store.close();
  fixture.removeView();
  store = await fixture.open();
  await assertKept(store, threads);
  await store.close();
});

test("LOG5 LOG6 tables that refuse for a while are brought up to date later", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { viewIntervalMs: 1 } });
  let store = await fixture.open();
  fixture.view.refuse = "database is locked";
  const threads = await begin(fixture, store);
  await eventually("it was tried", () => /tables could not/.test(fixture.logs.join("\n")));
  await assertKept(store, threads);
  fixture.view.refuse = null;
  await eventually("the rows are written", () => fixture.view.updates >= 3);
  await assertKept(store, threads);
  await store.close();
  store = await fixture.open();
  await assertKept(store, threads);
  assert.equal(await storedRevision(store, threads[0]?.key as never), 2);
  await store.close();
});

test("LOG11 a store whose disk fails at start does not start, and leaves no lock", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const threads = await begin(fixture, store);
  await store.close();
  for (const kind of ["sync", "write", "make", "syncFolder"] as const) {
    const fault = { kind, path: journal, code: "EIO" };
    await assert.rejects(
      fixture.open((files) => files.fail(fault)),
      /EIO/,
    );
    assert.equal(fixture.files.opened, fixture.files.closed, kind);
  }
  const again = await fixture.open();
  await assertKept(again, threads);
  await again.close();
});
