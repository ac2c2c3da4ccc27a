/** Pages of rows that end early (PAGE2, PAGE3). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { cutPage } from "./cut-page.ts";

const big = "x".repeat(5 * 1024 * 1024);

test("PAGE3 one row more than the limit says that more follow", () => {
  const viewOf = (row: number) => ({ row });
  assert.deepEqual(cutPage([1, 2], 2, viewOf), {
    texts: ['{"row":1}', '{"row":2}'],
    lastBeforeMore: null,
  });
  assert.equal(cutPage([1, 2, 3], 2, viewOf).lastBeforeMore, 2);
  assert.deepEqual(cutPage([], 2, viewOf), { texts: [], lastBeforeMore: null });
});

test("PAGE2 a page ends at 8 MiB, but has its first row", () => {
  const page = cutPage(["a", "b", "c"], 10, (row) => ({ row, big }));
  assert.equal(page.texts.length, 1);
  assert.equal(page.lastBeforeMore, "a");
  const huge = cutPage(["a"], 10, (row) => ({ row, big, more: big }));
  assert.equal(huge.texts.length, 1);
  assert.equal(huge.lastBeforeMore, null);
});
