/**
 * What an acknowledgement means, seen from the disk: nothing is answered, and nothing is read, that
 * is not on stable storage; and one flush serves everybody who waits (LOG1, LOG3, LOG8).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStored, storedRevision } from "../../testing/assert-stored.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { settled } from "../../testing/eventually.ts";
import { created, event, message, renamed } from "../../testing/thread-script.ts";

test("LOG1 every answer comes after its bytes are synced, under load", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { sealedSegmentsMax: 2 } });
  const store = await fixture.open();
  const threads = Array.from({ length: 16 }, (_, at) => {
    return new PromisedThread(fixture.script(`${at}`), fixture.disk);
  });
  const answers: Promise<boolean>[] = [];
  for (let round = 0; round < 25; round += 1) {
    for (const thread of threads) {
      const step = round === 0 ? created() : message(`${thread.key.threadId} ${round}`);
      answers.push(thread.commit(store, step));
    }
    if (round % 5 === 4) await Promise.all(answers);
  }
  assert.ok((await Promise.all(answers)).every(Boolean));
  await store.close();
});

test("LOG3 LOG4 nothing is read and nothing answered before the flush", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const thread = fixture.script("a");
  const release = fixture.files.hold("sync", /journal/);
  let answers = 0;
  const answered = () => {
    answers += 1;
  };
  const commits = [thread.commit(created()), thread.commit(message("m"))];
  const flushed = commits.map((commit) => store.commit(commit).then(answered));
  const lost = store.commit(fixture.script("a").commit(created())).then(answered);
  await settled();
  assert.equal(answers, 0);
  assert.equal(await storedRevision(store, thread.key), 0);
  release();
  await Promise.all([...flushed, lost]);
  await assertStored(store, thread.key, thread.expected());
  await store.close();
});

test("LOG8 what waits together is flushed together, in the order accepted", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { segmentBytes: 1_000_000 } });
  const store = await fixture.open();
  const threads = Array.from({ length: 40 }, (_, at) => fixture.script(`${at}`));
  const release = fixture.files.hold("sync", /journal/);
  const first = store.commit(fixture.script("first").commit(created()));
  await settled();
  const order: number[] = [];
  const answers = threads.flatMap((thread, at) => {
    const commits = [thread.commit(created()), thread.commit(message("m"))];
    return commits.map((commit) => store.commit(commit).then(() => order.push(at)));
  });
  await settled();
  release();
  await Promise.all([first, ...answers]);
  assert.deepEqual(fixture.flushes, [1, 80]);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  await store.close();
});

test("LOG8 a batch takes no more than its bytes, and a longer commit goes alone", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { batchBytesMax: 2_000 } });
  const store = await fixture.open();
  const release = fixture.files.hold("sync", /journal/);
  const first = store.commit(fixture.script("first").commit(created()));
  await settled();
  const answers = ["x", "y".repeat(1_500), "z".repeat(9_000), "x", "x"].map((content, at) => {
    return store.commit(fixture.script(`${at}`).commit(created(), message(content)));
  });
  await settled();
  release();
  await Promise.all([first, ...answers]);
  assert.deepEqual(fixture.flushes, [1, 2, 1, 2]);
  await store.close();
});

test("LOG1 what a killed process wrote is on stable storage before it is read", async (t) => {
  // The bytes are in the cache: a restarted process finds them, a power failure does not.
  for (const fate of ["unsynced", "sync failed"] as const) {
    for (let seed = 1; seed <= 8; seed += 1) {
      const fixture = new EmbeddedFixture(t, { seed });
      const thread = fixture.script("a");
      const store = await fixture.open();
      await store.commit(thread.commit(created()));
      if (fate === "unsynced") fixture.files.hold("sync", /journal/);
      else fixture.files.fail({ kind: "sync", path: /journal/, code: "EIO" });
      void store.commit(thread.commit(message("m".repeat(2_000)))).catch(() => undefined); // cut off
      await settled();
      await fixture.kill(store);
      const again = await fixture.open();
      const version = thread.versionAt(await storedRevision(again, thread.key));
      await fixture.losePower(again);
      const afterwards = await fixture.open();
      await assertStored(afterwards, thread.key, thread.expected(version ?? -1));
      await afterwards.close();
    }
  }
});

test("LOG1 a thread's folder outlives a killed process and a power failure", async (t) => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const fixture = new EmbeddedFixture(t, { seed });
    const thread = fixture.script("a");
    let store = await fixture.open();
    await store.commit(thread.commit(created(), message("m")));
    // The folder is made, but its name is not synced when the process dies.
    fixture.files.hold("syncFolder", /threads/);
    void store.close();
    await settled();
    await fixture.kill(store);
    store = await fixture.open();
    await store.close();
    fixture.disk.losePower(fixture.random);
    store = await fixture.open();
    await assertStored(store, thread.key, thread.expected());
    await store.close();
  }
});

test("LOG1 what a first start left half done is made whole by the next", async (t) => {
  for (let step = 1; step <= 14; step += 1) {
    for (let seed = 1; seed <= 4; seed += 1) {
      const fixture = new EmbeddedFixture(t, { seed });
      const thread = fixture.script("a");
      // Some steps kill it before it is open.
      const dying = await fixture.open((files) => files.dieAt(step)).catch(() => null);
      await fixture.kill(dying);
      let store = await fixture.open();
      await store.commit(thread.commit(created(), message("m")));
      await store.close();
      fixture.disk.losePower(fixture.random);
      store = await fixture.open();
      await assertStored(store, thread.key, thread.expected());
      await store.close();
    }
  }
});

test("LOG14 events alone do not write thread.json again", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const thread = fixture.script("a");
  let store = await fixture.open();
  const made = () => fixture.files.count("make", /thread\.json/);
  await store.commit(thread.commit(created(), message("m"), message("n")));
  await store.close();
  assert.equal(made(), 1);
  store = await fixture.open();
  await store.commit(thread.commit(message("o"), event("custom", {}), message("p")));
  await store.close();
  assert.equal(made(), 0);
  store = await fixture.open();
  await store.commit(thread.commit(message("o"), renamed("t")));
  await store.close();
  assert.equal(made(), 1);
});
