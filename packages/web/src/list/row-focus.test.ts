/** Keys lead from row to row and never beyond the first and the last (WEB15). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { indexAfterKey } from "./row-focus.ts";

test("WEB15 arrows, Home, End and the page keys lead to rows that are there", () => {
  const at = (index: number) => ({ index, count: 50, perPage: 10 });
  assert.equal(indexAfterKey("ArrowDown", at(3)), 4);
  assert.equal(indexAfterKey("ArrowUp", at(3)), 2);
  assert.equal(indexAfterKey("ArrowUp", at(0)), 0);
  assert.equal(indexAfterKey("ArrowDown", at(49)), 49);
  assert.equal(indexAfterKey("PageDown", at(3)), 12);
  assert.equal(indexAfterKey("PageDown", at(45)), 49);
  assert.equal(indexAfterKey("PageUp", at(3)), 0);
  assert.equal(indexAfterKey("Home", at(30)), 0);
  assert.equal(indexAfterKey("End", at(30)), 49);
  assert.equal(indexAfterKey("PageDown", { index: 3, count: 50, perPage: 1 }), 4);
});

test("WEB15 other keys lead nowhere, and no key does in an empty list", () => {
  for (const key of ["Enter", "e", "Delete", "toString", "__proto__"]) {
    assert.equal(indexAfterKey(key, { index: 0, count: 5, perPage: 3 }), null);
  }
  assert.equal(indexAfterKey("Home", { index: -1, count: 0, perPage: 3 }), null);
});
