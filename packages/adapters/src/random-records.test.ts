/**
 * Sequences of records no agent would write: in any order, with any values in any field. Whatever
 * comes, reading goes on, the frames are well formed (see `checkFrames`), and a state that was
 * stored before every line gives the same ones.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { FormatId } from "./frame.ts";
import * as claude from "./testing/claude-rows.ts";
import * as codex from "./testing/codex-records.ts";
import { fixtureRecords } from "./testing/fixture-records.ts";
import { seededRandom } from "./testing/random-cuts.ts";
import { readRecords } from "./testing/read-lines-of.ts";

const oneOf = fc.constantFrom;
const ids = oneOf("c1", "c2", "c3");
const words = oneOf("one", "two", "<env>x</env>", "");

const codexRecords = fc.oneof(
  ids.map((id) => codex.call(id)),
  ids.map((id) => codex.output(id)),
  ids.map((id) => codex.event("exec_command_end", { call_id: id, exit_code: 1 })),
  ids.map((id) => codex.event("dynamic_tool_call_request", { callId: id, tool: "t" })),
  ids.map((id) => codex.event("dynamic_tool_call_response", { call_id: id, success: true })),
  words.map((text) => codex.userItem(text)),
  words.map((text) => codex.event("user_message", { message: text })),
  words.map((text) => codex.answerItem(text)),
  words.map((text) => codex.event("agent_message", { message: text })),
  words.map((text) => codex.event("agent_reasoning", { text })),
  words.map((text) => codex.item("reasoning", { summary: [{ type: "summary_text", text }] })),
  words.map((query) => codex.event("web_search_end", { call_id: query, query, action: {} })),
  words.map((query) => codex.item("web_search_call", { action: { query } })),
  ids.map((id) => codex.event("task_started", { turn_id: id })),
  ids.map((id) => codex.turnEnd(id)),
  ids.map((id) => codex.event("turn_aborted", { turn_id: id, reason: "interrupted" })),
  words.map((message) => ({ type: "compacted", payload: { message } })),
  oneOf({ type: "turn_context", payload: { model: "m" } }, codex.sessionMeta()),
);

const sides = fc.record({
  isSidechain: fc.boolean(),
  promptId: oneOf("p1", "p2", undefined),
  agentId: oneOf("a1", undefined, undefined),
  parentUuid: oneOf(claude.rowId(1), claude.rowId(3), null),
});
const claudeRows = fc
  .tuple(
    fc.oneof(
      words.map((text) => claude.user(text)),
      words.map((text) => claude.user(text, { isCompactSummary: true })),
      words.map((text) => claude.assistant(text, claude.text(text))),
      ids.map((id) => claude.assistant("m", claude.toolUse(id, "Task", { prompt: "one" }))),
      ids.map((id) => claude.result(id, "ok")),
      oneOf(
        claude.user("[Request interrupted by user]"),
        claude.user("<command-name>/x</command-name>"),
        claude.system("compact_boundary"),
        claude.system("turn_duration"),
        claude.system("stop_hook_summary"),
        { type: "ai-title", aiTitle: "t" },
      ),
    ),
    sides,
  )
  .map(([row, side]) => ({ ...row, ...side }));

function check(format: FormatId, records: readonly object[]): void {
  const storedAt = records.map((_, index) => index);
  for (const complete of [false, true]) {
    const once = readRecords(format, records, { complete });
    assert.deepEqual(readRecords(format, records, { complete, storedAt }), once);
    readRecords(format, records, { complete, messagesOnly: true });
  }
}

test("PUB3 Codex records in any order give well-formed runs", () => {
  fc.assert(
    fc.property(fc.array(codexRecords, { maxLength: 30 }), (records) => {
      check("codex", codex.rollout(codex.sessionMeta(), ...records));
    }),
    { numRuns: 300 },
  );
});

test("PUB3 Claude Code rows in any order give well-formed runs", () => {
  fc.assert(
    fc.property(fc.array(claudeRows, { maxLength: 30 }), (rows) => {
      check("claude-code", claude.session(...rows));
    }),
    { numRuns: 300 },
  );
});

/** The record with each of its fields replaced, one at a time, also inside its payload. */
function spoiled(record: object, value: unknown): object[] {
  return Object.entries(record).flatMap(([name, field]) => {
    const inner = typeof field === "object" && field !== null ? spoiled(field, value) : [];
    return [value, ...inner].map((other) => ({ ...record, [name]: other }));
  });
}

const names = ["__proto__", "constructor", "x", "x".repeat(300)];
const values = [null, 0, "", true, ...names, [], [null, 7, "x", []], {}, { type: "text" }];

test("PUB1 a record with anything in any field gives valid frames", () => {
  const file = (format: FormatId, record: object) =>
    format === "codex"
      ? [...codex.rollout(codex.sessionMeta(), ...codex.turnStart()), record, record]
      : [...claude.session(claude.user("hi")), ...claude.session(record), record];
  for (const [format, records] of [
    ["codex", fc.sample(codexRecords, { numRuns: 60, seed: 1 })],
    ["claude-code", fc.sample(claudeRows, { numRuns: 60, seed: 1 })],
  ] as const) {
    for (const record of records) {
      for (const value of values) {
        for (const other of spoiled(record, value)) {
          readRecords(format, file(format, other), { complete: true });
        }
      }
    }
  }
});

const fixtures = [
  ["codex", "codex/paginated.jsonl"],
  ["codex-exec", "codex-exec/two-turns.jsonl"],
  ["claude-agent-sdk", "claude-agent-sdk/partial-messages.jsonl"],
  ["claude-agent-sdk", "claude-agent-sdk/sub-agents-compaction.jsonl"],
  ["gemini-cli", "gemini-cli/upserts.jsonl"],
  ["pi", "pi/session.jsonl"],
  ["pi", "pi/json-mode.jsonl"],
  ["opencode", "opencode/updates.jsonl"],
] as const;

for (const [format, name] of fixtures) {
  const records = fixtureRecords(name);

  test(`SRC2 ${name}: anything in any field of any record gives valid frames`, () => {
    const random = seededRandom(name);
    for (const [index, record] of records.entries()) {
      for (const other of spoiled(record, values[Math.floor(random() * values.length)])) {
        const changed = [...records.slice(0, index), other, ...records.slice(index + 1)];
        readRecords(format, changed, { complete: true });
      }
    }
  });

  test(`SRC2 ${name}: its records in any order, lost or repeated, give well-formed runs`, () => {
    fc.assert(
      fc.property(fc.array(oneOf(...records), { maxLength: 40 }), (chosen) => {
        check(format, [records[0] ?? {}, ...chosen]);
      }),
      { numRuns: 100, seed: 7 },
    );
  });
}
