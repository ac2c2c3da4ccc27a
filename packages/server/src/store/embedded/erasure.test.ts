/**
 * What deletion leaves: after the next checkpoint no file of the data directory holds a word of
 * the thread's content, and a deletion that was answered is finished by the next start (DEL6,
 * DEL7). Searches every byte of every file, the tables and their log included.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually } from "../../testing/eventually.ts";
import {
  compacted,
  created,
  deleted,
  event,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runStarted,
  type ThreadScript,
} from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

const secret = "Zebrafish-4711";

/** A thread that says the secret in every place where content can stand. */
async function tellEverything(store: EmbeddedStore, thread: ThreadScript): Promise<void> {
  const { key } = thread;
  const begin = created({ title: `${secret} 1`, agentId: secret, metadata: { [secret]: secret } });
  const parents = metadataSet({ [`${secret}${key.threadId}`]: [secret] });
  await store.commit(thread.commit(begin, message(`${secret} 2`, `${secret} 3`), parents));
  const run = { metadata: { secret }, agentId: secret, model: secret };
  await store.commit(thread.commit(runStarted("run_1", run), event("custom", { data: secret })));
  await store.commit(thread.commit(event("compaction_started"), compacted("rol_2", secret)));
  await store.commit(thread.commit(runCompleted("failed", { reason: secret, error: secret })));
  for (let at = 0; at < 10; at += 1) {
    await store.commit(thread.commit(message(secret.repeat(9), `${secret}${at}`), renamed(secret)));
  }
}

/** The files in which the secret stands. */
function tellingFiles({ disk, viewFile }: EmbeddedFixture): string[] {
  const telling = disk.files().filter(({ file }) => {
    return [file.bytes, file.stableBytes].some((bytes) => bytes.includes(secret));
  });
  const tables = ["", "-wal", "-shm"].map((suffix) => `${viewFile}${suffix}`);
  const tellingTables = tables.filter(
    (one) => existsSync(one) && readFileSync(one).includes(secret),
  );
  return [...telling.map(({ path }) => path), ...tellingTables];
}

async function prepare(t: TestContext) {
  const fixture = new EmbeddedFixture(t, {
    limits: { checkpointIntervalMs: 10, viewIntervalMs: 1 },
  });
  const store = await fixture.open();
  const [thread, other] = [fixture.script("told"), fixture.script("other")];
  await store.commit(other.commit(created(), message("stays")));
  await tellEverything(store, thread);
  assert.ok(tellingFiles(fixture).length > 0);
  return { fixture, store, thread, other };
}

test("DEL6 after deletion and checkpoint no file holds a word of the thread", async (t) => {
  const { fixture, store, thread, other } = await prepare(t);
  await store.commit(thread.commit(deleted()));
  // The clock stands still but for this: a segment is sealed when it is old enough.
  fixture.clock.advance(10);
  await eventually("everything is erased", () => tellingFiles(fixture).length === 0);
  assert.ok(fixture.disk.paths(/thr_told|told/).every((path) => path.endsWith("thread.json")));
  for (const script of [thread, other]) await assertStored(store, script.key, script.expected());
  await store.close();
});

test("DEL6 a thread deleted before it left the journal is erased as well", async (t) => {
  const fixture = new EmbeddedFixture(t, { limits: { segmentBytes: 1_000_000 } });
  const store = await fixture.open();
  const thread = fixture.script("told");
  await tellEverything(store, thread);
  await store.commit(thread.commit(deleted()));
  await store.close();
  assert.deepEqual(tellingFiles(fixture), []);
});

test("DEL6 content stays erased when the tables are made again", async (t) => {
  const { fixture, store, thread, other } = await prepare(t);
  await store.commit(thread.commit(deleted()));
  await store.close();
  fixture.removeView();
  const again = await fixture.open();
  for (const script of [thread, other]) await assertStored(again, script.key, script.expected());
  await again.close();
  assert.deepEqual(tellingFiles(fixture), []);
});

test("DEL7 a deletion that was answered is finished by the next start", async (t) => {
  // At every step that the checkpoint of a deletion makes, the process dies.
  let step = 1;
  for (let finished = false; !finished; step += 2) {
    const { fixture, store, thread, other } = await prepare(t);
    await store.close();
    const second = await fixture.open();
    assert.equal(await second.commit(thread.commit(deleted())), "committed");
    fixture.files.dieAt(fixture.files.edits + step);
    await second.close();
    finished = !fixture.files.dead;
    if (step % 4 === 1) fixture.disk.losePower(fixture.random);
    if (step % 3 === 0) fixture.removeView();
    const third = await fixture.open();
    for (const script of [thread, other]) await assertStored(third, script.key, script.expected());
    await third.close();
    assert.deepEqual(tellingFiles(fixture), [], `step ${step}`);
  }
  assert.ok(step > 15, "the deletion takes more than a few steps");
});

test("DEL7 LOG6 lines that a deletion kept from the files leave no gap behind", async (t) => {
  // Events in two journal segments, the deletion in the second: at every step of the start that
  // works both off the process dies, and the tables are made again from what is there.
  let died = true;
  for (let step = 1; died; step += 1) {
    const fixture = new EmbeddedFixture(t, { seed: step });
    const thread = fixture.script("told");
    let store = await fixture.open();
    await store.commit(thread.commit(created(), message("in the files")));
    await store.close();
    for (const steps of [[message(secret)], [message(secret), deleted()]]) {
      store = await fixture.open((files) => files.hold("write", /threads/));
      await store.commit(thread.commit(...steps));
      await fixture.kill(store);
    }
    // It may die before it is open; what is left is looked at below.
    const dying = await fixture.open((files) => files.dieAt(step)).catch(() => null); // as ordered
    await dying?.close();
    died = fixture.files.dead;
    fixture.removeView();
    store = await fixture.open();
    await assertStored(store, thread.key, thread.expected());
    await store.close();
    assert.deepEqual(tellingFiles(fixture), []);
    assert.deepEqual(
      fixture.logs.filter((line) => line.startsWith("damaged")),
      [],
    );
  }
});

test("DEL7 LOG6 a thread deleted while a checkpoint writes others leaves no gap behind", async (t) => {
  const { fixture, store, thread } = await prepare(t);
  await store.close();
  const second = await fixture.open();
  const release = fixture.files.hold("write", /threads/);
  const others = [fixture.script("first"), fixture.script("second"), fixture.script("third")];
  for (const one of others) await second.commit(one.commit(created(), message("stays")));
  await second.commit(thread.commit(message(secret)));
  fixture.clock.advance(10);
  const isMade = () => fixture.files.count("make", /thr_first.*jsonl/) > 0;
  await eventually("the checkpoint writes", isMade);
  // Its lines are in the segment that is written, the deletion is in the next.
  assert.equal(await second.commit(thread.commit(deleted())), "committed");
  const segments = () => fixture.disk.files().filter(({ path }) => /journal.*log$/.test(path));
  const [written] = segments();
  release();
  const isGone = () => segments().every(({ path }) => path !== written?.path);
  await eventually("the segment is gone", isGone);
  await fixture.kill(second);
  fixture.removeView();
  const third = await fixture.open();
  for (const script of [thread, ...others]) {
    await assertStored(third, script.key, script.expected());
  }
  await third.close();
  assert.deepEqual(tellingFiles(fixture), []);
});

test("DEL6 nothing of a deleted thread is kept because a reader is under way", async (t) => {
  const { fixture, store, thread } = await prepare(t);
  // A list that is left half read must not keep the log of the tables from being emptied.
  await store.listThreads({
    orgId: "acme",
    ownerUserId: null,
    includeArchived: true,
    agentId: null,
    status: null,
    parentThreadId: null,
    after: null,
    limit: 1,
  });
  await store.commit(thread.commit(deleted()));
  fixture.clock.advance(10);
  await eventually("everything is erased", () => tellingFiles(fixture).length === 0);
  await store.close();
});
