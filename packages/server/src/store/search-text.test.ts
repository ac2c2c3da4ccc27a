/** Which text of an event is searched. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { searchedText } from "./search-text.ts";

test("FIND1 text of messages and summaries is searched, nothing else", () => {
  const parts = [
    { type: "text", text: "one" },
    { type: "thinking", text: "hidden" },
    { type: "image", text: "no" },
    { type: "text", text: 7 },
    null,
    { type: "text", text: "two" },
  ];
  assert.equal(searchedText("assistant_message", { content: parts }), "one\ntwo");
  assert.equal(searchedText("user_message", { content: "plain" }), "plain");
  assert.equal(searchedText("compaction_completed", { summary: "short" }), "short");
  assert.equal(searchedText("compaction_completed", { status: "failed" }), null);
  for (const type of ["tool_result", "tool_call", "custom", "run_started"]) {
    assert.equal(searchedText(type, { content: "x", output: "x", summary: "x" }), null);
  }
  for (const content of [undefined, null, 7, {}, [], "  "]) {
    assert.equal(searchedText("user_message", { content }), null);
  }
});

test("FIND1 of a long text the first 65,536 units are searched, well formed", () => {
  const text = searchedText("user_message", { content: `${"x".repeat(65_535)}😀 behind` });
  assert.equal(text?.length, 65_536);
  assert.ok(text?.isWellFormed());
});
