/** Payloads are cut to what the server takes, and nothing else is changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { unprintable } from "@spool/protocol/json";
import { cutMiddle, fitPayload, payloadBytesMax } from "./fit-payload.ts";

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

test("WIRE7 a payload that fits is given back as it is", () => {
  const payload = JSON.parse('{"name":"x","data":{"__proto__":{"a":1},"list":[1,null,"é"]}}');
  assert.equal(fitPayload(payload), payload);
});

test("WIRE6 the longest strings lose their middle until the payload fits", () => {
  const output = "é".repeat(5_000_000);
  const fitted = fitPayload({ toolCallId: "c1", output, structured: { a: "short", output } });
  assert.ok(bytesOf(fitted) <= payloadBytesMax);
  assert.equal(fitted.truncated, true);
  assert.equal(fitted.toolCallId, "c1");
  assert.equal((fitted.structured as { a: string }).a, "short");
  assert.match(String(fitted.output), /^é+\n… \d+ characters left out …\né+$/);
});

test("WIRE6 a payload of many small values fits as well, its content stays a list", () => {
  const parts = Array.from({ length: 400_000 }, (_, index) => ({ type: "text", text: `${index}` }));
  const fitted = fitPayload({ content: parts, messageId: "m1" });
  assert.ok(bytesOf(fitted) <= payloadBytesMax);
  assert.equal((fitted.content as unknown[]).length, 1);
  assert.equal(fitted.messageId, "m1");
  const custom = fitPayload({ name: "x", data: parts });
  assert.equal(typeof custom.data, "string");
});

test("WIRE8 what is nested too deep becomes text, numbers beyond a double as well", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(200)}1e999${"}".repeat(200)}`);
  const fitted = fitPayload({ name: "x", data: deep, big: JSON.parse("1e999") });
  assert.equal(unprintable(fitted), null);
  assert.equal(fitted.big, "Infinity");
  assert.match(JSON.stringify(fitted), /\{\\"a\\":\{\\"a\\":/);
});

test("a cut keeps both ends and no half of a character", () => {
  assert.equal(cutMiddle("abcdef", 6), "abcdef");
  assert.equal(cutMiddle("abcdefgh", 4), "ab\n… 4 characters left out …\ngh");
  const cut = cutMiddle("😀".repeat(10), 5);
  assert.equal(cut, Buffer.from(cut).toString());
});
