/**
 * Proves what the built-in summary says of a conversation, that it never says too much, and what it
 * says of real ones (where the samples are beside the checkout).
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type Entry, historyOf, type SourceEvent } from "../context/history.ts";
import { extractiveSummary } from "./extractive-summary.ts";

const goldens = path.join(import.meta.dirname, "goldens");
const samples = path.resolve(import.meta.dirname, "../../../../../shared/samples");
const skip = existsSync(samples) ? false : "the sample files are not beside this checkout";

const user = (content: unknown) => ({ type: "user_message", payload: { content } });
const assistant = (content: unknown) => ({ type: "assistant_message", payload: { content } });
const call = (toolCallId: string, name: string, input: unknown) => {
  return { type: "tool_call", payload: { toolCallId, name, input } };
};
const result = (toolCallId: string, output: unknown, isError = false) => {
  return { type: "tool_result", payload: { toolCallId, output, isError } };
};

function summaryOf(
  items: readonly Omit<SourceEvent, "sequence">[],
  instructions: string | null = null,
) {
  const events = items.map((item, index) => ({ ...item, sequence: index + 1 }));
  return extractiveSummary(historyOf(events), instructions);
}

const patch = "*** Begin Patch\n*** Update File: src/parse.ts\n@@\n-a\n+b\n*** End Patch";
const story = [
  user("Make the parser accept comments. You must never change the public types!"),
  assistant([
    { type: "thinking", text: "hidden" },
    { type: "text", text: "I look first." },
  ]),
  call("c1", "Read", { file_path: "src/types.ts" }),
  result("c1", "types"),
  call("c2", "shell", { command: ["bash", "-lc", "npm test"] }),
  result("c2", "Exit code: 1\n2 tests failed"),
  assistant("The root cause is the tokenizer. I decided to skip comments there."),
  call("c3", "apply_patch", { input: patch }),
  result("c3", "ok"),
  call("c4", "shell", { command: ["bash", "-lc", "npm test"] }),
  result("c4", "Exit code: 0"),
  call("c5", "Bash", { command: "npm run lint" }),
  result("c5", [{ type: "text", text: "lint: unknown rule" }], true),
  user("yes"),
  user("Now document it without examples."),
  call("c6", "Write", { file_path: "README.md", content: "…" }),
];

test("ROL16 a summary tells goal, constraints, decisions, files, commands, problems and the end", () => {
  const golden = readFileSync(path.join(goldens, "story.md"), "utf8");
  assert.equal(`${summaryOf(story)}\n`, golden);
});

test("ROL16 a problem that went away is none, a call without a result is one", () => {
  const summary = summaryOf(story);
  assert.match(
    summary,
    /## Open problems\n- npm run lint: lint: unknown rule\n- Write README.md: no result/,
  );
  assert.doesNotMatch(summary, /2 tests failed|hidden/);
});

test("ROL16 what the requester asked to keep comes with what was said about it", () => {
  const summary = summaryOf(story, "everything about the tokenizer");
  assert.match(
    summary,
    /## Asked to keep\n- everything about the tokenizer\n- The root cause is the tokenizer\./,
  );
});

test("ROL16 the next summary holds the one before, and its own end", () => {
  const before = summaryOf(story);
  const next = summaryOf([
    { type: "compaction_completed", payload: { summary: before } },
    user("Release it."),
    assistant("Released."),
  ]);
  assert.match(next, /## Before this\n[\s\S]*Make the parser accept comments/);
  assert.match(next, /## Goal\nRelease it\./);
  assert.match(next, /## Last messages\n- User: Release it\.\n- Assistant: Released\.$/);
  assert.equal(next.split("## Last messages").length, 2);
});

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 20_000, size: "max" }),
  fc.constantFrom('must " \\ never', "😀".repeat(9_000), "because\n".repeat(5_000), "```\ncode"),
);
const anyItem: fc.Arbitrary<Omit<Entry, "sequence">> = fc.oneof(
  anyText.map(user),
  anyText.map(assistant),
  fc.tuple(fc.nat(9), anyText).map(([id, text]) => call(`c${id}`, "Bash", { command: text })),
  fc.tuple(fc.nat(9), anyText).map(([id, text]) => call(`c${id}`, "Edit", { file_path: text })),
  fc.tuple(fc.nat(9), anyText, fc.boolean()).map(([id, text, bad]) => result(`c${id}`, text, bad)),
) as fc.Arbitrary<Omit<Entry, "sequence">>;

test("ROL16 no conversation makes a summary whose event is too long, and the same makes the same", () => {
  const property = fc.property(
    fc.array(anyItem, { maxLength: 40 }),
    fc.option(anyText),
    (items, instructions) => {
      const first = summaryOf(items, instructions);
      assert.equal(first, summaryOf(items, instructions));
      assert.ok(first.isWellFormed());
      const payload = { compactionId: "c".repeat(40), status: "completed", summary: first };
      const length = JSON.stringify(payload).length;
      assert.ok(length <= 12_000, `${length} characters`);
      const again = summaryOf([
        { type: "compaction_completed", payload: { summary: first } },
        ...items,
      ]);
      assert.ok(JSON.stringify(again).length <= 11_800);
    },
  );
  fc.assert(property, { seed: 16, numRuns: 120 });
});

/** Read as a person would and accepted; the text itself belongs to whoever wrote the sessions. */
const real = JSON.parse(readFileSync(path.join(goldens, "real-sessions.json"), "utf8"));

for (const { format, name, sections, sha256 } of real) {
  test(`ROL16 the summary of ${name} is the one that was read and accepted`, { skip }, async () => {
    // A relative path, so that the server does not depend on the adapters.
    const reader = "../../../adapters/src/read-session.ts";
    const { collectSession, readSession } = await import(reader);
    const file = path.join(samples, format, `${name}.jsonl`);
    const { threads } = await collectSession(readSession(createReadStream(file)));
    const [thread] = [...threads.values()];
    const summary = summaryOf(thread.frames);
    const found = summary.match(/^## .*$/gm)?.map((title) => title.slice(3));
    assert.deepEqual(found, sections);
    assert.equal(createHash("sha256").update(summary).digest("hex"), sha256, summary);
  });
}
