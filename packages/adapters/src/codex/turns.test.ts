/** Where runs of a Codex rollout begin and end, what they carry, and compactions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { adapterVersion } from "../source-metadata.ts";
import * as codex from "../testing/codex-records.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

const threadId = "thr_019d0000-0000-7000-8000-000000000001";

function read(...records: readonly object[]) {
  return readRecords("codex", codex.rollout(codex.sessionMeta(), ...records));
}

function endsOf(frames: ReturnType<typeof read>["frames"]) {
  return payloadsOf(frames, "run_completed").map(({ status, reason }) => [status, reason]);
}

test("PUB3 a turn is a run named after it, numbered from its begin", () => {
  const { frames } = read(...codex.turnStart(), ...codex.prompt("hi"), codex.turnEnd());
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "codex.session_meta",
    "codex.turn_context",
    "user_message",
    "run_completed",
  ]);
  assert.deepEqual(
    frames.map(({ runSequence }) => runSequence),
    [1, 2, 3, 4, 5],
  );
  assert.ok(frames.every((frame) => frame.runId === "run_turn-1" && frame.threadId === threadId));
  const [started] = payloadsOf(frames, "run_started");
  assert.deepEqual(started, {
    agentId: "codex",
    executionMode: "local",
    model: "gpt-test",
    metadata: { turnId: "turn-1", cwd: "/home/dev/project", effort: "low" },
  });
});

test("the thread's header says where it ran and whose sub-agent it is", () => {
  const spawn = { thread_spawn: { parent_thread_id: "parent-1", depth: 1 } };
  const meta = codex.sessionMeta({ source: { subagent: spawn }, git: { branch: "main" } });
  const whole = codex.rollout(meta, ...codex.turnStart(), ...codex.prompt("hi"));
  const { headers, frames } = readRecords("codex", whole);
  const header = headers[threadId];
  assert.equal(header?.parentThreadId, "thr_parent-1");
  assert.deepEqual(header?.metadata.source, {
    format: "codex",
    formatVersion: "0.130.0",
    sessionId: threadId.slice("thr_".length),
    cwd: "/home/dev/project",
    gitBranch: "main",
    adapterVersion,
  });
  assert.equal(payloadsOf(frames, "run_started")[0]?.parentThreadId, "thr_parent-1");
});

test("the first session_meta names the thread, later ones are kept without their instructions", () => {
  const { headers, frames } = read(
    codex.sessionMeta({ id: "another" }),
    codex.sessionMeta(),
    ...codex.turnStart(),
  );
  assert.deepEqual(Object.keys(headers), [threadId]);
  const metas = frames.filter(({ payload }) => /session_meta$/.test(`${payload.name}`));
  assert.equal(metas.length, 3);
  assert.equal(JSON.stringify(metas).split("careful agent").length, 2);
});

test("a turn's end gives status, duration and the tokens it used", () => {
  const tokens = (total: number) =>
    codex.event("token_count", { info: { total_token_usage: { total_tokens: total } } });
  const { frames } = read(
    ...codex.turnStart(),
    tokens(100),
    codex.turnEnd("turn-1", { duration_ms: 5 }),
    ...codex.turnStart("turn-2"),
    tokens(130),
    codex.turnEnd("turn-2", { error: { message: "quota" } }),
  );
  assert.deepEqual(payloadsOf(frames, "run_completed"), [
    { status: "completed", durationMs: 5, usage: { total_tokens: 100 } },
    { status: "failed", error: { message: "quota" }, usage: { total_tokens: 30 } },
  ]);
});

test("a stopped turn is cancelled, and so are its calls without a result", () => {
  const { frames } = read(
    ...codex.turnStart(),
    codex.call("c1"),
    codex.call("c2"),
    codex.output("c1"),
    codex.event("turn_aborted", { turn_id: "turn-1", reason: "interrupted" }),
  );
  assert.deepEqual(endsOf(frames), [["cancelled", "interrupted"]]);
  assert.deepEqual(payloadsOf(frames, "tool_result").at(-1), {
    toolCallId: "c2",
    output: "",
    isError: null,
    status: "cancelled",
    synthetic: true,
  });
});

test("a call whose output never came has its result from its end", () => {
  const end = codex.event("exec_command_end", {
    call_id: "c1",
    aggregated_output: "half",
    exit_code: 130,
  });
  const { frames } = read(
    ...codex.turnStart(),
    codex.call("c1"),
    end,
    codex.event("turn_aborted", { turn_id: "turn-1", reason: "interrupted" }),
  );
  const results = payloadsOf(frames, "tool_result");
  assert.deepEqual(
    results.map(({ output, exitCode }) => [output, exitCode]),
    [["half", 130]],
  );
});

test("a file that ends inside a turn leaves run and calls open", () => {
  const records = codex.rollout(codex.sessionMeta(), ...codex.turnStart(), codex.call("c1"));
  const { frames } = readRecords("codex", records, { complete: true });
  assert.deepEqual(typesOf(frames).slice(-1), ["tool_call"]);
});

test("the next turn's begin ends a turn that nothing ended", () => {
  const { frames } = read(
    ...codex.turnStart(),
    ...codex.answer("so"),
    ...codex.turnStart("turn-2"),
    ...codex.prompt("next"),
  );
  assert.deepEqual(payloadsOf(frames, "run_completed"), [
    { status: "interrupted", reason: "next_turn", synthetic: true },
  ]);
});

test("a turn that is begun twice under one id is one run, a second run has an id of its own", () => {
  const { frames } = read(
    ...codex.turnStart(),
    codex.event("task_started", { turn_id: "turn-1" }),
    ...codex.prompt("hi"),
    codex.turnEnd(),
    ...codex.turnStart(),
    ...codex.prompt("again"),
  );
  const runs = frames.filter(({ type }) => type === "run_started").map(({ runId }) => runId);
  assert.equal(runs.length, 2);
  assert.equal(new Set(runs).size, 2);
});

test("an end of an earlier turn leaves the open one alone", () => {
  const { frames } = read(
    ...codex.turnStart(),
    codex.turnEnd(),
    ...codex.turnStart("turn-2"),
    ...codex.prompt("hi"),
    codex.turnEnd("turn-1"),
    ...codex.answer("still here"),
  );
  assert.equal(payloadsOf(frames, "run_completed").length, 1);
  assert.equal(frames.at(-1)?.runId, "run_turn-2");
});

test("content outside of any turn has a run of its own", () => {
  const records = [...codex.answer("late"), ...codex.prompt("next"), ...codex.answer("yes")];
  const { frames } = read(...records);
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "codex.session_meta",
    "assistant_message",
    "run_completed",
    "run_started",
    "user_message",
    "assistant_message",
  ]);
  assert.deepEqual(endsOf(frames), [["completed", "next_prompt"]]);
  assert.equal(payloadsOf(frames, "run_started")[0]?.synthetic, true);
});

test("a prompt before its turn's begin is part of the turn", () => {
  const { frames } = read(
    codex.event("user_message", { message: "hi" }),
    ...codex.turnStart(),
    ...codex.answer("yes"),
    codex.turnEnd(),
  );
  assert.equal(payloadsOf(frames, "run_started").length, 1);
  assert.deepEqual(endsOf(frames), [["completed", undefined]]);
});

test("records between turns wait for the next run, and come out when the file is complete", () => {
  const records = codex.rollout(
    codex.sessionMeta(),
    ...codex.turnStart(),
    ...codex.prompt("hi"),
    codex.turnEnd(),
    codex.event("thread_settings_applied", { thread_settings: {} }),
  );
  const growing = readRecords("codex", records).frames;
  assert.equal(typesOf(growing).at(-1), "run_completed");
  const complete = readRecords("codex", records, { complete: true }).frames;
  assert.deepEqual(typesOf(complete).slice(-3), [
    "run_started",
    "codex.thread_settings_applied",
    "run_completed",
  ]);
});

test("a compaction inside a turn has the new history as its replacement", () => {
  const history = [
    { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
    { type: "message", role: "user", content: [{ type: "input_text", text: "<env>x</env>" }] },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "yes" }] },
    { type: "function_call", name: "shell", arguments: '{"a":1}', call_id: "c1" },
    { type: "function_call_output", call_id: "c1", output: "ok" },
    { type: "compaction", encrypted_content: "opaque" },
  ];
  const payload = { message: "", replacement_history: history, window_number: 2 };
  const { frames } = read(
    ...codex.turnStart(),
    { type: "compacted", payload },
    codex.event("context_compacted"),
    ...codex.answer("on we go"),
  );
  assert.equal(payloadsOf(frames, "run_started").length, 1);
  assert.deepEqual(payloadsOf(frames, "compaction_started"), [
    { reason: "agent", synthetic: true },
  ]);
  const [done] = payloadsOf(frames, "compaction_completed");
  assert.equal(done?.summary, undefined);
  assert.deepEqual(done?.native, { window_number: 2 });
  assert.deepEqual(done?.replacement, [
    { type: "user_message", payload: { content: "hi" } },
    { type: "custom", payload: { name: "codex.message", data: history[1] } },
    { type: "assistant_message", payload: { content: "yes" } },
    { type: "tool_call", payload: { toolCallId: "c1", name: "shell", input: { a: 1 } } },
    { type: "tool_result", payload: { toolCallId: "c1", output: "ok" } },
    { type: "custom", payload: { name: "codex.compaction", data: history[5] } },
  ]);
});

test("a compaction between turns has a run of its own; a summary in the clear is given", () => {
  const { frames } = read({ type: "compacted", payload: { message: "what happened" } });
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "codex.session_meta",
    "compaction_started",
    "compaction_completed",
    "run_completed",
  ]);
  assert.deepEqual(payloadsOf(frames, "compaction_completed"), [{ summary: "what happened" }]);
});

test("a compaction that left nothing readable still completes", () => {
  const { frames } = read({ type: "compacted", payload: { message: "" } });
  assert.deepEqual(payloadsOf(frames, "compaction_completed"), [{ replacement: [] }]);
});

test("a thread's name becomes its title", () => {
  const { headers } = read(
    ...codex.turnStart(),
    codex.event("thread_name_updated", { thread_name: "Fix the test" }),
  );
  assert.equal(headers[threadId]?.title, "Fix the test");
});

test("records of unknown types are kept, unless only messages are asked for", () => {
  const records = codex.rollout(
    codex.sessionMeta(),
    ...codex.turnStart(),
    { type: "novelty", payload: { a: 1 } },
    codex.event("novel_event"),
    codex.item("novel_item"),
    { type: "strange" },
    ...codex.prompt("hi"),
  );
  const kept = typesOf(readRecords("codex", records).frames);
  assert.deepEqual(kept.slice(3), [
    "codex.novelty",
    "codex.novel_event",
    "codex.novel_item",
    "codex.strange",
    "user_message",
  ]);
  const bare = typesOf(readRecords("codex", records, { messagesOnly: true }).frames);
  assert.deepEqual(bare, ["run_started", "user_message"]);
});

test("a slice without a session_meta is named by the caller, or by its first record", () => {
  const records = codex.rollout(...codex.turnStart(), ...codex.prompt("hi"));
  const named = readRecords("codex", records, { sourceId: "from-name" });
  assert.deepEqual(Object.keys(named.headers), ["thr_from-name"]);
  const [made] = Object.keys(readRecords("codex", records).headers);
  assert.match(made ?? "", /^thr_codex-/);
  assert.deepEqual(Object.keys(readRecords("codex", records).headers), [made]);
});
