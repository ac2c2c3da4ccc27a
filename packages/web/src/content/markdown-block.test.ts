/** What a block is shown as (WEB20, WEB22). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { linkDefinitions, shownBlock } from "./markdown-block.ts";

test("WEB20 a fence is code with its language, closed or not", () => {
  const code = (code: string, language: string) => ({ kind: "code", code, language });
  assert.deepEqual(shownBlock("```ts title=x\na\n\nb\n```\n\n"), code("a\n\nb", "ts"));
  assert.deepEqual(shownBlock("~~~\na\n```\n~~~~"), code("a\n```", ""));
  assert.deepEqual(shownBlock("```js\r\na\r\nb\r\n```\r\n"), code("a\nb", "js"));
  assert.deepEqual(shownBlock("```js\na\n`"), code("a\n`", "js"));
  assert.deepEqual(shownBlock("```"), code("", ""));
  assert.deepEqual(shownBlock("  ```\n  a"), code("  a", ""));
});

test("WEB22 what would cost the parser seconds is plain text", () => {
  const hostile = [
    `${">".repeat(10_000)} a`,
    `${"> ".repeat(40)} a`,
    `${"- ".repeat(40)} a`,
    "x".repeat(5_000_000),
    "*a _b ".repeat(2_000),
    "a~".repeat(7_000),
    "- a\n".repeat(2_000),
  ];
  for (const text of hostile) assert.equal(shownBlock(text).kind, "plain", text.slice(0, 20));
});

test("WEB22 long lines, rules, tables and names with underscores are still Markdown", () => {
  const usual = [
    "lorem ipsum ".repeat(500),
    "-".repeat(100),
    "* ".repeat(3),
    `${"|a".repeat(100)}|\n${"|-".repeat(100)}|\n`,
    "some_snake_case_name ".repeat(400),
    "> > > three",
  ];
  for (const text of usual) assert.equal(shownBlock(text).kind, "markdown", text.slice(0, 20));
});

test("WEB20 addresses named elsewhere are found, footnotes stay text", () => {
  const text = "see [a][1]\n\n[1]: https://a.test/x\n[^2]: a note\n";
  assert.equal(linkDefinitions(text), "[1]: https://a.test/x");
  assert.deepEqual(shownBlock("[^2]: a note"), { kind: "markdown", text: "\\[^2]: a note" });
  assert.deepEqual(shownBlock("`[^a]`"), { kind: "markdown", text: "`[^a]`" });
});
