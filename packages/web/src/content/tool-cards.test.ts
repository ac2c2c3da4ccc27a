/** What a card shows of calls and results, in the forms of every agent (WEB23, WEB25). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { shownCall } from "./tool-input.ts";
import { isFailure, shownOutput } from "./tool-output.ts";

const summary = (name: string, input: unknown) => {
  const { kind, telling, body } = shownCall(name, input);
  return `${kind}|${telling}|${body.kind}`;
};

test("WEB23 a call is told by its kind and the telling part of its input", () => {
  assert.equal(summary("Bash", { command: "ls\n -l", description: "List" }), "shell|ls -l|code");
  assert.equal(
    summary("exec_command", { cmd: "git status", workdir: "/x" }),
    "shell|git status|code",
  );
  assert.equal(
    summary("exec", "const r = await tools.x()"),
    "shell|const r = await tools.x()|code",
  );
  assert.equal(summary("Read", { file_path: "/a.ts" }), "read|/a.ts|code");
  assert.equal(summary("Grep", { pattern: "x", path: "/y" }), "search|x|code");
  assert.equal(summary("WebFetch", { url: "https://a.test" }), "web|https://a.test|code");
  assert.equal(summary("web_search", { type: "search", query: "q" }), "web|q|code");
  assert.equal(summary("Task", { description: "Look", prompt: "…" }), "agent|Look|code");
  assert.equal(summary("mcp__github__list_issues", { x: 1 }), 'search|{"x":1}|code');
  assert.equal(
    summary("Edit", { file_path: "a", old_string: "x", new_string: "y" }),
    "edit|a|changes",
  );
  const plan = [
    { step: "a", status: "completed" },
    { step: "b", status: "in_progress" },
  ];
  assert.equal(summary("update_plan", { plan }), "plan|b|steps");
  assert.equal(
    summary("TodoWrite", { todos: [{ content: "a", status: "pending" }] }),
    "plan|a|steps",
  );
});

test("WEB23 inputs nobody thought of are shown as they are", () => {
  assert.equal(
    summary("constructor", JSON.parse('{"__proto__":{"command":"x"}}')),
    'other|{"__proto__":{"command":"x"}}|code',
  );
  assert.equal(summary("toString", null), "other||nothing");
  assert.equal(summary("x", {}), "other||nothing");
  assert.equal(summary("x", 7), "other|7|code");
  assert.equal(summary("x", [1]), "other|[1]|code");
  assert.equal(summary("x", { plan: [7] }), 'other|{"plan":[7]}|code');
  assert.equal(summary("x", { command: { a: 1 } }), 'other|{"command":{"a":1}}|code');
  const deep = JSON.parse(`${'{"a":'.repeat(120)}1${"}".repeat(120)}`);
  assert.equal(shownCall("x", deep).body.kind, "code");
});

test("WEB25 a command's output is taken out of its wrapping, with how it ended", () => {
  const text = (payload: Record<string, unknown>) => {
    const { parts, exitCode, durationMs } = shownOutput(payload);
    const texts = parts.map((part) => ("text" in part ? part.text : part.kind));
    return [texts.join("|"), exitCode, durationMs];
  };
  const head = "Chunk ID: 1\nWall time: 0.5 seconds\nProcess exited with code 2\nOutput:\nno\n";
  assert.deepEqual(text({ output: head }), ["no\n", 2, 500]);
  const metadata = { exit_code: 1, duration_seconds: 2 };
  assert.deepEqual(text({ output: JSON.stringify({ output: "no", metadata }) }), ["no", 1, 2_000]);
  assert.deepEqual(text({ output: { output: "no", metadata } }), ["no", 1, 2_000]);
  assert.deepEqual(text({ output: { stdout: "a", stderr: "b" } }), ["a\nb", null, null]);
  assert.deepEqual(text({ output: "x", exitCode: 0, durationMs: 3 }), ["x", 0, 3]);
  assert.deepEqual(text({ output: '{"output": cut' }), ['{"output": cut', null, null]);
  assert.deepEqual(text({ output: { output: "a", more: 1 } })[1], null);
  assert.deepEqual(text({ output: null }), ["", null, null]);
  const parts = [
    { type: "text", text: "a" },
    { type: "image", data: "AAAA" },
  ];
  assert.deepEqual(text({ output: parts }), ["a|image", null, null]);
  assert.deepEqual(text({ output: [] }), ["[]", null, null]);
  assert.deepEqual(text({ output: [1, 2] }), ["[\n  1,\n  2\n]", null, null]);
});

test("WEB25 failures are known by flag, status or exit code", () => {
  assert.equal(isFailure({ isError: true }), true);
  assert.equal(
    isFailure({ isError: false, output: '{"output":"","metadata":{"exit_code":1}}' }),
    false,
  );
  assert.equal(isFailure({ isError: null, exitCode: 3 }), true);
  assert.equal(isFailure({ status: "failed" }), true);
  assert.equal(isFailure({ output: "fine" }), false);
});
