/**
 * Contract of staged histories: nobody sees one before its commit, all of it is there with the
 * commit and after a restart, and the thread goes on behind it like any other.
 */
import assert from "node:assert/strict";
import { assertStored, threadsOf } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
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
  ThreadScript,
} from "../../testing/thread-script.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

const long = (at: number) => event("assistant_message", { content: `${at} `.repeat(60) });

/** Registers the tests. */
export function testStaging(test: ContractTest): void {
  const clock = new FakeClock();
  const scriptsOf = (name: string) => {
    const key = { orgId: "acme", threadId: `thr_${name}` };
    return [new ThreadScript(key, clock.now), new ThreadScript(key, clock.now)] as const;
  };
  const life: readonly Step[] = [
    created({ title: "t", metadata: { a: 1 } }),
    message("hello", "m1"),
    runStarted("run_1", { agentId: "coder", metadata: { b: 1 } }),
    ...Array.from({ length: 20 }, (_, at) => long(at)),
    event("compaction_started", { compactionId: "cmp_1" }),
    compacted("rol_second"),
    runCompleted(),
  ];
  const more: readonly Step[] = [
    runStarted("run_2"),
    ...Array.from({ length: 20 }, (_, at) => long(at)),
    event("compaction_started", { compactionId: "cmp_2" }),
    compacted("rol_third"),
    runCompleted("interrupted", { reason: "lease_expired" }),
    message("again", "m2"),
  ];

  test("MOVE4 a staged history is in nobody's sight before its commit", async (store, reopen) => {
    const [thread, whole] = scriptsOf("hidden");
    whole.commit(...life);
    const { staged } = await stageHistory(store, whole);
    assert.equal(await store.load(thread.key), null);
    assert.deepEqual(await store.listThreads(threadsOf()), []);
    await staged.discard();
    for await (const one of andReopened(store, reopen)) {
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("MOVE3 a new thread is there with the commit of its history", async (store, reopen) => {
    const [thread, whole] = scriptsOf("new");
    whole.commit(...life, ...more);
    const { staged, head } = await stageHistory(store, whole);
    assert.equal(await store.commit(thread.import(staged.id, head, whole)), "committed");
    await staged.discard();
    await assertStored(store, thread.key, thread.expected());
    await store.commit(thread.commit(runStarted("run_3"), long(1), renamed("other")));
    for await (const one of andReopened(store, reopen, 2)) {
      await assertStored(one, thread.key, thread.expected());
      await one.commit(thread.commit(message("later"), long(2)));
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("MOVE6 a history takes the place of its own beginning", async (store, reopen) => {
    const [thread, whole] = scriptsOf("grown");
    await store.commit(thread.commit(...life));
    await store.commit(thread.commit(renamed("mine")));
    whole.commit(...life, ...more);
    const { staged, head } = await stageHistory(store, whole);
    assert.equal(await store.commit(thread.import(staged.id, head, whole)), "committed");
    for await (const one of andReopened(store, reopen, 2)) {
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("MOVE8 what closed the history gives way", async (store, reopen) => {
    const [thread, whole] = scriptsOf("closed");
    const open = [...life, runStarted("run_2"), event("compaction_started")];
    await store.commit(thread.commit(...open));
    const end = { compactionId: "", status: "failed", error: "imported", reason: "imported" };
    const closing = [
      event("compaction_completed", end, { numbered: false }),
      event("run_completed", { status: "interrupted", reason: "imported" }, { numbered: false }),
    ];
    await store.commit(thread.commit(...closing));
    whole.commit(...open, compacted("rol_third"));
    const { staged, head } = await stageHistory(store, whole);
    assert.equal(await store.commit(thread.import(staged.id, head, whole)), "committed");
    await assertStored(store, thread.key, thread.expected());
    await store.commit(thread.commit(long(1), runCompleted()));
    for await (const one of andReopened(store, reopen, 2)) {
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("MOVE6 a commit that lost the race leaves the thread as it is", async (store, reopen) => {
    const [thread, whole] = scriptsOf("raced");
    await store.commit(thread.commit(...life));
    whole.commit(...life, ...more);
    const { staged, head } = await stageHistory(store, whole);
    const late = thread.import(staged.id, head, whole);
    thread.rewind(1);
    await store.commit(thread.commit(message("first")));
    assert.equal(await store.commit(late), "conflict");
    await staged.discard();
    for await (const one of andReopened(store, reopen)) {
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("MOVE3 DEL1 an imported thread is deleted like any other", async (store, reopen) => {
    const [thread, whole] = scriptsOf("deleted");
    whole.commit(...life, ...more);
    const { staged, head } = await stageHistory(store, whole);
    await store.commit(thread.import(staged.id, head, whole));
    await store.commit(thread.commit(deleted()));
    for await (const one of andReopened(store, reopen, 2)) {
      await assertStored(one, thread.key, thread.expected());
      assert.deepEqual(await one.listThreads(threadsOf()), []);
    }
  });
}
