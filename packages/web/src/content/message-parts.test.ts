/** Parts, usage and errors as payloads have them (WEB20, WEB26). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorText, jsonLine, jsonText, oneLine } from "./json-text.ts";
import { messageParts, messageText } from "./message-parts.ts";
import { tokenUsage } from "./token-usage.ts";

test("WEB20 content of every shape is parts", () => {
  const kinds = (content: unknown) => messageParts(content).map((part) => part.kind);
  assert.deepEqual(kinds("a"), ["text"]);
  assert.deepEqual(kinds(""), []);
  assert.deepEqual(kinds(null), []);
  const parts = [
    { type: "text", text: "a" },
    { type: "text", text: "" },
    { type: "thinking", text: "b" },
    { type: "image", source: { type: "url", url: "https://a.test/x.png" } },
    { type: "file", mediaType: "image/png", url: "data:image/png;base64,AAAA" },
    { type: "constructor" },
    { type: "__proto__", text: "c" },
    7,
    null,
    "d",
  ];
  const expected = [
    "text",
    "thinking",
    "image",
    "image",
    "other",
    "other",
    "other",
    "other",
    "text",
  ];
  assert.deepEqual(kinds(parts), expected);
  assert.deepEqual(kinds({ toString: 1 }), ["other"]);
  assert.equal(messageText(parts), "a\n\nd");
});

test("WEB26 usage is read in every provider's words", () => {
  const usage = (value: unknown) => tokenUsage({ usage: value });
  const claude = { input_tokens: 5, cache_read_input_tokens: 90, output_tokens: 7 };
  assert.deepEqual(usage(claude), { input: 95, output: 7, costUsd: null });
  const codex = { input_tokens: 95, cached_input_tokens: 90, output_tokens: 7 };
  assert.deepEqual(usage(codex), { input: 95, output: 7, costUsd: null });
  const openai = { prompt_tokens: 1, completion_tokens: 2 };
  assert.deepEqual(usage(openai), { input: 1, output: 2, costUsd: null });
  const opencode = { input: 1, output: 2, cache: { read: 3, write: 4 } };
  assert.deepEqual(tokenUsage({ usage: opencode, costUsd: 0.5 }), {
    input: 8,
    output: 2,
    costUsd: 0.5,
  });
  assert.deepEqual(usage({ cost: { total: 2 } }), { input: null, output: null, costUsd: 2 });
  for (const none of [null, undefined, "x", [], {}, { input_tokens: "5" }, { input: -1 }])
    assert.equal(usage(none), null);
});

test("WEB26 errors of every shape are text", () => {
  assert.equal(errorText("x"), "x");
  assert.equal(errorText({ message: "x", code: 1 }), "x");
  assert.equal(errorText({ error: "x" }), "x");
  assert.equal(errorText({ code: 1 }), '{"code":1}');
  assert.equal(errorText(5), "5");
  for (const none of [null, undefined, ""]) assert.equal(errorText(none), null);
});

test("WEB23 values are printed, hostile ones too", () => {
  const deep = JSON.parse("[".repeat(128) + "]".repeat(128));
  assert.equal(jsonText(deep).split("\n").length, 255);
  assert.equal(
    jsonLine(JSON.parse('{"__proto__":1,"constructor":2}'), 99),
    '{"__proto__":1,"constructor":2}',
  );
  assert.equal(oneLine(" a\n\t b ", 9), "a b");
  assert.equal(oneLine("x".repeat(50), 9), `${"x".repeat(9)}…`);
  assert.equal(jsonText(undefined), "null");
  assert.equal(jsonText("\ud800"), '"\\ud800"');
});
