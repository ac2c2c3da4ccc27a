/** Sub-agents stand under their threads, each once, whatever parents they claim (WEB14). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { everyThread } from "../routing/route.ts";
import { listedThread } from "../testing/listed-threads.ts";
import { acceptsOf } from "./list-query.ts";
import { LoadedThreads } from "./loaded-threads.ts";
import { countSubAgents, standingAlone, unfoldedRows } from "./sub-agents.ts";

/** Loaded threads by their number, each with the parent it names. */
function loadedOf(parents: readonly (number | null)[]): LoadedThreads {
  const loaded = new LoadedThreads(acceptsOf(everyThread));
  const threads = parents.map((parent, n) =>
    listedThread(`thr_${n}`, 1_000 - n, {
      parentThreadId: parent === null ? null : `thr_${parent}`,
      createdAt: new Date(n).toISOString(),
      status: n === 2 ? "running" : "idle",
    }),
  );
  loaded.takePage(loaded.beginPage(null), { threads, nextCursor: null });
  return loaded;
}

const numbers = (threads: readonly { readonly id: string }[]) =>
  threads.map(({ id }) => Number(id.slice(4)));

test("WEB14 sub-agents are folded under their thread and unfold in the order they were started", () => {
  const loaded = loadedOf([null, 0, 0, 2, null, 99]);
  const alone = standingAlone(loaded.threads, loaded);
  assert.deepEqual(numbers(alone), [0, 4, 5]);
  assert.deepEqual(countSubAgents("thr_0", loaded), { count: 2, isBusy: true });
  assert.equal(countSubAgents("thr_4", loaded), undefined);
  const once = unfoldedRows(alone, loaded, new Set(["thr_0"]));
  assert.deepEqual(numbers(once.threads), [0, 1, 2, 4, 5]);
  const twice = unfoldedRows(alone, loaded, new Set(["thr_0", "thr_2"]));
  assert.deepEqual(numbers(twice.threads), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(
    [...twice.levels],
    [
      ["thr_1", 2],
      ["thr_2", 2],
      ["thr_3", 3],
    ],
  );
});

test("WEB14 with everything unfolded every thread stands once, in circles too", () => {
  const parents = fc.array(fc.option(fc.nat({ max: 9 })), { maxLength: 9, size: "max" });
  fc.assert(
    fc.property(parents, (parents) => {
      const loaded = loadedOf(parents);
      const alone = standingAlone(loaded.threads, loaded);
      const everything = new Set(parents.map((_, n) => `thr_${n}`));
      const { threads } = unfoldedRows(alone, loaded, everything);
      assert.deepEqual(
        numbers(threads).sort((a, b) => a - b),
        parents.map((_, n) => n),
      );
    }),
    { seed: 14 },
  );
});
