/** Whose session a file is shows in its content. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recognise } from "./recognise.ts";

const cases: readonly [string, object, ReturnType<typeof recognise>][] = [
  ["a rollout's first line", { type: "session_meta", payload: { id: "x" } }, "codex"],
  ["a slice of a rollout", { type: "event_msg", payload: { type: "task_started" } }, "codex"],
  ["the oldest rollouts", { id: "x", timestamp: "t", instructions: null }, "codex"],
  ["a bare item", { type: "message", role: "user", content: [{ type: "input_text" }] }, "codex"],
  ["a user row", { type: "user", sessionId: "s", message: {} }, "claude-code"],
  ["a title row", { type: "summary", summary: "t", leafUuid: "u" }, "claude-code"],
  ["a metadata row", { type: "permission-mode", sessionId: "s" }, "claude-code"],
  ["a snapshot row", { type: "file-history-snapshot", snapshot: {} }, "claude-code"],
  ["another tool's user message", { type: "user", content: "hello" }, null],
  ["another tool's session", { type: "session", version: 3, id: "x" }, null],
  ["anything else", { a: 1 }, null],
];

for (const [name, record, expected] of cases) {
  test(`${name} is ${expected === null ? "nobody's known" : `of ${expected}`}`, () => {
    assert.equal(recognise([JSON.stringify(record)]), expected);
  });
}

test("lines that tell nothing are passed over", () => {
  const row = JSON.stringify({ type: "user", sessionId: "s", message: {} });
  assert.equal(recognise(["", "not json", "{}", row]), "claude-code");
});
