/** Metadata of every kind and size is one short line (WEB16). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { metadataWords } from "./metadata-words.ts";

test("WEB16 metadata is one line of keys and values, cut where it is long", () => {
  assert.equal(metadataWords({}), "");
  const some = { project: "spool", ticket: 42, deep: { a: [1] }, none: null };
  assert.equal(metadataWords(some), 'project: spool, ticket: 42, deep: {"a":[1]}, none: null');
  const long = metadataWords({ text: "x".repeat(10_000) });
  assert.equal(long, `text: ${"x".repeat(40)}…`);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`key${n}`, n]));
  assert(metadataWords(many).length <= 161);
  assert.equal(metadataWords(JSON.parse('{"__proto__":{"x":1}}')), '__proto__: {"x":1}');
});
