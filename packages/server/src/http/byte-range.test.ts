/** Ranges and entity tags as RFC 9110 has them (REST11). */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { byteRangeOf, isNoneMatch, UnsatisfiableRange } from "./byte-range.ts";

test("REST11 one range of bytes, whatever its end", () => {
  for (const [header, expected] of [
    ["bytes=0-", { start: 0, end: 10 }],
    ["bytes=9-9", { start: 9, end: 10 }],
    ["BYTES= 2-4 ", { start: 2, end: 5 }],
    ["bytes=2-99", { start: 2, end: 10 }],
    ["bytes=-3", { start: 7, end: 10 }],
    ["bytes=-99", { start: 0, end: 10 }],
    [`bytes=0-${"9".repeat(400)}`, { start: 0, end: 10 }],
    [undefined, null],
    ["", null],
    ["bytes=-", null],
    ["bytes=4-2", null],
    ["bytes=0-1,2-3", null],
    ["bytes=a-b", null],
    ["items=0-1", null],
  ] as const) {
    assert.deepEqual(byteRangeOf(header, 10), expected, header);
  }
});

test("REST11 nothing of the range is there: refused with the size", () => {
  for (const header of ["bytes=10-", "bytes=10-20", "bytes=-0", `bytes=${"9".repeat(400)}-`]) {
    assert.throws(
      () => byteRangeOf(header, 10),
      (error) => error instanceof UnsatisfiableRange && error.size === 10,
    );
  }
  assert.throws(() => byteRangeOf("bytes=-5", 0), UnsatisfiableRange);
});

test("REST11 If-None-Match compares weakly, with lists and *", () => {
  for (const header of ['"a"', 'W/"a"', '"x", "a"', "*", " * "]) {
    assert.equal(isNoneMatch(header, '"a"'), true, header);
  }
  for (const header of [undefined, "", '"b"', "a", '"a']) {
    assert.equal(isNoneMatch(header, '"a"'), false, header);
  }
});
