/** Proves which turns a compaction keeps word for word. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { historyOf } from "../context/history.ts";
import { keptTurns } from "./keep-last.ts";

const history = (contents: readonly string[]) => {
  const events = contents.flatMap((content, turn) => [
    { sequence: turn * 2 + 1, type: "user_message", payload: { content } },
    { sequence: turn * 2 + 2, type: "assistant_message", payload: { content: `re ${turn}` } },
  ]);
  return historyOf([
    { sequence: 0, type: "assistant_message", payload: { content: "hi" } },
    ...events,
  ]);
};
const head = { type: "user_message", payload: { content: "so far", isSummary: true } };

test("ROL17 the last whole turns stand behind the summary, those there are at most", () => {
  const places = (turns: number) =>
    keptTurns(history(["a", "b", "c"]), turns, "so far").map((item) => item.fromSequence);
  assert.deepEqual(places(1), [undefined, 5, 6]);
  assert.deepEqual(places(2), [undefined, 3, 4, 5, 6]);
  assert.deepEqual(places(100), [undefined, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(keptTurns(history([]), 3, "so far"), [head]);
});

test("ROL17 turns that would make the event too large are left out, whole", () => {
  const big = "x".repeat(3 * 1_024 * 1_024);
  const kept = keptTurns(history([big, big, big]), 3, "so far");
  assert.deepEqual(
    kept.map((item) => item.fromSequence),
    [undefined, 3, 4, 5, 6],
  );
  assert.deepEqual(keptTurns(history([big + big + big]), 1, "so far"), [head]);
});
