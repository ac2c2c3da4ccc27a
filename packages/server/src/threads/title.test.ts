/**
 * Proves which title a message gives (THR4): its words on one line, at most 80 characters, nothing
 * torn apart, and none where there is nothing to see.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { titleFromMessage } from "./title.ts";

const titleOf = (content: unknown) => titleFromMessage({ content });
const text = (value: string) => ({ type: "text", text: value });
const image = { type: "image", url: "data:image/png;base64,AA==" };
const family = "👨‍👩‍👧‍👦"; // one to see, seven code points

test("THR4 a message's words on one line are the title", () => {
  assert.equal(titleOf("Fix the build"), "Fix the build");
  assert.equal(titleOf("  Fix\n\n\tthe \u00a0 build \r\n"), "Fix the build");
  assert.equal(titleOf("a\u0000b\u001b[31mc\u009fd"), "a b [31mc d");
  assert.equal(titleOf(`${" ".repeat(5_000)}far in`), "far in");
});

test("THR4 the first text that can be seen counts, whatever stands before it", () => {
  assert.equal(titleOf([image, text(" \n"), text("look"), text("here")]), "look");
  assert.equal(titleOf([{ type: "other", text: "no text part" }, text("yes")]), "yes");
});

test("THR4 a message without anything to see gives no title", () => {
  const empty = ["", " \n\t", "\u0000\u001f", "\u200b\u200d\ufeff", "\u202e\u2066", "\u0301"];
  for (const content of [...empty, [], [image], [text("")], [text("\u200b")], undefined, 5, null]) {
    assert.equal(titleOf(content), null, JSON.stringify(content));
  }
});

test("THR4 80 characters are kept, the 81st is cut with an ellipsis", () => {
  assert.equal(titleOf("x".repeat(80)), "x".repeat(80));
  assert.equal(titleOf("x".repeat(81)), `${"x".repeat(79)}…`);
  assert.equal(titleOf(`${"x".repeat(78)} yz`), `${"x".repeat(78)}…`);
  assert.equal(titleOf("x".repeat(1_000_000)), `${"x".repeat(79)}…`);
});

test("THR4 what is seen as one character is never torn", () => {
  assert.equal(titleOf("😀".repeat(80)), "😀".repeat(80));
  assert.equal(titleOf("😀".repeat(81)), `${"😀".repeat(79)}…`);
  assert.equal(titleOf(family.repeat(12)), `${family.repeat(11)}…`);
  assert.equal(titleOf("e\u0301".repeat(41)), `${"e\u0301".repeat(39)}…`);
  assert.equal(titleOf(`a${"\u0301".repeat(100)}`), `a${"\u0301".repeat(78)}…`);
  assert.equal(titleOf(`${"x".repeat(78)}🇩🇪!`), `${"x".repeat(78)}…`);
});

test("THR4 text from right to left stays, marks that would turn what follows go", () => {
  assert.equal(titleOf("مرحبا بالعالم"), "مرحبا بالعالم");
  assert.equal(titleOf("שלום \u200fעולם"), "שלום \u200fעולם");
  assert.equal(titleOf("\u202eevil\u202c \u2067name\u2069"), "evil name");
});

test("THR4 a lone surrogate becomes a character every store keeps", () => {
  assert.equal(titleOf("a\ud83d"), "a\ufffd");
  assert.equal(titleOf("\udc00"), "\ufffd");
});

test("THR4 any text gives null or a well-formed line of 1 to 80 characters", () => {
  const property = fc.property(
    fc.string({ unit: "binary", maxLength: 200, size: "max" }),
    (content) => {
      const title = titleOf(content);
      if (title === null) return;
      const characters = [...title].length;
      assert.ok(characters >= 1 && characters <= 80, `${characters} characters`);
      assert.ok(title.isWellFormed());
      assert.equal(title, title.trim());
      assert.doesNotMatch(title, /[\p{Cc}\u2028\u2029]/u);
    },
  );
  fc.assert(property, { seed: 4, numRuns: 1_000 });
});
