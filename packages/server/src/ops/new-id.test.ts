/** Ids in order, whatever the clock does. */
import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isThreadId } from "@spool/protocol/ids";
import { createIdMaker } from "./new-id.ts";

test("WIRE13 ids sort in the order they were made, with a clock that stands, jumps and falls", () => {
  const times = [1_000, 1_000, 999, 2_000_000_000_000, 1, 2_000_000_000_001];
  let step = 0;
  const newId = createIdMaker({ now: () => times[step % times.length] as number, randomBytes });
  const ids = [];
  for (step = 0; step < 200; step += 1) ids.push(newId("thr"));
  assert.deepEqual(ids.toSorted(), ids);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every(isThreadId));
});

test("WIRE13 a full counter borrows from the next millisecond", () => {
  const newId = createIdMaker({ now: () => 5, randomBytes: (size) => Buffer.alloc(size) });
  let last = "";
  for (let made = 0; made < 32 ** 4 + 10; made += 1) {
    const id = newId("rol");
    assert.ok(id > last);
    last = id;
  }
});
