/**
 * Contract of deletion: what is left of a thread is that its id was taken, by whom, and when it
 * was deleted, at once on every route and for ever.
 */
import assert from "node:assert/strict";
import { assertStored, eventsOf, threadsOf } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  compacted,
  created,
  deleted,
  event,
  message,
  runCompleted,
  runStarted,
  ThreadScript,
} from "../../testing/thread-script.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testDeletion(test: ContractTest): void {
  const clock = new FakeClock();
  const script = (name: string) =>
    new ThreadScript({ orgId: "acme", threadId: `thr_${name}` }, clock.now);
  const life = () => [
    created({ title: "t", metadata: { a: 1 }, agentId: "coder" }),
    message("hello", "m1"),
    runStarted("run_1", { metadata: { b: 1 } }),
    event("compaction_started"),
    compacted("rol_next"),
  ];

  test("DEL1 DEL3 a deleted thread is gone from every read at once", async (store, reopen) => {
    const thread = script("gone");
    const other = script("gone-2");
    await store.commit(other.commit(...life()));
    // Everything of the first one is in the tables and files before it is deleted.
    await store.commit(thread.commit(...life()));
    const later = await reopen();
    const rollout = thread.expected().rollouts[0];
    await later.commit(thread.commit(runCompleted("cancelled", {}), deleted()));
    for await (const one of andReopened(later, reopen, 2)) {
      await assertStored(one, thread.key, thread.expected());
      const stored = await one.load(thread.key, { runId: "run_1", messageIds: true });
      assert.equal(stored?.head.thread.deletedByUserId, "alice");
      assert.equal(stored?.run, null);
      for (const rolloutId of [rollout?.rolloutId ?? "", "rol_next"]) {
        const { lines } = await one.readEvents(eventsOf(thread.key, { rolloutId }));
        assert.deepEqual(lines, []);
      }
      assert.deepEqual(await one.listThreads(threadsOf()), [other.expected().thread]);
      await assertStored(one, other.key, other.expected());
    }
  });

  test("DEL1 an empty thread, and one that was just made, can be deleted", async (store, reopen) => {
    const empty = script("empty");
    await store.commit(empty.commit(created()));
    await store.commit(empty.commit(deleted("root")));
    const short = script("short");
    await store.commit(short.commit(...life(), deleted()));
    for await (const one of andReopened(store, reopen)) {
      for (const thread of [empty, short]) await assertStored(one, thread.key, thread.expected());
      assert.deepEqual(await one.listThreads(threadsOf({ orgId: null })), []);
    }
  });

  test("DEL4 the id of a deleted thread is not free again", async (store, reopen) => {
    const thread = script("taken");
    await store.commit(thread.commit(...life()));
    await store.commit(thread.commit(deleted()));
    for await (const one of andReopened(store, reopen)) {
      assert.equal(await one.commit(script("taken").commit(created())), "conflict");
      await assertStored(one, thread.key, thread.expected());
    }
  });
}
