/** Rows stand still while somebody points at them, and fall into place afterwards (WEB11). */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { listedThread } from "../testing/listed-threads.ts";
import { HeldOrder } from "./held-order.ts";
import { byActivity, type ListedThread } from "./listed-thread.ts";

const ids = (threads: readonly ListedThread[]) => threads.map(({ id }) => id.slice(4)).join(" ");
/** Tells the order what changed, as the list does, and has it arranged. */
function arrange(order: HeldOrder, threads: readonly ListedThread[], end: ListedThread | null) {
  for (const thread of threads) order.change(thread);
  return order.arrange(threads, end);
}

const threadsOf = (moments: Readonly<Record<string, number>>): ListedThread[] =>
  Object.entries(moments)
    .map(([name, moment]) => listedThread(`thr_${name}`, moment))
    .sort(byActivity);

test("WEB11 held rows change in place; new and moved ones wait and are counted", () => {
  const order = new HeldOrder();
  const before = threadsOf({ A: 4, B: 3, C: 2 });
  order.hold(before, before.at(-1) as ListedThread);
  const after = threadsOf({ A: 4, B: 3, C: 7, N: 8 });
  const { threads, waiting } = arrange(order, after, before.at(-1) as ListedThread);
  assert.equal(ids(threads), "A B C");
  assert.equal(threads[2]?.updatedAt, after[1]?.updatedAt);
  assert.equal(waiting, 2);
  order.release();
  assert.equal(ids(order.arrange(after, null).threads), "N C A B");
});

test("WEB11 nothing waits where the order is right as it stands", () => {
  const order = new HeldOrder();
  order.hold(threadsOf({ A: 4, B: 3 }), null);
  assert.equal(arrange(order, threadsOf({ A: 9, B: 3 }), null).waiting, 0);
});

test("WEB11 older threads join at the end of held rows", () => {
  const order = new HeldOrder();
  const [end, next] = threadsOf({ B: 3, D: 1 });
  order.hold(threadsOf({ A: 4, B: 3 }), end as ListedThread);
  const more = threadsOf({ A: 4, B: 3, C: 2, D: 1 });
  assert.equal(ids(arrange(order, more, next as ListedThread).threads), "A B C D");
  const all = threadsOf({ N: 9, A: 4, B: 3, C: 2, D: 1, E: 0 });
  const { threads, waiting } = arrange(order, all, null);
  assert.equal(ids(threads), "A B C D E");
  assert.equal(waiting, 1);
});

test("WEB11 a row that is dropped goes at once, one that fits no more stays until let go", () => {
  const order = new HeldOrder();
  order.hold(threadsOf({ A: 4, B: 3, C: 2 }), null);
  order.drop("thr_B");
  order.change(listedThread("thr_C", 6, { status: "idle", title: "C now" }));
  const { threads, waiting } = order.arrange(threadsOf({ A: 4 }), null);
  assert.equal(ids(threads), "A C");
  assert.equal(threads[1]?.title, "C now");
  assert.equal(waiting, 1);
});

test("WEB11 whatever happens, held rows keep their order and letting go gives the list's", () => {
  const moments = fc.dictionary(
    fc.constantFrom("A", "B", "C", "D", "E", "F"),
    fc.nat({ max: 50 }),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(moments, fc.array(moments, { maxLength: 8, size: "max" }), (first, later) => {
      const order = new HeldOrder();
      const before = threadsOf(first);
      order.hold(before, before.at(-1) ?? null);
      let shown = before;
      for (const next of later) {
        const threads = threadsOf(next);
        const arranged = arrange(order, threads, threads.at(-1) ?? null);
        assert.equal(ids(arranged.threads.slice(0, shown.length)), ids(shown));
        assert.equal(arranged.waiting === 0, ids(arranged.threads) === ids(threads));
        shown = [...arranged.threads];
      }
      order.release();
      const last = threadsOf(later.at(-1) ?? first);
      assert.equal(ids(order.arrange(last, null).threads), ids(last));
    }),
    { seed: 11 },
  );
});
