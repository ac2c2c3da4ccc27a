/** Pi sessions, from their files and from what a running agent prints. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fixtureRecords } from "../testing/fixture-records.ts";
import { payloadsOf, readRecords } from "../testing/read-lines-of.ts";

const session = fixtureRecords("pi/session.jsonl");
const events = fixtureRecords("pi/json-mode.jsonl");
const read = (records: readonly unknown[], options = {}) => readRecords("pi", records, options);

test("SRC5 an answer that stops ends its turn, as it says", () => {
  const { frames } = read(session);
  assert.deepEqual(
    payloadsOf(frames, "run_completed").map(({ status, reason, error }) => [status, reason, error]),
    [
      ["completed", undefined, undefined],
      ["completed", "compaction", undefined],
      ["failed", "error", { message: "overloaded" }],
      ["cancelled", "aborted", undefined],
    ],
  );
});

test("SRC1 a message given while the agent works belongs to its turn, its name is the title", () => {
  const { frames, headers } = read(session);
  const [first, second] = frames.filter(({ type }) => type === "user_message");
  assert.equal(first?.runId, second?.runId);
  assert.equal(Object.values(headers)[0]?.title, "Looking around");
});

test("SRC10 a running agent's words and output are shown, offset by offset, up to the whole", () => {
  const { live, frames } = read(events);
  const shown = new Map<unknown, string>();
  for (const { payload } of live) {
    const id = payload.messageId ?? payload.toolCallId;
    const before = shown.get(id) ?? "";
    assert.equal(payload.offset, before.length);
    shown.set(id, before + payload.delta);
  }
  for (const { messageId, content } of payloadsOf(frames, "assistant_message")) {
    assert.equal(shown.get(messageId), (content as { text: string }[])[0]?.text);
  }
  assert.equal(shown.get("toolu_j1"), "a.txt\nb.txt\n");
});

test("SRC5 a running agent's turn ends with agent_end, or with its process", () => {
  const ends = (records: readonly unknown[], complete: boolean) =>
    payloadsOf(read(records, { complete }).frames, "run_completed").map(({ reason }) => reason);
  assert.deepEqual(ends(events, false), [undefined]);
  assert.deepEqual(ends(events, true), [undefined, "process_ended"]);
  assert.deepEqual(ends(session.slice(0, 5), true), []);
});

test("SRC12 a running agent's thread is not its file's", () => {
  const { headers } = read(events);
  assert.deepEqual(Object.keys(headers), [`thr_${events[0]?.id}-live`]);
  const file = read([events[0], ...session.slice(1)]).headers;
  assert.deepEqual(Object.keys(file), [`thr_${events[0]?.id}`]);
});
