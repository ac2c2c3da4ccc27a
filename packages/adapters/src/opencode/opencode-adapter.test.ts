/** OpenCode sessions: documents, and messages that are written again as they grow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureRecords } from "../testing/fixture-records.ts";
import { payloadsOf, readRecords } from "../testing/read-lines-of.ts";

const [document] = fixtureRecords("opencode/export.json");
const updates = fixtureRecords("opencode/updates.jsonl");
const read = (records: readonly unknown[], options = {}) =>
  readRecords("opencode", records, options);

test("SRC5 turns end as their last message says; one that is not done stays open", () => {
  const { frames } = read([document], { complete: true });
  assert.deepEqual(
    payloadsOf(frames, "run_completed").map(({ status, reason }) => [status, reason]),
    [
      ["completed", "stop"],
      ["completed", "compaction"],
      ["cancelled", "MessageAbortedError"],
    ],
  );
  assert.equal(frames.at(-1)?.type, "tool_call");
});

test("SRC1 a message written again gives only its new parts", () => {
  const said = (records: readonly unknown[]) =>
    read(records).frames.map(({ type, payload }) => [type, payload]);
  const once = said(updates);
  assert.deepEqual(said([...updates, ...updates.slice(1)]), once);
});

test("SRC3 the document and the lines of one session give the same messages and results", () => {
  const outline = (records: readonly unknown[]) =>
    read(records)
      .frames.filter(({ type }) => type !== "custom" && type !== "run_started")
      .map(({ type, payload }) => [type, payload.content ?? payload.output ?? payload.toolCallId]);
  assert.deepEqual(outline([document]), outline(updates));
});

test("SRC7 a task's session is a child of the call that started it", () => {
  const { links, frames } = read([document]);
  const [link] = links;
  const info = { id: link?.sessionId, parentID: "ses_older", title: "count", version: "1" };
  const message = { info: { id: "m", sessionID: link?.sessionId, role: "user" }, parts: [] };
  const text = { id: "p", type: "text", text: "count them" };
  const child = [{ info }, { ...message, parts: [text] }];
  const header = read(child, { links }).headers[`thr_${link?.sessionId}`];
  assert.equal(header?.parentThreadId, frames[0]?.threadId);
  assert.equal(header?.parentToolCallId, "call_o3");
  const alone = read(child).headers[`thr_${link?.sessionId}`];
  assert.deepEqual([alone?.parentThreadId, alone?.title], ["thr_ses_older", "count"]);
});
