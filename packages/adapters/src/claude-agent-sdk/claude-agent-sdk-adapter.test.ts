/** Messages of the Agent SDK: turns, sub-agents, compactions, and what watchers see meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureRecords } from "../testing/fixture-records.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

const partial = fixtureRecords("claude-agent-sdk/partial-messages.jsonl");
const nested = fixtureRecords("claude-agent-sdk/sub-agents-compaction.jsonl");
const read = (records: readonly unknown[], options = {}) =>
  readRecords("claude-agent-sdk", records, options);

test("SRC5 a turn begins with init and ends with result, with what it used and cost", () => {
  const { frames } = read(partial);
  assert.equal(frames[0]?.runId, `run_${partial[0]?.uuid}`);
  const [end] = payloadsOf(frames, "run_completed");
  assert.deepEqual([end?.status, end?.reason, end?.costUsd], ["completed", "completed", 0.01]);
  assert.deepEqual(end?.usage, { input_tokens: 30, output_tokens: 12 });
  const failed = read([partial[0], { ...partial.at(-1), is_error: true, result: "no credit" }]);
  const [failure] = payloadsOf(failed.frames, "run_completed");
  assert.equal(failure?.status, "failed");
  assert.match(JSON.stringify(failure?.error), /"message":"no credit"/);
});

test("SRC10 deltas are live frames with the ids of the messages to come, and their whole text", () => {
  const { live, frames } = read(partial);
  const shown = new Map<string, string>();
  for (const { payload } of live) {
    if (typeof payload.delta !== "string") continue;
    const before = shown.get(`${payload.messageId}`) ?? "";
    assert.equal(payload.offset, before.length);
    shown.set(`${payload.messageId}`, before + payload.delta);
  }
  const said = payloadsOf(frames, "assistant_message").map(({ messageId, content }) => {
    return [messageId, (content as { text: string }[])[0]?.text];
  });
  assert.deepEqual([...shown], said.slice(0, 2));
  const types = live.map(({ type }) => type);
  assert.ok(types.includes("assistant_message_source") && types.includes("tool_call_started"));
});

test("SRC10 deltas that come after their message, or outside a sub-agent's run, are not shown", () => {
  const deltas = partial.filter(({ type }) => type === "stream_event");
  assert.deepEqual(read([...partial.slice(0, -1), ...deltas]).live, read(partial).live);
  const child = deltas.map((event) => ({ ...event, parent_tool_use_id: "toolu_x" }));
  assert.deepEqual(read([partial[0], ...child]).live, []);
});

test("SRC7 a sub-agent's messages are a thread of their own under the call that started it", () => {
  const { headers, frames } = read(nested);
  const [main, child] = Object.values(headers);
  assert.equal(child?.parentThreadId, main?.threadId);
  assert.equal(child?.parentToolCallId, "toolu_a");
  assert.equal(child?.title, "count files");
  const own = frames.filter(({ threadId }) => threadId === child?.threadId);
  assert.deepEqual(typesOf(own), [
    "run_started",
    "user_message",
    "tool_call",
    "tool_result",
    "assistant_message",
    "run_completed",
  ]);
  const result = payloadsOf(frames, "tool_result").find((one) => one.toolCallId === "toolu_a");
  assert.equal(result?.childThreadId, child?.threadId);
});

test("SRC8 a sub-agent in the background ends with its notification", () => {
  const launch = { ...nested[7], tool_use_result: { status: "async_launched", agentId: "a1" } };
  const note = (status: string) => ({
    type: "system",
    subtype: "task_notification",
    task_id: "task1",
    tool_use_id: "toolu_a",
    status,
    session_id: nested[0]?.session_id,
    uuid: "n1",
  });
  const rows = [...nested.slice(0, 7), launch];
  assert.deepEqual(payloadsOf(read(rows).frames, "run_completed"), []);
  const [end] = payloadsOf(read([...rows, note("failed")]).frames, "run_completed");
  assert.equal(end?.status, "failed");
});

test("SRC1 a compaction has its summary where the stream gives one, else an empty one", () => {
  const summaries = (records: readonly unknown[]) =>
    payloadsOf(read(records).frames, "compaction_completed").map(({ summary }) => summary);
  assert.deepEqual(summaries(nested), ["The user asked for a count.", undefined]);
  const without = nested.filter(({ isSynthetic }) => isSynthetic !== true);
  assert.deepEqual(summaries(without), ["", undefined]);
});

test("SRC5 a turn without its result was interrupted: by the next one, or as the process ended", () => {
  const [init, ...rest] = partial;
  const again = { ...init, uuid: "next" };
  const { frames } = read([init, ...rest.slice(0, -1), again, rest.at(-1)]);
  assert.deepEqual(
    payloadsOf(frames, "run_completed").map(({ reason }) => reason),
    ["next_turn", "completed"],
  );
  const ended = read(partial.slice(0, -1), { complete: true });
  assert.equal(payloadsOf(ended.frames, "run_completed")[0]?.reason, "process_ended");
});

test("SRC3 a prompt that comes before its init names the turn itself", () => {
  const [init, prompt, ...rest] = partial;
  const { frames } = read([prompt, init, ...rest]);
  assert.deepEqual([...new Set(frames.map(({ runId }) => runId))], [`run_${prompt?.uuid}`]);
});
