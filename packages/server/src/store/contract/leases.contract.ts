/**
 * Contract of leases: a stored renewal is there after a restart and moves nothing but its run, and a
 * run that lapsed is one that may go on, for every read.
 */
import assert from "node:assert/strict";
import { assertStored } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  created,
  event,
  leaseRenewed,
  message,
  renamed,
  runCompleted,
  runLapsed,
  runReopened,
  runStarted,
  ThreadScript,
} from "../../testing/thread-script.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testLeases(test: ContractTest): void {
  const clock = new FakeClock();
  const script = (name: string) => {
    return new ThreadScript({ orgId: "acme", threadId: `thr_${name}` }, clock.now);
  };

  test("RUN14 THR5 a renewal survives restarts and moves nothing of its thread", async (store, reopen) => {
    const thread = script("renewed");
    await store.commit(thread.commit(created(), runStarted("run_1")));
    const before = thread.expected().thread;
    for (let time = 0; time < 3; time += 1) {
      clock.advance(10_000);
      assert.equal(await store.commit(thread.commit(leaseRenewed())), "committed");
    }
    assert.deepEqual(thread.expected().thread, before);
    assert.equal(thread.expected().head?.run?.renewedAt, clock.time);
    for await (const one of andReopened(store, reopen, 3)) {
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("RUN14 renewals among events and other changes keep their thread's order", async (store, reopen) => {
    const thread = script("mixed");
    const commits = [
      thread.commit(created(), runStarted("run_1"), leaseRenewed()),
      thread.commit(leaseRenewed(), event("custom"), renamed("a"), leaseRenewed()),
      thread.commit(leaseRenewed()),
      thread.commit(runCompleted()),
      thread.commit(runStarted("run_2")),
      thread.commit(leaseRenewed(), renamed("b")),
    ];
    const outcomes = await Promise.all(commits.map((commit) => store.commit(commit)));
    assert.deepEqual(new Set(outcomes), new Set(["committed"]));
    for await (const one of andReopened(store, reopen, 2)) {
      await assertStored(one, thread.key, thread.expected());
    }
  });

  test("RUN15 a lapsed run is loaded with its thread, and goes on as it was", async (store, reopen) => {
    const thread = script("lapsed");
    await store.commit(thread.commit(created(), runStarted("run_1", { leaseSeconds: 10 })));
    await store.commit(thread.commit(event("custom"), runLapsed()));
    let again = await reopen();
    await assertStored(again, thread.key, thread.expected());
    assert.equal((await again.load(thread.key))?.head.lapsed?.runId, "run_1");
    await again.commit(thread.commit(message("between"), runReopened("run_1")));
    await assertStored(again, thread.key, thread.expected());
    again = await reopen();
    await assertStored(again, thread.key, thread.expected());
    const head = (await again.load(thread.key))?.head;
    assert.deepEqual([head?.lapsed, head?.run?.leaseSeconds], [null, 10]);
    assert.equal((await again.listRuns({ key: thread.key, before: null, limit: 9 })).length, 1);
    await again.commit(thread.commit(event("custom"), runCompleted()));
    await assertStored(await reopen(), thread.key, thread.expected());
  });
}
