/**
 * Contract of `listThreads`: newest activity first, every filter alone and with others, and a walk
 * by the last row's place that stays right while threads move.
 */
import assert from "node:assert/strict";
import { threadsOf } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import {
  archived,
  compacted,
  created,
  deleted,
  event,
  message,
  metadataSet,
  renamed,
  runStarted,
  type Step,
  ThreadScript,
} from "../../testing/thread-script.ts";
import type { ThreadRow } from "../rows.ts";
import type { ThreadQuery, ThreadStore } from "../thread-store.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testLists(test: ContractTest): void {
  test("REST1 REST2 any list is what the threads say", async (store, reopen) => {
    const random = new SeededRandom(7);
    const population = await populate(store, random);
    for await (const one of andReopened(store, reopen)) {
      for (let round = 0; round < 120; round += 1) {
        const query = randomQuery(population, random);
        const rows = await one.listThreads(query);
        assert.deepEqual(idsOf(rows), idsOf(listOf(population, query)), JSON.stringify(query));
        assert.deepEqual(rows, listOf(population, query));
      }
    }
  });

  test("REST1 threads of one millisecond are listed by id, and none is left out", async (store) => {
    const clock = new FakeClock();
    const threads = Array.from({ length: 30 }, (_, at) => {
      const name = String.fromCharCode(at % 2 === 0 ? 65 + at : 97 + at);
      return new ThreadScript({ orgId: "acme", threadId: `thr_${name}` }, clock.now);
    });
    for (const thread of threads) await store.commit(thread.commit(created()));
    const walked = await walk(store, threadsOf({ limit: 4 }));
    assert.deepEqual(idsOf(walked), idsOf(listOf(threads, threadsOf())));
  });

  test("PAGE8 a walk gives each untouched thread once while others move", async (store) => {
    const clock = new FakeClock();
    const random = new SeededRandom(11);
    const threads = Array.from({ length: 60 }, (_, at) => {
      return new ThreadScript({ orgId: "acme", threadId: `thr_${at}` }, clock.now);
    });
    for (const thread of threads) {
      clock.advance(random.below(2));
      await store.commit(thread.commit(created()));
    }
    const firstPageAt = clock.time;
    const touched = new Set<string>();
    const walked = await walk(store, threadsOf({ limit: 7 }), async () => {
      for (let moves = 0; moves < 4; moves += 1) {
        clock.advance(1);
        const thread = random.pick(threads);
        await store.commit(thread.commit(random.pick([message("m"), renamed("t"), archived()])));
        touched.add(thread.key.threadId);
      }
    });
    const ids = idsOf(walked);
    assert.equal(new Set(ids).size, ids.length, "none appears twice");
    for (const thread of threads) {
      const { threadId } = thread.key;
      if (ids.includes(threadId)) continue;
      assert.ok(touched.has(threadId), `${threadId} was not touched and is missing`);
      const updatedAt = thread.expected().thread?.updatedAt ?? 0;
      assert.ok(updatedAt > firstPageAt, "a missing one is newer than the first page");
    }
  });

  test("THR5 only events move a thread in the list", async (store) => {
    const clock = new FakeClock();
    const [one, two] = ["one", "two"].map(
      (name) => new ThreadScript({ orgId: "acme", threadId: `thr_${name}` }, clock.now),
    ) as [ThreadScript, ThreadScript];
    await store.commit(one.commit(created()));
    clock.advance(5);
    await store.commit(two.commit(created()));
    clock.advance(5);
    await store.commit(one.commit(renamed("t"), archived(), metadataSet({ a: 1 })));
    assert.deepEqual(idsOf(await store.listThreads(threadsOf())), ["thr_two", "thr_one"]);
    await store.commit(one.commit(message("m")));
    assert.deepEqual(idsOf(await store.listThreads(threadsOf())), ["thr_one", "thr_two"]);
  });
}

/** Threads of two orgs and three owners, in every state a filter asks for. */
async function populate(store: ThreadStore, random: SeededRandom): Promise<ThreadScript[]> {
  const clock = new FakeClock();
  const threads: ThreadScript[] = [];
  for (let at = 0; at < 80; at += 1) {
    const orgId = random.pick(["acme", "acme", "ACME"]);
    const thread = new ThreadScript({ orgId, threadId: `thr_${at}` }, clock.now);
    threads.push(thread);
    clock.advance(random.below(2));
    const begin = created({
      ownerUserId: random.pick(["alice", "bob", "bob'; --"]),
      agentId: random.pick([null, "coder", "writer"]),
      parentThreadId: random.pick([null, "thr_1", "thr_2"]),
    });
    await store.commit(thread.commit(begin, ...random.pick(states)));
  }
  // Some move again, so that memory and tables both hold rows of every kind.
  for (let at = 0; at < 30; at += 1) {
    const thread = random.pick(threads);
    clock.advance(random.below(2));
    if (thread.expected().thread?.deletedAt !== null) continue;
    await store.commit(thread.commit(random.pick([message("m"), archived(false), deleted()])));
  }
  return threads;
}

const states: readonly Step[][] = [
  [],
  [message("m")],
  [runStarted("run_1")],
  [runStarted("run_1"), event("compaction_started")],
  [event("compaction_started"), compacted("rol_next")],
  [archived()],
  [runStarted("run_1"), archived()],
];

function randomQuery(threads: readonly ThreadScript[], random: SeededRandom): ThreadQuery {
  const place = random.pick(threads).expected().thread;
  return threadsOf({
    orgId: random.pick(["acme", "acme", "acme", "ACME", "none"]),
    ownerUserId: random.pick([null, "alice", "bob", "bob'; --"]),
    includeArchived: random.chance(0.5),
    agentId: random.pick([null, null, "coder", "writer"]),
    status: random.pick([null, null, "idle", "running", "compacting"]),
    parentThreadId: random.pick([null, null, "thr_1"]),
    after: random.chance(0.5) ? place : null,
    limit: random.pick([1, 3, 10, 1_000]),
  });
}

/** The list as the threads say it must be. */
function listOf(threads: readonly ThreadScript[], query: ThreadQuery): ThreadRow[] {
  const rows = threads.flatMap((thread) => thread.expected().thread ?? []);
  const matching = rows.filter(
    (row) =>
      row.deletedAt === null &&
      row.orgId === query.orgId &&
      (query.ownerUserId === null || row.ownerUserId === query.ownerUserId) &&
      (query.includeArchived || row.archivedAt === null) &&
      (query.agentId === null || row.agentId === query.agentId) &&
      (query.status === null || statusOf(row) === query.status) &&
      (query.parentThreadId === null || row.parentThreadId === query.parentThreadId) &&
      (query.after === null || compare(query.after, row) < 0),
  );
  return matching.sort(compare).slice(0, query.limit);
}

type Place = { readonly updatedAt: number; readonly threadId: string };

function compare(a: Place, b: Place): number {
  if (a.updatedAt !== b.updatedAt) return b.updatedAt - a.updatedAt;
  return a.threadId < b.threadId ? 1 : a.threadId > b.threadId ? -1 : 0;
}

function statusOf(row: ThreadRow): string {
  if (row.compaction !== null) return "compacting";
  return row.activeRunId === null ? "idle" : "running";
}

/** All pages of a query; `between` runs after each. */
async function walk(
  store: ThreadStore,
  query: ThreadQuery,
  between: () => Promise<void> = async () => undefined,
): Promise<ThreadRow[]> {
  const walked: ThreadRow[] = [];
  for (let after: Place | null = null; ; ) {
    const page: ThreadRow[] = await store.listThreads({ ...query, after });
    walked.push(...page);
    if (page.length < query.limit) return walked;
    const { updatedAt, threadId } = page.at(-1) as ThreadRow;
    after = { updatedAt, threadId };
    await between();
  }
}

function idsOf(rows: readonly ThreadRow[]): string[] {
  return rows.map(({ threadId }) => threadId);
}
