/** Prompts, answers and thoughts of Codex rollouts: each is published once, whichever way it came. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as codex from "../testing/codex-records.ts";
import { payloadsOf, readRecords, typesOf } from "../testing/read-lines-of.ts";

function readTurn(records: readonly object[], complete = false) {
  const whole = codex.rollout(codex.sessionMeta(), ...codex.turnStart(), ...records);
  return readRecords("codex", whole, { complete });
}

function textsOf({ frames }: ReturnType<typeof readRecords>): unknown[] {
  return payloadsOf(frames, "assistant_message").map((payload) =>
    (payload.content as { text: string }[]).map((part) => part.text).join(),
  );
}

test("a prompt with its item before it is one user message", () => {
  const { frames } = readTurn([...codex.prompt("fix the test")]);
  assert.deepEqual(
    payloadsOf(frames, "user_message").map((payload) => payload.content),
    ["fix the test"],
  );
  assert.ok(!typesOf(frames).includes("codex.message"));
});

test("a prompt with its item behind it is one user message", () => {
  const { frames } = readTurn([
    codex.event("user_message", { message: "fix the test" }),
    codex.userItem("fix the test"),
    codex.answerItem("done"),
  ]);
  assert.equal(payloadsOf(frames, "user_message").length, 1);
  assert.ok(!typesOf(frames).includes("codex.message"));
});

test("a prompt's item brings the image that the event only names", () => {
  const image = { type: "input_image", image_url: "data:image/png;base64,AAAA" };
  const { frames } = readTurn([
    codex.userItem("what is this", [image]),
    codex.event("user_message", { message: "what is this", local_images: ["/home/dev/a.png"] }),
  ]);
  const [payload] = payloadsOf(frames, "user_message");
  assert.deepEqual(payload?.content, [
    { type: "text", text: "what is this" },
    { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
  ]);
  assert.deepEqual(payload?.native, { local_images: ["/home/dev/a.png"] });
});

test("the same prompt twice in a turn is two user messages", () => {
  const { frames } = readTurn([...codex.prompt("go on"), ...codex.prompt("go on")]);
  assert.equal(payloadsOf(frames, "user_message").length, 2);
});

test("a user item without an event is kept as context, not as a prompt", () => {
  const { frames } = readTurn([
    codex.userItem("<environment_context>\n  <cwd>/home/dev</cwd>\n</environment_context>"),
    ...codex.prompt("hello"),
  ]);
  assert.equal(payloadsOf(frames, "user_message").length, 1);
  assert.ok(typesOf(frames).includes("codex.message"));
});

test("a paginated history's UserMessage is a prompt", () => {
  const content = [{ type: "text", text: "hello", text_elements: [] }];
  const { frames } = readTurn([
    codex.userItem("hello"),
    codex.completed("UserMessage", { id: "item-1", client_id: "client-1", content }),
  ]);
  assert.deepEqual(payloadsOf(frames, "user_message"), [
    { content: "hello", messageId: "client-1" },
  ]);
});

test("a prompt's item that ends the file waits, and is a prompt when the file is complete", () => {
  assert.deepEqual(payloadsOf(readTurn([codex.userItem("hello")]).frames, "user_message"), []);
  const { frames } = readTurn([codex.userItem("hello")], true);
  assert.equal(payloadsOf(frames, "user_message").length, 1);
});

test("an answer said as event and item is one assistant message, from the item", () => {
  const { frames } = readTurn([
    codex.event("agent_message", { message: "I look", phase: "commentary" }),
    codex.answerItem("I look", { id: "msg_1" }),
  ]);
  assert.deepEqual(payloadsOf(frames, "assistant_message"), [
    {
      content: [{ type: "text", text: "I look" }],
      messageId: "msg_1",
      model: "gpt-test",
      phase: "commentary",
    },
  ]);
});

test("an answer whose event comes behind its item is one assistant message", () => {
  const result = readTurn([
    codex.answerItem("I look"),
    codex.event("agent_message", { message: "I look" }),
    codex.call("call-1"),
  ]);
  assert.deepEqual(textsOf(result), ["I look"]);
});

test("an answer that only an event tells of is kept", () => {
  const result = readTurn([
    codex.event("agent_message", { message: "first" }),
    codex.event("agent_message", { message: "second" }),
    codex.turnEnd(),
  ]);
  assert.deepEqual(textsOf(result), ["first", "second"]);
});

test("an answer whose item comes later than the next record is still said once", () => {
  const result = readTurn([
    codex.event("agent_message", { message: "I look" }),
    codex.event("token_count", { info: null }),
    codex.answerItem("I look"),
  ]);
  assert.deepEqual(textsOf(result), ["I look"]);
  assert.ok(typesOf(result.frames).includes("codex.message"));
});

test("the same answer twice in a turn is two messages", () => {
  const result = readTurn([...codex.answer("Done."), ...codex.answer("Done.")]);
  assert.deepEqual(textsOf(result), ["Done.", "Done."]);
});

test("an answer's item holds what its event leaves out", () => {
  const result = readTurn([
    codex.event("agent_message", { message: "It is so.", memory_citation: { entries: [] } }),
    codex.answerItem("It is so. <citation>note</citation>"),
  ]);
  assert.deepEqual(textsOf(result), ["It is so. <citation>note</citation>"]);
});

test("what an item says beyond its twin, or an event beyond its item, is not lost", () => {
  const prompts = readTurn([
    codex.userItem("<image name=a.png>\nwhat is this"),
    codex.event("user_message", { message: "what is this" }),
  ]);
  assert.deepEqual(typesOf(prompts.frames).slice(-2), ["codex.message", "user_message"]);
  const answers = readTurn([
    codex.event("agent_message", { message: "first. second." }),
    codex.answerItem("first."),
  ]);
  assert.deepEqual(textsOf(answers), ["first. second.", "first."]);
});

test("a paginated history's AgentMessage is an answer, once", () => {
  const content = [{ type: "Text", text: "I look" }];
  const alone = readTurn([codex.completed("AgentMessage", { content }), codex.turnEnd()]);
  assert.deepEqual(textsOf(alone), ["I look"]);
  const both = readTurn([codex.completed("AgentMessage", { content }), codex.answerItem("I look")]);
  assert.deepEqual(textsOf(both), ["I look"]);
});

test("a turn's last words that no message said come from its end", () => {
  const result = readTurn([codex.turnEnd("turn-1", { last_agent_message: "all done" })]);
  assert.deepEqual(textsOf(result), ["all done"]);
  assert.equal(payloadsOf(result.frames, "assistant_message")[0]?.synthetic, true);
  const said = readTurn([
    ...codex.answer("all done"),
    codex.turnEnd("turn-1", { last_agent_message: "all done" }),
  ]);
  assert.deepEqual(textsOf(said), ["all done"]);
});

test("a thought is a message of thinking parts, its events are twins", () => {
  const summary = ["one", "two"].map((text) => ({ type: "summary_text", text }));
  const { frames } = readTurn([
    codex.event("agent_reasoning", { text: "one" }),
    codex.event("agent_reasoning", { text: "two" }),
    codex.item("reasoning", { id: "rs_1", summary, encrypted_content: "opaque" }),
  ]);
  assert.deepEqual(payloadsOf(frames, "assistant_message"), [
    {
      content: [
        { type: "thinking", text: "one" },
        { type: "thinking", text: "two" },
      ],
      messageId: "rs_1",
      model: "gpt-test",
      native: { encrypted_content: "opaque" },
    },
  ]);
});

test("a thought that only events tell of is kept, and so is one that is encrypted", () => {
  const result = readTurn([
    codex.event("agent_reasoning", { text: "one" }),
    codex.item("reasoning", { summary: [], content: null, encrypted_content: "opaque" }),
    codex.call("call-1"),
  ]);
  assert.deepEqual(textsOf(result), ["one"]);
  assert.ok(typesOf(result.frames).includes("codex.reasoning"));
});

test("the oldest files, without envelope and events, have their prompts", () => {
  const content = (type: string, text: string) => [{ type, text }];
  const { frames, headers } = readRecords("codex", [
    { id: "0a1b", timestamp: "2025-05-01T10:00:00.000Z", instructions: "Be brief." },
    { type: "message", role: "user", content: content("input_text", "<user_instructions>x") },
    { type: "message", role: "user", content: content("input_text", "hello") },
    { type: "message", role: "assistant", content: content("output_text", "hi") },
    { type: "function_call", name: "shell", arguments: "{}", call_id: "c1" },
    { type: "function_call_output", call_id: "c1", output: "ok" },
    { type: "message", role: "user", content: content("input_text", "more") },
  ]);
  assert.deepEqual(Object.keys(headers), ["thr_0a1b"]);
  assert.deepEqual(typesOf(frames), [
    "run_started",
    "codex.session_meta",
    "codex.message",
    "user_message",
    "assistant_message",
    "tool_call",
    "tool_result",
    "run_completed",
    "run_started",
    "user_message",
  ]);
});

test("PUB21 a message id that repeats is made unique", () => {
  const { frames } = readTurn([
    codex.answerItem("one", { id: "msg_1" }),
    codex.answerItem("two", { id: "msg_1" }),
  ]);
  const ids = payloadsOf(frames, "assistant_message").map((payload) => payload.messageId);
  assert.equal(ids[0], "msg_1");
  assert.equal(new Set(ids).size, 2);
});
