/** Cutting Markdown into blocks, by examples and at random (WEB21). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { markdownBlocks, markdownBlocksAfter } from "./markdown-blocks.ts";

const cases: readonly (readonly [name: string, blocks: readonly string[]])[] = [
  ["paragraphs", ["a\nb\n\n", "c\n\n\n", "d"]],
  ["a fence with blank lines", ["a\n\n", "```js\none\n\ntwo\n```\n", "b"]],
  ["a fence right behind a paragraph", ["a\n", "```\nx\n```\n", "b\n"]],
  ["a fence of four around one of three", ["````md\n```js\n\nx\n```\n\ny\n````\n\n", "z"]],
  ["tildes around backticks", ["~~~\n```\n\n~~~~\n", "z"]],
  ["an open fence", ["a\n\n", "```\nx\n\ny\n\n"]],
  ["a loose list", ["1. a\n\n2. b\n\n   more of b\n\n", "c"]],
  ["a list with a fence inside", ["- a\n\n  ```\n  x\n\n  y\n  ```\n\n- b\n\n", "c"]],
  ["a fence on a list's line", ["- ```\n  x\n\n  y\n  ```\n\n", "c"]],
  ["a list's open fence ends with the list", ["- a\n  ```\n  x\n\n", "b\n\n", "c"]],
  ["a fence outside behind a list", ["1. a\n", "```\nx\n\n```\n", "2. b"]],
  ["indented code", ["a\n\n    x\n\n    y\n\n", "b"]],
  ["a comment", ["<!-- a\n\nb -->\n\n", "c"]],
  ["a pre element", ["<pre>\na\n\nb\n</pre>\n\n", "c"]],
  ["a div ends at a blank line", ["<div>\n\n", "a\n\n", "</div>"]],
  ["CRLF", ["a\r\n\r\n", "```\r\nx\r\n\r\ny\r\n```\r\n", "\r\nb"]],
  ["a table", ["| a | b |\n|---|---|\n| 1 | 2 |\n\n", "c"]],
  ["a quote", ["> a\n>\n> b\n\n", "> c"]],
  ["a quoted fence", ["> ```\n> x\n\n", "b"]],
  ["a rule is no list", ["a\n\n", "---\n\n", "b"]],
];

for (const [name, blocks] of cases) {
  test(`WEB21 blocks: ${name}`, () => {
    const text = blocks.join("");
    const expected =
      name === "CRLF" ? ["a\r\n\r\n", "```\r\nx\r\n\r\ny\r\n```\r\n\r\n", "b"] : blocks;
    assert.deepEqual(markdownBlocks(text), expected);
  });
}

test("WEB21 blocks: an empty text has none, one of blank lines is one", () => {
  assert.deepEqual(markdownBlocks(""), []);
  assert.deepEqual(markdownBlocks("\n\n"), ["\n\n"]);
});

test("WEB21 blocks joined are the text, and one that grows gives the same as it whole", () => {
  const random = seeded(20);
  const lines = ["a", "", "", "```", "````js", "~~~", "- b", "  c", "1. d", "    e", "<!--", "-->"];
  for (let round = 0; round < 100; round += 1) {
    const drawn = Array.from({ length: 30 }, () => lines[Math.floor(random() * lines.length)]);
    const whole = drawn.map((line) => `${line}${random() < 0.2 ? "\r\n" : "\n"}`).join("");
    let blocks: string[] = [];
    for (let end = 0; end < whole.length; end += Math.ceil(random() * 4)) {
      const text = whole.slice(0, end);
      blocks = markdownBlocksAfter(blocks, text);
      assert.equal(blocks.join(""), text);
      assert.deepEqual(blocks, markdownBlocks(text));
    }
  }
});

test("WEB21 a text that begins anew is cut anew", () => {
  assert.deepEqual(markdownBlocksAfter(["a\n\n", "b"], "x\n\ny\n\nz"), ["x\n\n", "y\n\n", "z"]);
});

test("WEB22 a text of a million lines and one of 5 MB on one are cut in one pass", () => {
  assert.equal(markdownBlocks("x\n\n".repeat(500_000)).length, 500_000);
  assert.equal(markdownBlocks("x".repeat(5_000_000)).length, 1);
  assert.equal(markdownBlocks(">".repeat(10_000)).length, 1);
});

/** Numbers from 0 to 1, the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
