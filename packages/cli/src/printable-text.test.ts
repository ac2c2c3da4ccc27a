/** What a terminal must never get from a thread's content. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth, fitWidth, padWidth } from "./display-width.ts";
import { printable, printableLine } from "./printable-text.ts";
import { relativeTime } from "./relative-time.ts";
import { tableLines } from "./table.ts";

test("control characters are spelled out; newlines, tabs and letters stay", () => {
  assert.equal(printable("a\x1b[31mb\x07\x9b2J\x7f\0\r"), "a\\x1b[31mb\\x07\\x9b2J\\x7f\\0\\r");
  assert.equal(printable("one\r\ntwo\n\tthree ä 漢 😀"), "one\ntwo\n\tthree ä 漢 😀");
  assert.equal(printable("abc\u202ecba"), "abc\\u202ecba");
});

test("no text at all gets a control character through", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(printable(text), /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
      assert.doesNotMatch(printableLine(text), /[\0-\x1f\x7f-\x9f]/);
    }),
  );
});

test("wide characters take two columns, marks none", () => {
  assert.equal(displayWidth("abc"), 3);
  assert.equal(displayWidth("漢字"), 4);
  assert.equal(displayWidth("e\u0301"), 1);
  assert.equal(displayWidth("👩‍👩‍👧"), 2);
  assert.equal(fitWidth("漢字漢字", 5), "漢字…");
  assert.equal(fitWidth("abc", 3), "abc");
  assert.equal(padWidth("漢", 4), "漢  ");
});

test("a table's columns line up and its flexible column gives way first", () => {
  const columns = [{ title: "ID" }, { title: "TITLE", flexible: true }, { title: "N" }];
  const rows = [
    ["a", "漢字漢字漢字漢字漢字漢字", "1"],
    ["bb", "x\ty\n\x1bz", "22"],
  ];
  assert.deepEqual(tableLines(columns, rows, 26).slice(1), [
    "a   漢字漢字漢字漢字…   1",
    "bb  x y \\x1bz           22",
  ]);
  assert.ok(tableLines(columns, rows, null)[1]?.includes("漢字漢字漢字漢字漢字漢字"));
});

test("times are told from now on back", () => {
  const now = Date.parse("2026-05-20T12:00:00.000Z");
  const cases = [
    ["2026-05-20T12:00:09.000Z", "now"],
    ["2026-05-20T11:59:18.000Z", "42 s ago"],
    ["2026-05-20T11:15:00.000Z", "45 min ago"],
    ["2026-05-20T02:00:00.000Z", "10 h ago"],
    ["2026-05-10T12:00:00.000Z", "10 d ago"],
    ["2026-04-01T12:00:00.000Z", "2026-04-01"],
  ] as const;
  for (const [time, words] of cases) assert.equal(relativeTime(time, now), words);
});
