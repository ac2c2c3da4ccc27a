/**
 * Contract of what belongs to a thread besides its events: rollouts and runs, newest first and
 * paged, and the run-less message ids that are remembered.
 */
import assert from "node:assert/strict";
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import { assertStored } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  compacted,
  created,
  event,
  message,
  runCompleted,
  runStarted,
  ThreadScript,
} from "../../testing/thread-script.ts";
import type { PartQuery, ThreadStore } from "../thread-store.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testParts(test: ContractTest): void {
  const clock = new FakeClock();
  const script = (name: string) =>
    new ThreadScript({ orgId: "acme", threadId: `thr_${name}` }, clock.now);

  test("REST9 PAGE3 runs are walked newest first, each once", async (store, reopen) => {
    const thread = script("runs");
    await store.commit(thread.commit(created()));
    for (let at = 0; at < 23; at += 1) {
      clock.advance(10);
      await store.commit(thread.commit(runStarted(`run_${at}`), message("aside")));
      await store.commit(thread.commit(event("custom"), runCompleted("failed", { reason: "x" })));
    }
    await store.commit(thread.commit(runStarted("run_active")));
    for await (const one of andReopened(store, reopen)) {
      const walk = (query: PartQuery) => one.listRuns(query);
      const walked = await walkParts(thread, walk, (row) => row.firstSequence);
      assert.deepEqual(walked, thread.expected().runs.toReversed());
    }
  });

  test("REST9 ROL4 rollouts are walked newest first, each once", async (store, reopen) => {
    const thread = script("rollouts");
    await store.commit(thread.commit(created(), message("first")));
    for (let at = 0; at < 16; at += 1) {
      clock.advance(10);
      const end = [event("compaction_started"), compacted(`rol_part-${at}`), message("m")];
      await store.commit(thread.commit(...end));
    }
    assert.equal(thread.expected().rollouts.length, 17);
    for await (const one of andReopened(store, reopen)) {
      const walk = (query: PartQuery) => one.listRollouts(query);
      const walked = await walkParts(thread, walk, (row) => row.index);
      assert.deepEqual(walked, thread.expected().rollouts.toReversed());
    }
  });

  test("ROL1 several compactions in one commit leave every rollout", async (store, reopen) => {
    const thread = script("turns");
    const turn = (at: number) => [event("compaction_started"), compacted(`rol_turn-${at}`)];
    await store.commit(
      thread.commit(created(), message("m"), ...turn(1), ...turn(2), message("n")),
    );
    await store.commit(thread.commit(...turn(3), message("o"), ...turn(4)));
    await assertStored(store, thread.key, thread.expected());
    await assertStored(await reopen(), thread.key, thread.expected());
  });

  test("PUB11 exactly the last 1,000 message ids are remembered", async (store, reopen) => {
    const thread = script("message-ids");
    await store.commit(thread.commit(created()));
    const total = runlessMessageIdsMax + 350;
    for (let from = 0; from < total; from += 50) {
      const ids = Array.from({ length: 50 }, (_, at) => `id ${from + at}`);
      await store.commit(thread.commit(...ids.map((id) => message("m", id)), message("no id")));
      if (from > 900 && from < 1_200) await assertIds(store, thread);
    }
    await assertIds(store, thread);
    const again = await reopen();
    await assertIds(again, thread);
    await again.commit(thread.commit(message("m", "one more")));
    await assertIds(again, thread);
    await assertIds(await reopen(), thread);
  });

  test("REST9 an unknown thread has no runs and no rollouts", async (store) => {
    const query = { key: script("unknown").key, before: null, limit: 10 };
    assert.deepEqual(await store.listRuns(query), []);
    assert.deepEqual(await store.listRollouts(query), []);
  });
}

async function assertIds(store: ThreadStore, thread: ThreadScript): Promise<void> {
  const stored = await store.load(thread.key, { messageIds: true });
  assert.deepEqual(stored?.messageIds, thread.expected().messageIds);
}

/** All rows, five at a time. */
async function walkParts<Row>(
  { key }: ThreadScript,
  list: (query: PartQuery) => Promise<Row[]>,
  place: (row: Row) => number,
): Promise<Row[]> {
  const walked: Row[] = [];
  let page = await list({ key, before: null, limit: 5 });
  while (page.length > 0) {
    assert.ok(page.length <= 5);
    walked.push(...page);
    page = await list({ key, before: place(page.at(-1) as Row), limit: 5 });
  }
  return walked;
}
