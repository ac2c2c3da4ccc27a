/**
 * Bytes of rollouts, indexes and `thread.json` that changed on the disk: told from sound ones,
 * named with file and offset, not served; and one thread's damage is nobody else's (LOG20).
 */
import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import { assertStored, eventsOf, threadsOf } from "../../testing/assert-stored.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture } from "../../testing/embedded-fixture.ts";
import { eventually } from "../../testing/eventually.ts";
import { created, message, renamed } from "../../testing/thread-script.ts";
import { StorageDamage } from "../thread-store.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

/** Two threads of twenty events in several blocks, all in files; the store is closed. */
async function prepare(t: TestContext) {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const [a, b] = ["a", "b"].map((name) => new PromisedThread(fixture.script(name))) as [
    PromisedThread,
    PromisedThread,
  ];
  for (const thread of [a, b]) {
    await thread.commit(store, created({ title: "kept", metadata: { n: 1 } }));
    for (let at = 0; at < 20; at += 1)
      await thread.commit(store, message(`${at} ${"x".repeat(40)}`));
  }
  await store.close();
  return { fixture, a, b };
}

/** The file of thread a with this ending. */
function fileOf({ disk }: EmbeddedFixture, ending: string) {
  const own = disk.files(/thr_a\//).find(({ path }) => path.endsWith(ending));
  assert.ok(own !== undefined, ending);
  return own;
}

async function assertRefused(store: EmbeddedStore, { script }: PromisedThread): Promise<void> {
  const commit = script.commit(message("refused"));
  script.rewind(script.version - 1);
  await assert.rejects(
    store.commit(commit),
    (error) => error instanceof DomainError && error.code === "STORAGE_UNAVAILABLE",
  );
}

test("LOG20 a changed byte of a rollout is named and not served; the rest of it is", async (t) => {
  const { fixture, a, b } = await prepare(t);
  const { path, file } = fileOf(fixture, ".jsonl");
  const middle = Math.floor(file.size / 2);
  file.flip(middle);
  const store = await fixture.open();
  const names = (error: Error) =>
    error instanceof StorageDamage &&
    error.message.includes(path) &&
    /offset \d+/.test(error.message);
  for (const order of ["asc", "desc"] as const) {
    await assert.rejects(store.readEvents(eventsOf(a.key, { order })), names);
    const { lines } = await store.readEvents(eventsOf(a.key, { order, limit: 3 }));
    assert.equal(lines.length, 3, "a page that does not touch the block is served");
  }
  const rollout = a.script.expected().rollouts[0];
  assert.ok(rollout !== undefined);
  const whole = store.readRollout(a.key, rollout, { start: 0, end: rollout.bytes });
  await assert.rejects(buffer(whole), names);
  const part = await buffer(store.readRollout(a.key, rollout, { start: 0, end: 100 }));
  assert.equal(part.length, 100);
  await assertStored(store, b.key, b.script.expected());
  await store.close();
});

test("LOG20 a changed byte of an index is found, and no shorter history is served", async (t) => {
  for (const record of [0, 1, 3]) {
    const { fixture, a, b } = await prepare(t);
    const { path, file } = fileOf(fixture, ".idx");
    file.flip(record * 32 + 9);
    const store = await fixture.open();
    await assert.rejects(
      store.readEvents(eventsOf(a.key)),
      (error) => error instanceof StorageDamage && error.message.includes(path),
    );
    const rollout = a.script.expected().rollouts[0];
    assert.ok(rollout !== undefined);
    const { bytes: end } = rollout;
    await assert.rejects(
      buffer(store.readRollout(a.key, rollout, { start: 0, end })),
      StorageDamage,
    );
    await assertStored(store, b.key, b.script.expected());
    await store.close();
  }
});

test("LOG20 a rollout or index that is gone is damage, not an empty history", async (t) => {
  for (const ending of [".idx", ".jsonl"]) {
    const { fixture, a, b } = await prepare(t);
    fixture.disk.removeFile(fileOf(fixture, ending).path);
    const store = await fixture.open();
    await assert.rejects(store.readEvents(eventsOf(a.key)), StorageDamage);
    await assertStored(store, b.key, b.script.expected());
    await store.close();
  }
});

test("LOG10 an index that cannot be gone on with stops its thread, not the checkpoint", async (t) => {
  const { fixture, a, b } = await prepare(t);
  fileOf(fixture, ".idx").file.flip(32 * 2);
  let store = await fixture.open();
  assert.ok(await a.commit(store, message("accepted: nobody has looked yet")));
  for (let at = 0; at < 30; at += 1) assert.ok(await b.commit(store, message("y".repeat(300))));
  await eventually("the thread is stopped", () => fixture.logs.some((line) => /thr_a/.test(line)));
  await assertRefused(store, a);
  for (let at = 0; at < 30; at += 1) assert.ok(await b.commit(store, message("y".repeat(300))));
  await assertStored(store, b.key, b.script.expected());
  await store.close();
  const kept = fixture.disk.files(/\.log\.damaged$/);
  assert.ok(kept.some(({ file }) => file.bytes.includes("nobody has looked yet")));
  for (let restart = 0; restart < 2; restart += 1) {
    store = await fixture.open();
    await assertRefused(store, a);
    assert.ok(await b.commit(store, message("z")));
    await assertStored(store, b.key, b.script.expected());
    await store.close();
  }
  assert.ok(fixture.disk.paths(/journal\/\d+\.log$/).length <= 2, "the journal is worked off");
});

test("LOG6 LOG10 threads of which the tables cannot be made again are named, and refuse writes", async (t) => {
  for (const [ending, offset] of [
    [".jsonl", 700],
    [".idx", 70],
    ["thread.json", 60],
    ["thread.json", 3],
  ] as const) {
    const { fixture, a, b } = await prepare(t);
    fileOf(fixture, ending).file.flip(offset);
    fixture.removeView();
    for (let restart = 0; restart < 2; restart += 1) {
      const store = await fixture.open();
      assert.ok(
        fixture.logs.some((line) => line.startsWith("damaged: acme/thr_a: ")),
        `${ending} ${offset}`,
      );
      await assertRefused(store, a);
      const afresh = fixture.script("a").commit(created());
      await assert.rejects(store.commit(afresh), DomainError, "its id is not free");
      await assertStored(store, b.key, b.script.expected());
      const listed = await store.listThreads(threadsOf({ ownerUserId: "alice" }));
      assert.ok(listed.some(({ threadId }) => threadId === "thr_b"));
      assert.ok(await b.commit(store, renamed(`title ${restart}`)));
      await store.close();
    }
  }
});

test("LOG6 LOG20 a cut index is found when the tables are made again", async (t) => {
  const { fixture, a, b } = await prepare(t);
  const { file } = fileOf(fixture, ".idx");
  file.replace(Buffer.from(file.bytes.subarray(0, file.size - 32)));
  fixture.removeView();
  const store = await fixture.open();
  assert.ok(fixture.logs.some((line) => line.startsWith("damaged: acme/thr_a: ")));
  await assertRefused(store, a);
  await assertStored(store, b.key, b.script.expected());
  await store.close();
});

test("LOG10 a damage.json that cannot be read stops all writing", async (t) => {
  const { fixture, a } = await prepare(t);
  fixture.disk.putFile(`${fixture.dataDir}/damage.json`, Buffer.from("{"));
  const store = await fixture.open();
  await assertRefused(store, a);
  assert.equal(store.health().state, "refusing");
  await assertStored(store, a.key, a.script.expected());
  await store.close();
});

test("LOG6 a disk that refuses while tables are made again is no damage", async (t) => {
  const { fixture, a, b } = await prepare(t);
  fixture.removeView();
  const fault = { kind: "read", path: /\.jsonl$/, code: "EIO" } as const;
  await assert.rejects(
    fixture.open((files) => files.fail(fault)),
    /EIO/,
  );
  fixture.removeView();
  const store = await fixture.open();
  for (const { key, script } of [a, b]) await assertStored(store, key, script.expected());
  assert.deepEqual(
    fixture.logs.filter((line) => line.startsWith("damaged")),
    [],
  );
  await store.close();
});
