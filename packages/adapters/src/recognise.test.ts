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
  ["a Pi session's header", { type: "session", version: 3, id: "x", cwd: "/" }, "pi"],
  ["a Pi entry", { type: "message", id: "1", message: { role: "user", content: "x" } }, "pi"],
  ["another tool's session", { type: "session", id: "x" }, null],
  ["what codex exec prints", { type: "thread.started", thread_id: "x" }, "codex-exec"],
  ["its items", { type: "item.completed", item: { id: "item_0" } }, "codex-exec"],
  ["an Agent SDK message", { type: "system", session_id: "s" }, "claude-agent-sdk"],
  ["a Gemini session's head", { sessionId: "s", projectHash: "p" }, "gemini-cli"],
  [
    "a Gemini message",
    { id: "1", timestamp: "2026-03-01T10:00:00.000Z", type: "gemini", content: "" },
    "gemini-cli",
  ],
  ["an OpenCode document", { info: { id: "ses_1", title: "t" }, messages: [] }, "opencode"],
  ["an OpenCode message", { info: { role: "user", sessionID: "ses_1" }, parts: [] }, "opencode"],
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
