/** What a terminal shows of frames: headings, text in flight shown once, content made harmless. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { Received } from "@spool/client/watch-progress";
import { FramePrinter } from "./frame-printer.ts";

const at = "2026-05-20T12:00:00.000Z";
let sequence = 0;

function event(type: string, payload: object): Received {
  sequence += 1;
  const ids = { threadId: "thr_a", rolloutId: "rol_a", runId: "run_0123456789" };
  const frame = { sequence, type, ...ids, createdAt: at, payload: payload as never };
  return { kind: "event", frame, text: "" };
}

function transient(type: string, payload: object): Received {
  const ids = { threadId: "thr_a", rolloutId: "rol_a", runId: "run_0123456789" };
  const frame = { type, ...ids, sequenceNumber: 1, payload: payload as never };
  return { kind: "transient", frame, text: "" };
}

/** The frames as printed, without colours, date lines, numbers and times. */
function shown(...frames: Received[]): string[] {
  const printer = new FramePrinter({ columns: () => 60, now: () => Date.parse(at) });
  const text = frames.map((frame) => printer.textOf(frame)).join("") + printer.endLine();
  return stripVTControlCharacters(text)
    .split("\n")
    .slice(1, -1)
    .map((line) => line.replace(/^ *\d* \d\d:\d\d:\d\d /, ""));
}

test("a run's events are headings with their text below", () => {
  assert.deepEqual(
    shown(
      event("run_started", { agentId: "codex", model: "gpt" }),
      event("user_message", { content: "one\ntwo" }),
      event("assistant_message", {
        content: [
          { type: "thinking", text: "hm" },
          { type: "text", text: "yes" },
          { type: "image" },
        ],
      }),
      event("tool_call", { toolCallId: "t", name: "shell", input: { cmd: "ls" } }),
      event("tool_result", { toolCallId: "t", output: "x\n".repeat(12), isError: true }),
      event("run_completed", { status: "failed", error: { message: "no" } }),
    ),
    [
      "run started   23456789  codex · gpt",
      "user          23456789",
      "  one",
      "  two",
      "assistant     23456789",
      "  (thinking) hm",
      "  yes",
      "  [image]",
      'tool call     23456789  shell {"cmd":"ls"}',
      "tool result   23456789  failed",
      ...Array(8).fill("  x"),
      "  … 4 more lines",
      'run failed    23456789  {"message":"no"}',
    ],
  );
});

test("text in flight is shown as it comes, and only its rest when it is finished", () => {
  assert.deepEqual(
    shown(
      transient("assistant_message_delta", { messageId: "m", delta: "Hel", offset: 0 }),
      transient("assistant_message_delta", { messageId: "m", delta: "ello\nwor", offset: 1 }),
      event("assistant_message", { messageId: "m", content: "Hello\nworld" }),
      event("assistant_message", { messageId: "n", content: "whole" }),
    ),
    ["assistant     23456789  …", "  Hello", "  world", "assistant     23456789", "  whole"],
  );
});

test("a gap in text in flight is marked, and interleaved texts get a heading each", () => {
  assert.deepEqual(
    shown(
      transient("assistant_message_delta", { messageId: "m", delta: "abc", offset: 0 }),
      transient("assistant_thinking_delta", { messageId: "m", delta: "hm", offset: 0 }),
      transient("assistant_message_delta", { messageId: "m", delta: "xyz", offset: 9 }),
      event("assistant_message", { messageId: "m", content: "abc......xyz!" }),
    ),
    [
      "assistant     23456789  …",
      "  abc",
      "thinking      23456789  …",
      "  hm",
      "assistant     23456789  …",
      "  … xyz!",
    ],
  );
});

test("a tool's output in flight is folded and not repeated by its result", () => {
  const delta = "line\n".repeat(20);
  assert.deepEqual(
    shown(
      transient("tool_call_started", { toolCallId: "t", name: "shell", input: {} }),
      transient("tool_output_delta", { toolCallId: "t", delta }),
      transient("tool_output_delta", { toolCallId: "t", delta: "more\n" }),
      event("tool_result", { toolCallId: "t", output: delta }),
    ),
    [
      "calling       23456789  shell {}",
      "output        23456789  …",
      ...Array(8).fill("  line"),
      "  …",
      "tool result   23456789  done",
    ],
  );
});

test("what was in flight before is shown with the snapshot", () => {
  const message = {
    messageId: "m",
    text: "so far",
    textOffset: 0,
    thinking: "hm",
    thinkingOffset: 0,
  };
  const inFlight = {
    runId: "run_0123456789",
    sequenceNumber: 3,
    messages: [{ ...message, sources: [] }],
    toolCalls: [],
  };
  const frame = { events: [], inFlight, resumed: false } as never;
  assert.deepEqual(
    shown(
      { kind: "snapshot", frame, text: "", lines: () => [] },
      transient("assistant_message_delta", { messageId: "m", delta: " good", offset: 6 }),
    ),
    ["thinking      23456789  …", "  hm", "assistant     23456789  …", "  so far good"],
  );
});

test("content cannot reach the terminal as control characters", () => {
  const evil = "\x1b]0;title\x07\x1b[2J\x9b31m";
  const printer = new FramePrinter({ columns: () => 60, now: () => Date.parse(at) });
  const text = [
    event("user_message", { content: evil }),
    event("tool_call", { toolCallId: evil, name: evil, input: { [evil]: evil } }),
    event("tool_result", { toolCallId: "t", output: [{ type: "text", text: evil }] }),
    event("custom", { name: evil, data: evil }),
    event(evil, { content: evil }),
    event("run_completed", { status: evil, reason: evil, error: evil }),
    event("compaction_completed", { summary: evil }),
    transient("assistant_message_delta", { messageId: "m", delta: evil }),
    transient("tool_output_delta", { toolCallId: "t", delta: evil }),
    transient("tool_call_started", { toolCallId: "t", name: evil, input: evil }),
    { kind: "notice", frame: { type: "thread_renamed", threadId: "thr_a", title: evil }, text: "" },
  ].map((frame) => printer.textOf(frame as Received));
  assert.doesNotMatch(text.join(""), /[\x07\x9b]|\x1b(?!\[\d+m)/);
});

test("a run that lapsed and one that goes on say so", () => {
  const lines = shown(
    event("run_completed", { status: "interrupted", reason: "lease_expired" }),
    event("run_started", { resumed: true }),
    event("run_completed", { status: "cancelled" }),
  );
  assert.deepEqual(
    lines.map((line) => line.trimEnd()),
    ["run interrupted 23456789  lease expired", "run resumed   23456789", "run cancelled 23456789"],
  );
});
