/** Gemini CLI sessions: records that replace each other, documents, sub-agents. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureRecords } from "../testing/fixture-records.ts";
import { payloadsOf, readRecords } from "../testing/read-lines-of.ts";

const upserts = fixtureRecords("gemini-cli/upserts.jsonl");
const [document] = fixtureRecords("gemini-cli/document.json");
const child = fixtureRecords("gemini-cli/sub-agent.jsonl");
const read = (records: readonly unknown[], options = {}) =>
  readRecords("gemini-cli", records, options);

test("SRC1 a record written again gives only what is new in it", () => {
  const said = (records: readonly unknown[]) => read(records).frames.map(({ payload }) => payload);
  const once = said(upserts.slice(0, 6));
  assert.deepEqual(said([...upserts.slice(0, 6), upserts[5]]), once);
  const changed = { ...upserts[5], content: "I have read it." };
  const more = said([...upserts.slice(0, 6), changed]);
  assert.deepEqual(more.slice(0, once.length), once);
  const [replacing] = more.slice(once.length);
  assert.deepEqual(replacing?.content, [{ type: "text", text: "I have read it." }]);
  assert.equal((replacing?.native as { replaces?: string } | undefined)?.replaces, "g1");
  assert.notEqual(replacing?.messageId, "g1");
});

test("SRC5 a call is out before its result, and its outcome is what its status says", () => {
  const { frames } = read(upserts);
  assert.deepEqual(
    payloadsOf(frames, "tool_result").map(({ toolCallId, isError, status }) => [
      toolCallId,
      isError,
      status,
    ]),
    [
      ["read_file-1", false, undefined],
      ["shell-1", true, undefined],
      ["shell-2", null, "cancelled"],
    ],
  );
  const early = read(upserts.slice(0, 5));
  assert.equal(early.frames.at(-1)?.type, "tool_call");
});

test("SRC5 the next prompt ends a turn; an answer without calls does at the end of the file", () => {
  const ends = (options: object) =>
    payloadsOf(read(upserts, options).frames, "run_completed").map(({ status }) => status);
  assert.deepEqual(ends({}), ["completed", "interrupted"]);
  assert.deepEqual(ends({ complete: true }), ["completed", "interrupted", "completed"]);
});

test("SRC3 a document and the log of the same session give the same messages", () => {
  const texts = (records: readonly unknown[]) =>
    payloadsOf(read(records).frames, "assistant_message").map(({ content }) => content);
  assert.deepEqual(texts([document]), texts(upserts));
});

test("SRC7 a sub-agent's file finds its parent by its folder, or by the call that names it", () => {
  const [meta] = child;
  const id = `thr_${meta?.sessionId}`;
  const byFolder = read(child, { parentSessionId: "parent-1" }).headers[id];
  assert.equal(byFolder?.parentThreadId, "thr_parent-1");
  const call = { id: "c1", name: "agent", args: {}, status: "success", agentId: meta?.sessionId };
  const { links } = read([...upserts.slice(0, 2), { ...upserts[2], toolCalls: [call] }]);
  const named = read(child, { links }).headers[id];
  assert.equal(named?.parentThreadId, `thr_${upserts[0]?.sessionId}`);
  assert.equal(named?.parentToolCallId, "c1");
});
