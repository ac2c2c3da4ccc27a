/** Which protocol a URL means, and where requests go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { modelAddress } from "./model-settings.ts";

test("CFG16 the URL alone tells protocol and base", () => {
  for (const [url, protocol, baseUrl] of [
    ["https://api.openai.com/v1", "openai", "https://api.openai.com/v1"],
    ["https://api.openai.com/v1/", "openai", "https://api.openai.com/v1"],
    ["http://localhost:11434/v1/chat/completions", "openai", "http://localhost:11434/v1"],
    ["https://host.example/chat/completions/", "openai", "https://host.example"],
    ["https://host.example", "openai", "https://host.example"],
    ["https://notanthropic.com/v1", "openai", "https://notanthropic.com/v1"],
    ["https://anthropic.com.example/v1", "openai", "https://anthropic.com.example/v1"],
    ["https://api.anthropic.com", "anthropic", "https://api.anthropic.com"],
    ["https://api.anthropic.com/v1", "anthropic", "https://api.anthropic.com"],
    ["https://api.anthropic.com/v1/messages", "anthropic", "https://api.anthropic.com"],
    ["http://gateway:4000/claude/v1/messages/", "anthropic", "http://gateway:4000/claude"],
  ] as const) {
    assert.deepEqual(modelAddress(new URL(url)), { protocol, baseUrl, query: {} }, url);
  }
});

test("CFG16 parameters of the URL go with each request", () => {
  const { baseUrl, query } = modelAddress(new URL("https://host/v1?api-version=1&x=a%20b#part"));
  assert.deepEqual([baseUrl, query], ["https://host/v1", { "api-version": "1", x: "a b" }]);
});
