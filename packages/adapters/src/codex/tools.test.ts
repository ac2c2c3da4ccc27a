/** Calls and results of Codex rollouts, and what events tell about them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as codex from "../testing/codex-records.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

function readTurn(records: readonly object[]) {
  const whole = codex.rollout(codex.sessionMeta(), ...codex.turnStart(), ...records);
  return readRecords("codex", whole).frames;
}

const commandEnd = (id: string, exitCode: number) =>
  codex.event("exec_command_end", {
    call_id: id,
    command: ["sh", "-c", "ls"],
    cwd: "/home/dev",
    aggregated_output: "a\n",
    exit_code: exitCode,
    duration: { secs: 1, nanos: 500_000_000 },
    status: exitCode === 0 ? "completed" : "failed",
  });

test("arguments are parsed; their text stays where printing would change it", () => {
  const plain = '{"cmd":"ls"}';
  const spaced = '{"n": 12345678901234567890}';
  const frames = readTurn([
    codex.item("function_call", { name: "shell", arguments: plain, call_id: "c1" }),
    codex.item("function_call", { name: "shell", arguments: spaced, call_id: "c2" }),
    codex.item("function_call", { name: "shell", arguments: "{cut", call_id: "c3" }),
  ]);
  assert.deepEqual(payloadsOf(frames, "tool_call"), [
    { toolCallId: "c1", name: "shell", input: { cmd: "ls" } },
    {
      toolCallId: "c2",
      name: "shell",
      input: { n: 12345678901234567000 },
      native: { arguments: spaced },
    },
    { toolCallId: "c3", name: "shell", input: "{cut" },
  ]);
});

test("an event about a call's end before the output enriches the result", () => {
  const frames = readTurn([codex.call("c1"), commandEnd("c1", 2), codex.output("c1", "a")]);
  const [result] = payloadsOf(frames, "tool_result");
  assert.equal(result?.output, "a");
  assert.equal(result?.isError, true);
  assert.equal(result?.exitCode, 2);
  assert.equal(result?.durationMs, 1500);
  assert.match(JSON.stringify(result?.structured), /^{"type":"exec_command_end",/);
  assert.equal(result?.synthetic, undefined);
});

test("an event behind the output is kept as it is", () => {
  const frames = readTurn([codex.call("c1"), codex.output("c1"), commandEnd("c1", 0)]);
  assert.deepEqual(typesOf(frames).slice(-3), [
    "tool_call",
    "tool_result",
    "codex.exec_command_end",
  ]);
});

test("parallel calls keep their own ends", () => {
  const frames = readTurn([
    codex.call("c1"),
    codex.call("c2"),
    commandEnd("c2", 0),
    commandEnd("c1", 1),
    codex.output("c1"),
    codex.output("c2"),
  ]);
  const results = payloadsOf(frames, "tool_result");
  assert.deepEqual(
    results.map(({ toolCallId, isError }) => [toolCallId, isError]),
    [
      ["c1", true],
      ["c2", false],
    ],
  );
});

test("the head of an output tells whether a command failed; nothing is invented", () => {
  const outputs = [
    "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 1\nOutput:\nno",
    "Exit code: 0\nWall time: 0 seconds\nOutput:\nExit code: 1",
    '{"output":"no","metadata":{"exit_code":127,"duration_seconds":0.1}}',
    "Plan updated",
  ];
  const frames = readTurn(
    outputs.flatMap((text, index) => [codex.call(`c${index}`), codex.output(`c${index}`, text)]),
  );
  const results = payloadsOf(frames, "tool_result");
  assert.deepEqual(
    results.map(({ isError }) => isError),
    [true, false, true, null],
  );
  assert.deepEqual(
    results.map(({ exitCode }) => exitCode),
    [1, 0, 127, undefined],
  );
});

test("an end that matches no call is a nested call with its result", () => {
  const frames = readTurn([
    codex.item("custom_tool_call", { name: "exec", input: "await run()", call_id: "c1" }),
    codex.event("mcp_tool_call_end", {
      call_id: "exec-77",
      invocation: { server: "docs", tool: "find", arguments: { q: "x" } },
      duration: { secs: 0, nanos: 4_000_000 },
      result: { Ok: { content: [{ type: "text", text: "found" }], isError: false } },
    }),
    codex.item("custom_tool_call_output", { call_id: "c1", output: "done" }),
  ]);
  const [, nested] = payloadsOf(frames, "tool_call");
  assert.deepEqual(nested, {
    toolCallId: "exec-77",
    name: "docs__find",
    input: { q: "x" },
    parentToolCallId: "c1",
    synthetic: true,
  });
  const [result, outer] = payloadsOf(frames, "tool_result");
  assert.deepEqual(result?.output, [{ type: "text", text: "found" }]);
  assert.equal(result?.synthetic, true);
  assert.equal(outer?.toolCallId, "c1");
});

test("ends of every kind tell of a call of their own", () => {
  const frames = readTurn([
    codex.event("patch_apply_end", { call_id: "e1", success: false, stdout: "", stderr: "bad" }),
    codex.event("view_image_tool_call", { call_id: "e2", path: "/home/dev/a.png" }),
    codex.event("collab_agent_spawn_end", { call_id: "e3", prompt: "go", status: "completed" }),
    codex.completed("CommandExecution", { id: "e4", command: ["ls"], exitCode: 0 }),
    codex.completed("McpToolCall", { id: "e5", server: "s", tool: "t", error: { message: "no" } }),
    codex.event("mcp_tool_call_end", { call_id: "e6", invocation: {}, result: { Err: "no" } }),
  ]);
  const names = payloadsOf(frames, "tool_call").map(({ name }) => name);
  assert.deepEqual(names, [
    "apply_patch",
    "view_image",
    "agent_spawn",
    "exec_command",
    "s__t",
    "mcp",
  ]);
  const errors = payloadsOf(frames, "tool_result").map(({ isError }) => isError);
  assert.deepEqual(errors, [true, null, false, false, true, true]);
});

test("a client's own tool is known from its events where no item tells of it", () => {
  const frames = readTurn([
    codex.event("dynamic_tool_call_request", { callId: "d1", tool: "pick", arguments: { a: 1 } }),
    codex.event("dynamic_tool_call_response", {
      call_id: "d1",
      tool: "pick",
      content_items: [{ type: "input_text", text: "red" }],
      success: true,
    }),
  ]);
  assert.deepEqual(payloadsOf(frames, "tool_call")[0]?.input, { a: 1 });
  const [result] = payloadsOf(frames, "tool_result");
  assert.deepEqual(result?.output, [{ type: "text", text: "red" }]);
  assert.equal(result?.isError, false);
});

const action = { type: "search", query: "node test" };

test("a search is a call and its result, with the id and results of its event", () => {
  const results = [{ type: "result", url: "https://example.invalid" }];
  const frames = readTurn([
    codex.event("web_search_end", { call_id: "ws_1", query: "node test", action, results }),
    codex.item("web_search_call", { status: "completed", action }),
    codex.event("web_search_end", { call_id: "ws_2", query: "alone", action: null }),
    codex.turnEnd(),
  ]);
  assert.deepEqual(payloadsOf(frames, "tool_call"), [
    { toolCallId: "ws_1", name: "web_search", input: action },
    { toolCallId: "ws_2", name: "web_search", input: { query: "alone" }, synthetic: true },
  ]);
  assert.deepEqual(payloadsOf(frames, "tool_result")[0], {
    toolCallId: "ws_1",
    output: results,
    isError: false,
    status: "completed",
  });
});

test("a search whose event comes behind it is one call; the event is kept", () => {
  const frames = readTurn([
    codex.item("web_search_call", { id: "ws_9", status: "completed", action }),
    codex.event("web_search_end", { call_id: "x", query: "node test", action }),
  ]);
  assert.deepEqual(
    payloadsOf(frames, "tool_call").map(({ toolCallId }) => toolCallId),
    ["ws_9"],
  );
  assert.ok(typesOf(frames).includes("codex.web_search_end"));
});

test("an image is a call and its result", () => {
  const image = { status: "completed", revised_prompt: "a cat", result: "AAAA" };
  const frames = readTurn([
    codex.event("image_generation_end", { call_id: "ig_1", ...image, saved_path: "cat.png" }),
    codex.item("image_generation_call", { id: "ig_1", ...image }),
  ]);
  assert.deepEqual(payloadsOf(frames, "tool_call"), [
    { toolCallId: "ig_1", name: "image_generation", input: { prompt: "a cat" } },
  ]);
  assert.deepEqual(payloadsOf(frames, "tool_result"), [
    {
      toolCallId: "ig_1",
      output: [
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
      ],
      isError: false,
      status: "completed",
      savedPath: "cat.png",
    },
  ]);
});

test("local shell, tool search and custom tools are calls", () => {
  const shell = { type: "exec", command: ["ls"] };
  const frames = readTurn([
    codex.item("local_shell_call", { call_id: "l1", status: "completed", action: shell }),
    codex.output("l1"),
    codex.item("tool_search_call", { call_id: "t1", arguments: { query: "q" } }),
    codex.item("tool_search_output", { call_id: "t1", tools: [{ name: "found" }] }),
    codex.item("custom_tool_call", { call_id: "p1", name: "apply_patch", input: "*** Begin" }),
    codex.item("custom_tool_call_output", { call_id: "p1", output: "ok" }),
  ]);
  assert.deepEqual(
    payloadsOf(frames, "tool_call").map(({ name, input }) => [name, input]),
    [
      ["local_shell", shell],
      ["tool_search", { query: "q" }],
      ["apply_patch", "*** Begin"],
    ],
  );
  assert.deepEqual(payloadsOf(frames, "tool_result")[1]?.output, [{ name: "found" }]);
});

test("PUB22 an id or a name longer than a payload allows is cut and stays unique", () => {
  const long = "x".repeat(300);
  const frames = readTurn([
    codex.call(`${long}a`),
    codex.call(`${long}b`),
    codex.output(`${long}b`),
  ]);
  const ids = payloadsOf(frames, "tool_call").map(({ toolCallId }) => toolCallId);
  assert.equal(new Set(ids).size, 2);
  assert.equal(payloadsOf(frames, "tool_result")[0]?.toolCallId, ids[1]);
});
