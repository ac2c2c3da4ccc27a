/**
 * Takes power away at every single step of imports, of what follows them and of the start after
 * them: the thread is as it was before or wholly imported, what was acknowledged is there, nothing
 * staged is left, and the store goes on (MOVE4).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertStored } from "../../testing/assert-stored.ts";
import { checkAfterCrash } from "../../testing/check-after-crash.ts";
import { PromisedThread } from "../../testing/crash-oracle.ts";
import { EmbeddedFixture, type ViewAfterwards } from "../../testing/embedded-fixture.ts";
import { stageHistory } from "../../testing/stage-history.ts";
import {
  compacted,
  created,
  deleted,
  event,
  message,
  renamed,
  runCompleted,
  runStarted,
  type Step,
} from "../../testing/thread-script.ts";
import type { EmbeddedStore } from "./embedded-store.ts";

const kinds: readonly (readonly [name: string, power: boolean, view: ViewAfterwards])[] = [
  ["the process dies, and later power goes", false, "kept"],
  ["power goes, the tables stay", true, "kept"],
  ["power goes, the tables are as they were durable", true, "durable"],
  ["power goes and the tables are lost", true, "gone"],
];
/** Every nth step is a crash; where that begins moves with the kind of crash. */
const stride = 4;

for (const [offset, [name, power, view]] of kinds.entries()) {
  test(`MOVE4 LOG14 LOG9 an import is there wholly or not at all when ${name}`, async (t) => {
    const total = (await workload(new EmbeddedFixture(t), Number.POSITIVE_INFINITY)).edits;
    let crashes = 0;
    for (let step = 1 + offset; step <= total; step += stride) {
      const fixture = new EmbeddedFixture(t, { seed: step });
      const { store, threads } = await workload(fixture, step);
      if (power) await fixture.losePower(store, view);
      else await fixture.kill(store);
      await checkAfterCrash(fixture, threads, { where: `step ${step}`, powerLater: !power });
      assert.deepEqual(fixture.disk.paths(/\/imports\/./), [], "nothing staged is left");
      crashes += 1;
    }
    t.diagnostic(`${crashes} crashes over ${total} steps`);
    assert.ok(crashes > 40);
  });
}

const long = (text: string) => event("assistant_message", { content: text.repeat(80) });
const beginning: readonly Step[] = [
  created({ metadata: { a: 1 } }),
  message("hello", "m1"),
  runStarted("run_1", { agentId: "coder" }),
  long("x"),
  event("compaction_started", { compactionId: "cmp_1" }),
  compacted("rol_second"),
  long("y"),
];
const end: readonly Step[] = [
  runCompleted(),
  message("again", "m2"),
  runStarted("run_2"),
  long("z"),
  event("compaction_started", { compactionId: "cmp_2" }),
  compacted("rol_third"),
  runCompleted("interrupted", { reason: "lease_expired" }),
];
const closing: readonly Step[] = [
  event("run_completed", { status: "interrupted", reason: "imported" }, { numbered: false }),
];

/** Imports of every kind beside an ordinary thread, until the process dies. */
async function workload(fixture: EmbeddedFixture, dieAt: number) {
  const { disk } = fixture;
  const threads = ["new", "grown", "closed", "gone", "beside"].map(
    (name) => new PromisedThread(fixture.script(name), disk),
  );
  const [fresh, grown, closed, gone, beside] = threads as [
    PromisedThread,
    PromisedThread,
    PromisedThread,
    PromisedThread,
    PromisedThread,
  ];
  const wholeOf = (thread: PromisedThread) => {
    const whole = fixture.script(thread.key.threadId.slice("thr_".length));
    whole.commit(...beginning, ...end);
    return whole;
  };
  let store: EmbeddedStore | null = null;
  try {
    store = await fixture.open((files) => files.dieAt(dieAt));
    const opened = store;
    await Promise.all([
      grown.commit(opened, ...beginning),
      closed.commit(opened, ...beginning),
      beside.commit(opened, ...beginning),
    ]);
    await Promise.all([grown.commit(opened, renamed("mine")), closed.commit(opened, ...closing)]);
    await Promise.all([
      fresh.import(opened, wholeOf(fresh)),
      grown.import(opened, wholeOf(grown)),
      closed.import(opened, wholeOf(closed)),
      gone.import(opened, wholeOf(gone)),
      beside.commit(opened, ...end),
    ]);
    if (gone.acknowledged > 0) await gone.commit(opened, deleted());
    for (const thread of [fresh, grown, closed]) {
      if (thread.script.expected().thread === null) continue;
      await thread.commit(opened, runStarted("run_3"), long("later"), runCompleted());
    }
    await store.close();
  } catch (error) {
    if (!fixture.files.dead) throw error;
  }
  return { store, threads, edits: fixture.files.edits };
}

test("MOVE4 STORAGE_UNAVAILABLE a full disk refuses the import and nobody else", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const other = fixture.script("other");
  await store.commit(other.commit(created(), message("before")));
  const whole = fixture.script("full");
  whole.commit(...beginning, ...Array.from({ length: 50 }, () => long("much")), ...end);
  fixture.files.fail({ kind: "write", path: /\/imports\//, code: "ENOSPC", skip: 2 });
  await assert.rejects(stageHistory(store, whole), { code: "STORAGE_UNAVAILABLE" });
  await store.commit(other.commit(message("meanwhile")));
  assert.equal(await store.load(whole.key), null);
  fixture.files.heal();
  const { staged, head } = await stageHistory(store, whole);
  const thread = fixture.script("full");
  await store.commit(thread.import(staged.id, head, whole));
  await assertStored(store, thread.key, thread.expected());
  await assertStored(store, other.key, other.expected());
  await store.close();
});

test("MOVE4 an import that cannot be put in its place is refused, and there in the end", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const thread = fixture.script("moved");
  const whole = fixture.script("moved");
  whole.commit(...beginning, ...end);
  const { staged, head } = await stageHistory(store, whole);
  fixture.files.fail({ kind: "rename", path: /\/threads\//, code: "EIO", skip: 1, times: 2 });
  const commit = thread.import(staged.id, head, whole);
  await assert.rejects(store.commit(commit), { code: "STORAGE_UNAVAILABLE" });
  await staged.discard();
  await assert.rejects(store.load(thread.key), { code: "STORAGE_UNAVAILABLE" });
  await assertStored(store, thread.key, thread.expected());
  await store.close();
  const again = await fixture.open();
  await assertStored(again, thread.key, thread.expected());
  await again.close();
});

test("MOVE4 the rows of an import are written again where the view had refused them", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const thread = fixture.script("rows");
  const whole = fixture.script("rows");
  whole.commit(...beginning, ...end);
  const { staged, head } = await stageHistory(store, whole);
  fixture.view.refuse = "not now";
  const commit = thread.import(staged.id, head, whole);
  await assert.rejects(store.commit(commit), { code: "STORAGE_UNAVAILABLE" });
  fixture.view.refuse = null;
  await assertStored(store, thread.key, thread.expected());
  await store.close();
});

test("MOVE4 what an import left that did not end is gone at the next start", async (t) => {
  const fixture = new EmbeddedFixture(t);
  const store = await fixture.open();
  const whole = fixture.script("left");
  whole.commit(...beginning, ...end);
  await stageHistory(store, whole);
  assert.notDeepEqual(fixture.disk.paths(/\/imports\/./), []);
  await fixture.kill(store);
  const again = await fixture.open();
  assert.deepEqual(fixture.disk.paths(/\/imports\/./), []);
  assert.equal(await again.load(whole.key), null);
  await again.close();
});
