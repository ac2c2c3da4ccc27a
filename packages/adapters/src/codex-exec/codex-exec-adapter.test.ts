/** What `codex exec --json` prints: turns, calls by process, and what the stream leaves out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { adapterVersion } from "../source-metadata.ts";
import { fixtureRecords } from "../testing/fixture-records.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

const two = fixtureRecords("codex-exec/two-turns.jsonl");
const cut = fixtureRecords("codex-exec/interrupted.jsonl");
const runIds = (records: readonly unknown[], options = {}) => [
  ...new Set(readRecords("codex-exec", records, options).frames.map(({ runId }) => runId)),
];

test("SRC5 each turn is a run that ends as the stream says, with the tokens of that turn", () => {
  const usage = { input_tokens: 130, output_tokens: 22 };
  const more = [{ type: "turn.started" }, { type: "turn.completed", usage }];
  const { frames } = readRecords("codex-exec", [...two.slice(0, -1), ...more]);
  assert.deepEqual(
    payloadsOf(frames, "run_completed").map(({ status, usage: used }) => [status, used]),
    [
      ["completed", two[19]?.usage],
      ["failed", undefined],
      ["completed", { input_tokens: 30, output_tokens: 2 }],
    ],
  );
});

test("SRC5 a process that ended inside a turn was interrupted, and so were its calls", () => {
  const { frames } = readRecords("codex-exec", cut, { complete: true });
  const [result] = payloadsOf(frames, "tool_result");
  assert.deepEqual([result?.status, result?.synthetic], ["cancelled", true]);
  const [end] = payloadsOf(frames, "run_completed");
  assert.deepEqual(
    [end?.status, end?.reason, end?.synthetic],
    ["cancelled", "process_ended", true],
  );
  assert.equal(typesOf(readRecords("codex-exec", cut).frames).at(-1), "tool_call");
});

test("SRC3 two processes of one thread are told apart, by streamId or by what they did first", () => {
  const [started, turn] = cut;
  assert.equal(runIds(cut)[0], runIds(cut)[0]);
  assert.notEqual(runIds(cut)[0], runIds(two)[0]);
  const item = {
    type: "item.completed",
    item: { id: "item_0", type: "agent_message", text: "ok" },
  };
  const same = [started, turn, item];
  assert.notEqual(runIds(same, { streamId: "1" })[0], runIds(same, { streamId: "2" })[0]);
  const { frames } = readRecords("codex-exec", [...two, ...cut], { streamId: "1" });
  assert.equal(new Set(frames.map(({ threadId }) => threadId)).size, 1);
});

test("SRC5 the prompt the process was given is the first turn's message, marked as added", () => {
  const { frames } = readRecords("codex-exec", two, { prompt: "write c.txt" });
  const [prompt, ...others] = payloadsOf(frames, "user_message");
  assert.deepEqual([prompt?.content, prompt?.synthetic], ["write c.txt", true]);
  assert.deepEqual(others, []);
});

test("SRC12 its thread is not the rollout's, whose id the source names", () => {
  const { headers } = readRecords("codex-exec", two);
  const [header] = Object.values(headers);
  const sessionId = two[0]?.thread_id;
  const source = { format: "codex-exec", sessionId, adapterVersion };
  assert.deepEqual(header?.metadata.source, source);
  assert.notEqual(header?.threadId, `thr_${sessionId}`);
  assert.equal(header?.agentId, "codex");
});
