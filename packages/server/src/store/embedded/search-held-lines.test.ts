/** Lines kept for the search index: exactly those of the history as it is, or none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import {
  created,
  event,
  message,
  renamed,
  type Step,
  ThreadScript,
} from "../../testing/thread-script.ts";
import { HeldLines } from "./search-held-lines.ts";
import { storeLimits } from "./store-limits.ts";

const key = { orgId: "acme", threadId: "thr_1" };

function begin(limits: { searchBytes?: number; searchHeldBytes?: number } = {}) {
  const held = new HeldLines({ ...storeLimits, ...limits });
  const script = new ThreadScript(key, new FakeClock().now);
  const commit = (...steps: Step[]) => script.commit(...steps).changes;
  const words = (first: number, last: number) => {
    const lines = held.lines(key, first, last);
    return lines?.map((line) => JSON.parse(line.toString()).payload.content) ?? null;
  };
  return { held, commit, words };
}

test("FIND6 lines that follow each other are kept, those that are not searched only counted", () => {
  const { held, commit, words } = begin();
  held.add(key, commit(created(), message("one"), event("custom", { name: "x", data: 1 })));
  held.add(key, commit(renamed("a title")));
  held.add(key, commit(message("three")));
  assert.deepEqual(words(1, 3), ["one", "three"]);
  assert.deepEqual(words(2, 3), ["three"]);
  assert.deepEqual(words(3, 3), ["three"]);
  assert.equal(words(1, 2), null, "not as far as it goes");
  assert.equal(words(1, 4), null, "more than there is");
  assert.equal(held.lines({ ...key, orgId: "other" }, 1, 3), null);
  held.forget(key);
  assert.equal(words(1, 3), null);
});

test("FIND6 what is missing in between makes it begin anew", () => {
  const { held, commit, words } = begin();
  held.add(key, commit(created(), message("one")));
  commit(message("two"));
  held.add(key, commit(message("three")));
  assert.equal(words(1, 3), null);
  assert.deepEqual(words(3, 3), ["three"]);
});

test("FIND6 MOVE8 an import makes it forget what may be of another history", () => {
  const { held, commit, words } = begin();
  held.add(key, commit(created(), message("one")));
  assert.deepEqual(words(1, 1), ["one"]);
  held.add(key, [{ kind: "thread_imported", stageId: "s", head: {} as never }]);
  assert.equal(words(1, 1), null);
});

test("FIND6 more than is kept of a thread or in all is let go of, and room comes back", () => {
  const long = "x".repeat(400);
  for (const limits of [{ searchBytes: 1_500 }, { searchHeldBytes: 1_500 }]) {
    const { held, commit, words } = begin(limits);
    held.add(key, commit(created(), message(long), message(long)));
    assert.equal(words(1, 2)?.length, 2);
    held.add(key, commit(message(long)));
    assert.equal(words(1, 3), null);
    held.add(key, commit(message(long), message(long)));
    assert.equal(words(4, 5)?.length, 2);
  }
});
