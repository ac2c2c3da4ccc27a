/**
 * Contract of `readEvents` and `readRollout`: any page of any query is what the history says, with
 * the place where the next one begins; a rollout's bytes are its lines, whatever part is asked for.
 */
import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { eventsOf } from "../../testing/assert-stored.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import {
  compacted,
  created,
  type ExpectedEvent,
  event,
  message,
  ThreadScript,
} from "../../testing/thread-script.ts";
import type { EventPage, EventQuery, ThreadStore } from "../thread-store.ts";
import { andReopened, type ContractTest } from "./contract-test.ts";

/** Registers the tests. */
export function testEvents(test: ContractTest): void {
  test("REST5 REST6 any page is what the history says", async (store, reopen) => {
    const thread = await history(store, 3);
    const { events, rollouts } = thread.expected();
    const rolloutIds = [null, null, "rol_unknown", ...rollouts.map(({ rolloutId }) => rolloutId)];
    const random = new SeededRandom(1);
    for await (const one of andReopened(store, reopen)) {
      for (let round = 0; round < 150; round += 1) {
        const query = randomQuery(thread, random, rolloutIds);
        const page = await one.readEvents(query);
        assert.deepEqual(textOf(page), textOf(pageOf(events, query)), JSON.stringify(query));
      }
    }
  });

  test("PAGE3 REST4 walking the pages gives every event once and in order", async (store) => {
    const thread = await history(store, 2);
    for (const order of ["asc", "desc"] as const) {
      for (const type of [null, "user_message", "unknown"]) {
        const walked: string[] = [];
        let query = eventsOf(thread.key, { order, type, limit: 7, bytesMax: 3_000 });
        for (let next: number | null = 0; next !== null; ) {
          const page: EventPage = await store.readEvents(query);
          walked.push(...page.lines.map(String));
          next = page.next;
          if (next !== null) query = { ...query, [order === "asc" ? "from" : "to"]: next };
        }
        const matching = thread
          .expected()
          .events.filter((one) => type === null || one.type === type);
        if (order === "desc") matching.reverse();
        assert.deepEqual(
          walked,
          matching.map(({ line }) => `${line}`),
        );
      }
    }
  });

  test("PAGE2 a page ends at its bytes, never before its first line", async (store) => {
    const thread = new ThreadScript({ orgId: "acme", threadId: "thr_long" }, new FakeClock().now);
    await store.commit(thread.commit(created(), message("x".repeat(5_000)), message("y")));
    const [first, second] = thread.expected().events.map(({ line }) => line.length) as [
      number,
      number,
    ];
    const pageWith = async (bytesMax: number) => {
      const { lines, next } = await store.readEvents(eventsOf(thread.key, { bytesMax }));
      return [lines.length, next];
    };
    assert.deepEqual(await pageWith(1), [1, 2]);
    assert.deepEqual(await pageWith(first + second - 1), [1, 2]);
    assert.deepEqual(await pageWith(first + second), [2, null]);
  });

  test("REST10 any part of a rollout is that part of its lines", async (store, reopen) => {
    const thread = await history(store, 2);
    const random = new SeededRandom(5);
    for await (const one of andReopened(store, reopen)) {
      for (const rollout of thread.expected().rollouts) {
        const whole = Buffer.concat(linesOf(thread, rollout.rolloutId));
        assert.equal(whole.length, rollout.bytes);
        for (let round = 0; round < 40; round += 1) {
          const start = random.below(rollout.bytes + 1);
          const end = start + random.below(rollout.bytes - start + 1);
          const part = await buffer(one.readRollout(thread.key, rollout, { start, end }));
          assert.ok(part.equals(whole.subarray(start, end)), `bytes ${start} to ${end}`);
        }
      }
    }
  });

  test("LOG2 reading goes on while lines are added behind", async (store) => {
    const thread = await history(store, 1);
    const writing = (async () => {
      for (let round = 0; round < 40; round += 1) {
        await store.commit(thread.commit(message(`more ${round}`), event("custom", {})));
      }
    })();
    const events = () => thread.expected().events;
    for (let round = 0; round < 60; round += 1) {
      const order = round % 2 === 0 ? "asc" : "desc";
      const { lines } = await store.readEvents(eventsOf(thread.key, { order }));
      const ascending = order === "asc" ? lines : [...lines].reverse();
      for (const [at, line] of ascending.entries())
        assert.equal(`${line}`, `${events()[at]?.line}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
  });

  test("REST14 an unknown thread or rollout has no events", async (store) => {
    const thread = await history(store, 1);
    const unknown = { orgId: "acme", threadId: "thr_unknown" };
    assert.deepEqual(await store.readEvents(eventsOf(unknown)), { lines: [], next: null });
    const other = eventsOf(thread.key, { rolloutId: "rol_unknown" });
    assert.deepEqual(await store.readEvents(other), { lines: [], next: null });
  });
}

/** A thread of several rollouts with lines of very different lengths, in many commits. */
async function history(store: ThreadStore, rollouts: number): Promise<ThreadScript> {
  const clock = new FakeClock();
  const random = new SeededRandom(rollouts);
  const thread = new ThreadScript({ orgId: "acme", threadId: "thr_history" }, clock.now);
  await store.commit(thread.commit(created()));
  const commits: Promise<unknown>[] = [];
  for (let index = 0; index < rollouts; index += 1) {
    for (let round = 0; round < 12; round += 1) {
      clock.advance(1_000);
      const content = "é".repeat(random.pick([1, 20, 300, 900]));
      const steps = [message(content), event("custom", { name: "n", data: content.length })];
      commits.push(store.commit(thread.commit(...steps.slice(0, 1 + random.below(2)))));
    }
    const end = [event("compaction_started"), compacted(`rol_part-${index}`)];
    if (index < rollouts - 1) commits.push(store.commit(thread.commit(...end)));
    await Promise.all(commits);
  }
  return thread;
}

function randomQuery(
  thread: ThreadScript,
  random: SeededRandom,
  rolloutIds: readonly (string | null)[],
): EventQuery {
  const { length } = thread.expected().events;
  const from = random.below(length + 2);
  return eventsOf(thread.key, {
    rolloutId: random.pick(rolloutIds),
    from,
    to: random.chance(0.3) ? Number.MAX_SAFE_INTEGER : from + random.below(length),
    order: random.pick(["asc", "desc"]),
    type: random.pick([null, null, "user_message", "custom", "compaction_completed"]),
    limit: random.pick([1, 2, 5, 1_000]),
    bytesMax: random.pick([1, 400, 2_500, Number.MAX_SAFE_INTEGER]),
  });
}

function linesOf(thread: ThreadScript, rolloutId: string): Buffer[] {
  const own = thread.expected().events.filter((one) => one.rolloutId === rolloutId);
  return own.map(({ line }) => Buffer.from(`${line}\n`));
}

/** The page as the history says it must be. */
function pageOf(events: readonly ExpectedEvent[], query: EventQuery): EventPage {
  const { rolloutId, from, to, type } = query;
  const matching = events.filter(
    (one) =>
      (rolloutId === null || one.rolloutId === rolloutId) &&
      one.sequence >= from &&
      one.sequence <= to &&
      (type === null || one.type === type),
  );
  if (query.order === "desc") matching.reverse();
  let bytes = 0;
  const full = matching.findIndex(({ line }, at) => {
    bytes += line.length;
    return at >= query.limit || (at > 0 && bytes > query.bytesMax);
  });
  if (full < 0) return { lines: matching.map(({ line }) => line), next: null };
  const next = matching[full]?.sequence ?? null;
  return { lines: matching.slice(0, full).map(({ line }) => line), next };
}

function textOf({ lines, next }: EventPage) {
  return { lines: lines.map(String), next };
}
