/** Sub-agents of Claude Code sessions are threads of their own, tied to the call that started them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as claude from "../testing/claude-rows.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

const mainId = "thr_5e551011-0000-4000-8000-000000000001";
const task = (id: string, prompt: string) =>
  claude.toolUse(id, "Task", { prompt, description: `do ${prompt}`, subagent_type: "general" });
const side = { isSidechain: true };

test("inline rows of two sub-agents are two threads with their calls as parents", () => {
  const { headers, frames } = readRecords(
    "claude-code",
    claude.session(
      claude.user("hello"),
      claude.assistant("m1", task("t1", "alpha")),
      claude.assistant("m1", task("t2", "beta")),
      claude.user("alpha", { ...side, parentUuid: null }),
      claude.user("beta", { ...side, parentUuid: null }),
      claude.assistant("a1", claude.text("alpha done"), { ...side, parentUuid: claude.rowId(3) }),
      claude.assistant("b1", claude.text("beta done"), { ...side, parentUuid: claude.rowId(4) }),
      claude.result("t2", "beta done"),
      claude.result("t1", "failed", { isError: true }),
    ),
  );
  const children = Object.values(headers).filter(({ threadId }) => threadId !== mainId);
  assert.deepEqual(
    children.map(({ parentThreadId, parentToolCallId, title }) => [
      parentThreadId,
      parentToolCallId,
      title,
    ]),
    [
      [mainId, "t1", "do alpha"],
      [mainId, "t2", "do beta"],
    ],
  );
  const ofChild = (index: number) =>
    frames.filter(({ threadId }) => threadId === children[index]?.threadId);
  const types = ["run_started", "user_message", "assistant_message", "run_completed"];
  assert.deepEqual(typesOf(ofChild(0)), types);
  assert.deepEqual(typesOf(ofChild(1)), types);
  assert.equal(payloadsOf(ofChild(0), "run_completed")[0]?.status, "failed");
  assert.equal(payloadsOf(ofChild(1), "run_completed")[0]?.status, "completed");
  assert.equal(payloadsOf(ofChild(0), "run_started")[0]?.parentToolCallId, "t1");
  const main = frames.filter(({ threadId }) => threadId === mainId);
  assert.equal(payloadsOf(main, "user_message").length, 1);
  assert.equal(payloadsOf(main, "tool_result")[0]?.childThreadId, children[1]?.threadId);
});

test("a row whose parent is missing belongs to the only sub-agent at work", () => {
  const { headers } = readRecords(
    "claude-code",
    claude.session(
      claude.assistant("m1", task("t1", "alpha")),
      claude.user("alpha", { ...side, parentUuid: null }),
      claude.assistant("a1", claude.text("done"), { ...side, parentUuid: "gone" }),
    ),
  );
  assert.equal(Object.keys(headers).length, 2);
});

test("the session's next turn ends sub-agents that were at work inside the last", () => {
  const { frames } = readRecords(
    "claude-code",
    claude.session(
      claude.user("hello"),
      claude.user("alpha", { ...side, parentUuid: null }),
      claude.assistant("a1", claude.text("done"), { ...side, parentUuid: claude.rowId(1) }),
      claude.user("next"),
    ),
  );
  const child = frames.filter(({ threadId }) => threadId !== mainId);
  assert.equal(child.at(-1)?.type, "run_completed");
});

test("a sub-agent's own file is one thread under the session's, its run stays open", () => {
  const own = { ...side, agentId: "a1b2", promptId: "p1" };
  const { headers, frames } = readRecords(
    "claude-code",
    claude.session(
      claude.user("alpha", own),
      claude.assistant("a1", claude.toolUse("t1"), own),
      claude.result("t1", "ok", own),
      claude.assistant("a2", claude.text("done"), own),
    ),
  );
  const [header, ...others] = Object.values(headers);
  assert.deepEqual(others, []);
  assert.equal(header?.threadId, `${mainId}_a1b2`);
  assert.equal(header?.parentThreadId, mainId);
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "user_message",
    "tool_call",
    "tool_result",
    "assistant_message",
  ]);
  // The prompt id is that of the session's turn, so the run is named after the row.
  assert.equal(frames[0]?.runId, `run_${claude.rowId(0)}`);
});

test("a result that names its sub-agent gives the thread that agent's file becomes", () => {
  const { frames } = readRecords(
    "claude-code",
    claude.session(
      claude.user("hello"),
      claude.assistant("m1", claude.toolUse("t1", "Agent", { prompt: "alpha" })),
      claude.result("t1", "done", { toolUseResult: { agentId: "a1b2", totalTokens: 5 } }),
    ),
  );
  assert.equal(payloadsOf(frames, "tool_result")[0]?.childThreadId, `${mainId}_a1b2`);
});

test("a sub-agent that works on in the background is not done with its call", () => {
  const own = { ...side, agentId: "a1b2" };
  const { headers, frames } = readRecords(
    "claude-code",
    claude.session(
      claude.user("hello"),
      claude.assistant("m1", claude.toolUse("t1", "Agent", { prompt: "other words" })),
      claude.user("alpha", own),
      claude.result("t1", "launched", {
        toolUseResult: { agentId: "a1b2", status: "async_launched" },
      }),
      claude.assistant("a1", claude.text("done"), own),
    ),
  );
  const child = frames.filter(({ threadId }) => threadId !== mainId);
  assert.deepEqual(typesOf(child), ["run_started", "user_message", "assistant_message"]);
  assert.equal(headers[`${mainId}_a1b2`]?.parentToolCallId, "t1");
});

const launched = claude.session(
  claude.user("hello"),
  claude.assistant("m1", claude.toolUse("t1", "Agent", { prompt: "alpha", description: "do it" })),
);
const own = { ...side, agentId: "a1b2", promptId: "p1" };
const childRows = claude.session(
  claude.user("alpha", own),
  claude.assistant("a1", claude.text("done"), own),
);

test("SRC7 a sub-agent's own file finds its call by its prompt while the call still runs", () => {
  const { links } = readRecords("claude-code", launched);
  const { headers, frames } = readRecords("claude-code", childRows, { links, complete: true });
  const header = headers[`${mainId}_a1b2`];
  assert.deepEqual([header?.parentThreadId, header?.parentToolCallId], [mainId, "t1"]);
  assert.equal(header?.title, "do it");
  assert.equal(frames.at(-1)?.type, "assistant_message");
});

test("SRC8 the call's result, or a notification, ends the run of the sub-agent's own file", () => {
  const named = (status: string) => ({ toolUseResult: { agentId: "a1b2", status } });
  const noted = (status: string) =>
    claude.user(`<task-notification><task-id>a1b2</task-id><status>${status}</status>`);
  const cases = [
    [[claude.result("t1", "done", named("completed"))], "completed"],
    [[claude.result("t1", "no", { ...named("x"), isError: true })], "failed"],
    [[claude.result("t1", "launched", named("async_launched"))], undefined],
    [[claude.result("t1", "launched", named("async_launched")), noted("killed")], "cancelled"],
  ] as const;
  for (const [rows, status] of cases) {
    const { links } = readRecords("claude-code", [...launched, ...claude.session(...rows)]);
    const { frames } = readRecords("claude-code", childRows, { links, complete: true });
    assert.equal(payloadsOf(frames, "run_completed")[0]?.status, status);
    const growing = readRecords("claude-code", childRows, { links });
    assert.equal(growing.frames.at(-1)?.type, "assistant_message");
  }
});

test("SRC8 a sub-agent's answer that ends its turn ends its run, whoever started it", () => {
  const rows = claude.session(
    claude.user("alpha", own),
    claude.assistant("a1", claude.toolUse("t1"), own),
    claude.result("t1", "ok", own),
    endOfTurn("a2", own),
    claude.user("go on", { ...own, promptId: "p2" }),
    endOfTurn("a3", own),
  );
  const { frames } = readRecords("claude-code", rows);
  const ends = payloadsOf(frames, "run_completed");
  assert.deepEqual(
    ends.map(({ status, reason, synthetic }) => [status, reason, synthetic]),
    [
      ["completed", "end_turn", true],
      ["completed", "end_turn", true],
    ],
  );
  assert.equal(payloadsOf(frames, "run_started").length, 2);
});

test("SRC8 a session that will not grow ends with an answer that ended its turn", () => {
  const rows = claude.session(claude.user("hello"), endOfTurn("a1", {}));
  const open = readRecords("claude-code", rows);
  assert.equal(open.frames.at(-1)?.type, "assistant_message");
  const { frames } = readRecords("claude-code", rows, { complete: true });
  assert.equal(payloadsOf(frames, "run_completed")[0]?.reason, "end_turn");
  const more = [...rows, ...claude.session(claude.user("[Request interrupted by user]"))];
  const interrupted = readRecords("claude-code", more, { complete: true });
  assert.equal(payloadsOf(interrupted.frames, "run_completed")[0]?.status, "cancelled");
});

function endOfTurn(id: string, fields: object): object {
  const row = claude.assistant(id, claude.text("done"), fields) as { message: object };
  return { ...row, message: { ...row.message, stop_reason: "end_turn" } };
}

test("rows of another session in one file are another thread", () => {
  const { headers } = readRecords(
    "claude-code",
    claude.session(claude.user("copied", { sessionId: "older" }), claude.user("hello")),
  );
  assert.deepEqual(Object.keys(headers), ["thr_older", mainId]);
});
