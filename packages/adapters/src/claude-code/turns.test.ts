/** Where runs of a Claude Code session begin and end, and compactions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as claude from "../testing/claude-rows.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

function read(...rows: readonly object[]) {
  return readRecords("claude-code", claude.session(...rows)).frames;
}

function endsOf(frames: ReturnType<typeof read>) {
  return payloadsOf(frames, "run_completed").map(({ status, reason }) => [status, reason]);
}

const answered = [claude.user("hello"), claude.assistant("m1", claude.text("hi"))];

test("a turn's duration ends it, with the tokens of each message counted once", () => {
  const frames = read(
    claude.user("hello"),
    claude.assistant("m1", claude.text("one")),
    claude.assistant("m1", claude.toolUse("t1")),
    claude.result("t1", "ok"),
    claude.assistant("m2", claude.text("two")),
    claude.system("turn_duration", { durationMs: 1234 }),
  );
  assert.deepEqual(payloadsOf(frames, "run_completed"), [
    {
      status: "completed",
      durationMs: 1234,
      usage: { input_tokens: 20, output_tokens: 10 },
    },
  ]);
});

test("a summary of stop hooks ends the turn; a duration behind it waits for the next run", () => {
  const frames = read(
    ...answered,
    claude.system("stop_hook_summary", { hookErrors: [] }),
    claude.system("turn_duration", { durationMs: 1 }),
    claude.user("next"),
  );
  assert.deepEqual(typesOf(frames).slice(3), [
    "claude-code.system",
    "run_completed",
    "run_started",
    "claude-code.system",
    "user_message",
  ]);
});

test("a stop hook that objects keeps the turn going", () => {
  const frames = read(...answered, claude.system("stop_hook_summary", { hookErrors: ["no"] }));
  assert.deepEqual(endsOf(frames), []);
});

test("the next prompt ends a turn that nothing ended", () => {
  const unanswered = read(claude.user("hello"), claude.user("next"));
  assert.deepEqual(endsOf(unanswered), [["interrupted", "next_prompt"]]);
  const frames = read(...answered, claude.user("next"));
  assert.deepEqual(endsOf(frames), [["completed", "next_prompt"]]);
  assert.equal(payloadsOf(frames, "run_completed")[0]?.synthetic, true);
});

test("a second prompt under the same prompt id belongs to the open turn", () => {
  const frames = read(
    claude.user("one", { promptId: "p1" }),
    claude.user("two", { promptId: "p1" }),
  );
  assert.deepEqual(typesOf(frames), ["run_started", "user_message", "user_message"]);
});

test("an interruption cancels the run and its calls without a result", () => {
  const frames = read(
    claude.user("hello"),
    claude.assistant("m1", claude.toolUse("t1")),
    claude.user("[Request interrupted by user for tool use]"),
  );
  assert.deepEqual(endsOf(frames), [["cancelled", "user_interrupt"]]);
  assert.equal(payloadsOf(frames, "tool_result")[0]?.status, "cancelled");
});

test("a tool result and an interruption in one row are both read", () => {
  const rejected = { type: "tool_result", tool_use_id: "t1", content: "rejected", is_error: true };
  const frames = read(
    claude.user("hello"),
    claude.assistant("m1", claude.toolUse("t1")),
    claude.userBlocks([rejected, claude.text("[Request interrupted by user for tool use]")]),
  );
  assert.deepEqual(
    payloadsOf(frames, "tool_result").map(({ output }) => output),
    ["rejected"],
  );
  assert.deepEqual(endsOf(frames), [["cancelled", "user_interrupt"]]);
});

test("an API error the agent wrote as a message fails the run", () => {
  const frames = read(
    claude.user("hello"),
    claude.assistant("m1", claude.text("API Error: overloaded"), { isApiErrorMessage: true }),
  );
  const [ended] = payloadsOf(frames, "run_completed");
  assert.equal(ended?.status, "failed");
  assert.deepEqual(ended?.error, { message: "API Error: overloaded" });
});

test("a notification the model answers is a run of its own, named after its prompt id", () => {
  const frames = read(
    claude.user("hello", { promptId: "p1" }),
    claude.assistant("m1", claude.text("hi")),
    claude.user("<task-notification>done</task-notification>", { promptId: "p2" }),
    claude.assistant("m2", claude.text("the task is done")),
  );
  assert.deepEqual(endsOf(frames), [["completed", "next_turn"]]);
  assert.equal(frames.at(-1)?.runId, "run_p2");
  assert.deepEqual(typesOf(frames).slice(-3), [
    "run_started",
    "claude-code.user",
    "assistant_message",
  ]);
});

test("a local command while a call is at work does not end the turn", () => {
  const frames = read(
    claude.user("hello", { promptId: "p1" }),
    claude.assistant("m1", claude.toolUse("t1")),
    claude.user("<command-name>/status</command-name>", { promptId: "p2" }),
    claude.result("t1", "ok", { promptId: "p1" }),
  );
  assert.deepEqual(endsOf(frames), []);
  assert.equal(new Set(frames.map(({ runId }) => runId)).size, 1);
});

test("rows of an ended turn that come late wait for the next run", () => {
  const frames = read(
    claude.user("hello", { promptId: "p1" }),
    claude.system("turn_duration", { durationMs: 1 }),
    claude.user("<command-name>/exit</command-name>", { promptId: "p1" }),
    claude.user("again", { promptId: "p2" }),
  );
  assert.deepEqual(typesOf(frames).slice(-3), ["run_started", "claude-code.user", "user_message"]);
  assert.equal(frames.at(-1)?.runId, "run_p2");
});

test("a slice that begins inside a turn has a run of its own", () => {
  const frames = read(
    claude.assistant("m0", claude.text("as I said")),
    claude.user("next", { promptId: "p1" }),
  );
  assert.deepEqual(endsOf(frames), [["completed", "next_prompt"]]);
  assert.equal(payloadsOf(frames, "run_started")[0]?.synthetic, true);
  assert.equal(frames.at(-1)?.runId, "run_p1");
});

const boundary = claude.system("compact_boundary", {
  compactMetadata: { trigger: "auto", preTokens: 900, postTokens: 100, durationMs: 2000 },
});
const summary = claude.user("what happened so far", {
  isCompactSummary: true,
  isVisibleInTranscriptOnly: true,
});

test("a compaction inside a run: the summary row is its summary, no message", () => {
  const frames = read(...answered, boundary, summary, claude.assistant("m2", claude.text("on")));
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "user_message",
    "assistant_message",
    "compaction_started",
    "compaction_completed",
    "assistant_message",
  ]);
  const started = frames[3];
  assert.equal(started?.payload.reason, "auto");
  assert.equal(started?.occurredAt, "2026-03-01T10:00:00.000Z");
  const done = frames[4]?.payload;
  assert.equal(done?.summary, "what happened so far");
  assert.equal(done?.tokensBefore, 900);
  assert.equal(done?.tokensAfter, 100);
});

test("a compaction between turns has a run of its own that ends with it", () => {
  const frames = read(boundary, summary);
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "compaction_started",
    "compaction_completed",
    "run_completed",
  ]);
});

test("a slice that begins with the summary still has the compaction's begin", () => {
  assert.deepEqual(typesOf(read(summary)).slice(1, 3), [
    "compaction_started",
    "compaction_completed",
  ]);
});

test("a compaction whose summary never came has failed when its run ends", () => {
  const frames = read(...answered, boundary, claude.user("next"));
  const [done] = payloadsOf(frames, "compaction_completed");
  assert.equal(done?.status, "failed");
  assert.equal(done?.synthetic, true);
});

test("times that go back do not change the order", () => {
  const frames = read(
    claude.user("hello", { timestamp: "2026-03-01T12:00:00.000Z" }),
    claude.assistant("m1", claude.text("hi"), { timestamp: "2026-03-01T11:00:00.000Z" }),
  );
  assert.deepEqual(
    frames.map(({ occurredAt }) => occurredAt?.slice(11, 13)),
    ["12", "12", "11"],
  );
});
