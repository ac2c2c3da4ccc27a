/** What a row says of its peer, and of its goal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Figure, printedTable, ratioToOurs } from "./figure.ts";

const none = { unit: "events/s", p50Ms: null, p99Ms: null, goal: null, note: "" };
const ours: Figure = { ...none, name: "append", value: 3_000 };
const again: Figure = { ...none, name: "append", value: 9_000 };
const peer: Figure = { ...none, name: "peer: other", value: 2_000, versus: "append" };

test("a peer is compared with the first of our figures that it names", () => {
  assert.equal(ratioToOurs(peer, [ours, again, peer]), 1.5);
  assert.equal(ratioToOurs(ours, [ours, again, peer]), null);
});

test("a peer stands alone where ours was not measured", () => {
  assert.equal(ratioToOurs(peer, [peer]), null);
});

test("the table shows the ratio in the peer's row, and goals in ours", () => {
  const goal = { kind: "atLeast", value: 2_500 } as const;
  const [header, , first, second] = printedTable([{ ...ours, goal }, peer]).split("\n");
  assert.match(header ?? "", /^work .* ours ÷ peer$/);
  assert.match(first ?? "", /^append +3,000 events\/s +≥ 2,500 events\/s +reached$/);
  assert.match(second ?? "", /^peer: other +2,000 events\/s +1\.50$/);
});
