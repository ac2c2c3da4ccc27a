/**
 * Contract of `commit` and `load`: durable in order, all or nothing, decided on a revision, seen
 * by every read as soon as it is answered, there again after a restart.
 */
import assert from "node:assert/strict";
import { assertStored, eventsOf, storedRevision, threadsOf } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  archived,
  compacted,
  created,
  event,
  message,
  metadataSet,
  renamed,
  runCompleted,
  runStarted,
  type Step,
  ThreadScript,
} from "../../testing/thread-script.ts";
import type { ThreadStore } from "../thread-store.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testCommits(test: ContractTest): void {
  const clock = new FakeClock();
  const script = (name: string, orgId = "acme") =>
    new ThreadScript({ orgId, threadId: `thr_${name}` }, clock.now);

  test("LOG1 LOG2 a thread comes back as it was committed, byte for byte", async (store) => {
    const thread = script("whole");
    await commitAll(store, thread, wholeLife(thread, clock));
    await assertStored(store, thread.key, thread.expected());
  });

  test("LOG5 every read sees a commit as soon as it is answered", async (store) => {
    const thread = script("fresh");
    for (const commit of wholeLife(thread, clock)) {
      assert.equal(await store.commit(commit()), "committed");
      await assertStored(store, thread.key, thread.expected());
      const listed = await store.listThreads(threadsOf());
      assert.deepEqual(listed, [thread.expected().thread]);
    }
  });

  test("LOG7 a thread is after a restart as it was answered", async (store, reopen) => {
    const thread = script("restarted");
    await commitAll(store, thread, wholeLife(thread, clock));
    const again = await reopen();
    await assertStored(again, thread.key, thread.expected());
    assert.equal(await again.commit(thread.commit(event("custom"))), "committed");
    await assertStored(again, thread.key, thread.expected());
    await assertStored(await reopen(), thread.key, thread.expected());
  });

  test("LOG8 THR6 commits of a thread keep their order among many at once", async (store) => {
    const threads = Array.from({ length: 24 }, (_, at) => script(`many-${at}`));
    const answers: Promise<string>[] = [];
    for (const thread of threads) answers.push(store.commit(thread.commit(created())));
    for (let round = 0; round < 30; round += 1) {
      for (const thread of threads) {
        answers.push(store.commit(thread.commit(message(`${round}`), event("custom", { round }))));
      }
      if (round % 10 === 9) await Promise.all(answers);
    }
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(["committed"]));
    for (const thread of threads) await assertStored(store, thread.key, thread.expected());
  });

  test("LOG1 a commit on another revision is a conflict that keeps nothing", async (store) => {
    const thread = script("raced");
    await store.commit(thread.commit(created(), message("one")));
    const stale = thread.commit(message("lost"), renamed("lost"));
    thread.rewind(1);
    assert.equal(await store.commit(thread.commit(message("won"))), "committed");
    assert.equal(await store.commit(stale), "conflict");
    assert.equal(await store.commit(script("raced").commit(created())), "conflict");
    await assertStored(store, thread.key, thread.expected());
  });

  test("LOG1 of two commits at once on one revision the first wins", async (store) => {
    const thread = script("at-once");
    await store.commit(thread.commit(created()));
    const first = thread.commit(message("first"));
    thread.rewind(1);
    const second = thread.commit(message("second"));
    thread.rewind(1);
    const outcomes = await Promise.all([store.commit(first), store.commit(second)]);
    assert.deepEqual(outcomes, ["committed", "conflict"]);
    thread.commit(message("first"));
    await assertStored(store, thread.key, thread.expected());
  });

  test("LOG4 who lost a race finds, at the answer, what it lost to", async (store) => {
    const thread = script("lost-to");
    const first = store.commit(thread.commit(created()));
    const other = script("lost-to");
    assert.equal(await store.commit(other.commit(created({ title: "mine" }))), "conflict");
    assert.equal(await storedRevision(store, thread.key), 1);
    assert.equal(await first, "committed");
  });

  test("LOG1 no reader ever sees a part of a commit", async (store) => {
    const thread = script("halves");
    const answers: Promise<string>[] = [store.commit(thread.commit(created()))];
    const whole = new Set([0, 1]);
    for (let at = 0; at < 40; at += 1) {
      const steps = [message("a"), renamed(`title ${at}`), message("b"), archived(at % 2 === 0)];
      answers.push(store.commit(thread.commit(...steps)));
      whole.add(thread.revision);
    }
    for (let at = 0; at < 40; at += 1) {
      const revision = await storedRevision(store, thread.key);
      assert.ok(whole.has(revision), `revision ${revision} is between two commits`);
      const { lines } = await store.readEvents(eventsOf(thread.key));
      assert.equal(lines.length % 2, 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(answers);
    await assertStored(store, thread.key, thread.expected());
  });

  test("ORG1 the same thread id in two orgs is two threads", async (store, reopen) => {
    const [one, two] = [script("shared", "acme"), script("shared", "ACME")];
    await store.commit(one.commit(created({ title: "one" }), message("of one")));
    await store.commit(two.commit(created({ ownerUserId: "bob" })));
    await store.commit(two.commit(message("of two"), metadataSet({ two: true })));
    for (const thread of [one, two]) await assertStored(store, thread.key, thread.expected());
    const again = await reopen();
    for (const thread of [one, two]) await assertStored(again, thread.key, thread.expected());
  });

  test("LOG1 what was accepted before the store closes is kept", async (store, reopen) => {
    const thread = script("closing");
    const answers = Array.from({ length: 20 }, (_, at) =>
      store.commit(at === 0 ? thread.commit(created()) : thread.commit(message(`${at}`))),
    );
    const again = reopen();
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(["committed"]));
    await assertStored(await again, thread.key, thread.expected());
  });

  test("LOG1 a store that is well says so, and an unknown thread is none", async (store) => {
    assert.equal(store.health().state, "writable");
    await assertStored(store, script("unknown").key, script("unknown").expected());
    assert.deepEqual(await store.listThreads(threadsOf()), []);
  });

  test("RUN4 a run is found by its id, active, ended or of long ago", async (store, reopen) => {
    const thread = script("runs");
    await store.commit(thread.commit(created()));
    for (let at = 0; at < 5; at += 1) {
      await store.commit(
        thread.commit(runStarted(`run_${at}`, { metadata: { at } }), event("custom")),
      );
      if (at < 4) await store.commit(thread.commit(runCompleted("failed", { reason: `no ${at}` })));
    }
    for await (const one of andReopened(store, reopen)) {
      for (const row of thread.expected().runs) {
        const found = await one.load(thread.key, { runId: row.runId });
        assert.deepEqual(found?.run, row);
        assert.equal(found?.messageIds, null, "what was not asked for is not read");
      }
      assert.equal((await one.load(thread.key, { runId: "run_x" }))?.run, null);
    }
  });
}

/** Commits that use every kind of change: one after the other, each made when it is called. */
function wholeLife(thread: ThreadScript, clock: FakeClock) {
  const at = (...steps: Step[]) => {
    return () => {
      clock.advance(7);
      return thread.commit(...steps);
    };
  };
  const ids = { parentThreadId: "thr_parent", parentToolCallId: "call 1" };
  return [
    at(created({ ...ids, metadata: { a: [1, null, "ä"] }, executionMode: "managed" })),
    at(message("hello", "m1"), renamed("hello", "message")),
    at(runStarted("run_1", { agentId: "coder", leaseSeconds: 60, metadata: { n: 1 } })),
    at(event("assistant_message", { content: "hi" }), event("tool_call", { input: {} })),
    at(message("aside", "m2")),
    at(event("compaction_started", { compactionId: "cmp_1" })),
    at(event("custom", { between: true }), compacted("rol_second"), event("custom", {})),
    at(runCompleted("completed", { reason: "done" })),
    at(archived(), metadataSet({ b: 2 }), renamed(null)),
    at(runStarted("run_2"), event("custom", {}, { occurredAt: "2026-01-31T13:00:00+01:00" })),
    at(archived(false), runCompleted("cancelled")),
    at(event("compaction_started", {}, { numbered: false }), compacted("rol_third", "b")),
  ];
}

async function commitAll(
  store: ThreadStore,
  thread: ThreadScript,
  commits: ReturnType<typeof wholeLife>,
): Promise<void> {
  for (const commit of commits) assert.equal(await store.commit(commit()), "committed");
  assert.ok(thread.version === commits.length);
}
