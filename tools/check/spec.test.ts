/**
 * Rules and their tests: a rule nobody proves is found, and so is a citation of a rule that does
 * not exist. Words that only look like ids are left alone.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSpec } from "./spec.ts";
import { findingsOf } from "./testing/findings-of.ts";

const code = "packages/server/src/a.ts";
const tests = "packages/server/src/a.test.ts";
const spec = "# Contract\n\n- **PUB1** One.\n- **PUB2** Two, see PUB1.\n";

async function found(contents: Readonly<Record<string, string>>): Promise<string[]> {
  return await findingsOf(checkSpec, { "SPEC.md": spec, ...contents });
}

test("a rule without a test is found", async () => {
  assert.deepEqual(await found({ [tests]: 'test("PUB1 holds", () => {});\n' }), [
    "SPEC.md:4 PUB2 is cited by no test",
  ]);
});

test("a title may open with several ids, alone or in a table, and a comment may cite", async () => {
  const titles = 'test("PUB1, PUB2 hold", () => {});\n';
  const table = 'const cases = [["PUB1 a", 1], ["PUB2 b", 2]];\n';
  const notes = 'test("PUB1 holds", () => {\n  // PUB2\n});\n';
  for (const text of [titles, table, notes])
    assert.deepEqual(await found({ [tests]: text }), [], text);
});

test("what counts is an opening in a test: not a later word, not the code, not a header", async () => {
  const late = 'test("after PUB1 and PUB2", () => {});\n';
  const header = "/** Proves PUB1 and PUB2. */\n";
  assert.equal((await found({ [tests]: header + late })).length, 2);
  assert.equal((await found({ [code]: "// PUB1, PUB2\n" })).length, 2);
});

test("a citation of a rule that does not exist is found, in code, tests and documents", async () => {
  const proven = 'test("PUB1 holds", () => {});\ntest("PUB2 holds", () => {});\n';
  assert.deepEqual(
    await found({
      [tests]: `${proven}test("PUB3 holds", () => {});\n`,
      [code]: "/**\n * As PUB4 says.\n */\n",
      "README.md": "See\nPUB5.\n",
    }),
    [
      `${tests}:3 PUB3 is not in SPEC.md`,
      `${code}:2 PUB4 is not in SPEC.md`,
      "README.md:2 PUB5 is not in SPEC.md",
    ],
  );
});

test("words of another family are no ids", async () => {
  const proven = 'test("PUB1, PUB2 hold: UTF8", () => {});\n// SHA256, CRC32\n';
  assert.deepEqual(await found({ [tests]: proven }), []);
});

test("a retired rule needs no test, is not cited, and its id is not given again", async () => {
  const retired = "# Contract\n\n- **PUB1** One.\n- ~~**PUB2**~~ Retired.\n";
  const cited = { [tests]: "// PUB1\n", [code]: "// PUB2\n" };
  assert.deepEqual(await found({ "SPEC.md": retired, [tests]: "// PUB1\n" }), []);
  assert.deepEqual(await found({ "SPEC.md": retired, ...cited }), [`${code}:1 PUB2 is retired`]);
  assert.deepEqual(await found({ "SPEC.md": `${retired}- **PUB2** Again.\n`, ...cited }), [
    "SPEC.md:5 PUB2 stands already on line 4",
    "SPEC.md:5 PUB2 is cited by no test",
  ]);
});

test("a rule written twice is found, and so is a missing SPEC.md", async () => {
  const contents = { "SPEC.md": `${spec}- **PUB1** Again.\n`, [tests]: "// PUB1 PUB2\n" };
  assert.deepEqual(await found(contents), ["SPEC.md:5 PUB1 stands already on line 3"]);
  assert.deepEqual(await findingsOf(checkSpec, {}), ["SPEC.md:1 is missing"]);
});
