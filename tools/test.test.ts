/**
 * The test command on small checkouts of its own: what it runs, counts, prints and ends with. It
 * is started as npm starts it, since a runner inside a runner counts nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";

const command = join(import.meta.dirname, "test.ts");
const begin =
  'import assert from "node:assert/strict";\nimport { describe, it, test } from "node:test";\n';

type Outcome = { readonly status: number | null; readonly output: string; readonly last: string };

/** Runs the command over the given files, with `SPOOL_URL` set as a careless caller has it. */
function runOver(
  t: TestContext,
  contents: Readonly<Record<string, string>>,
  parameters: readonly string[] = [],
): Outcome {
  const root = mkdtempSync(join(tmpdir(), "test-"));
  t.after(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, "package.json"), '{"type": "module"}');
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), begin + text);
  }
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const env = { ...environment, SPOOL_URL: "http://example.com" };
  const options = { cwd: root, env, encoding: "utf8" } as const;
  const { status, stdout } = spawnSync(process.execPath, [command, ...parameters], options);
  return { status, output: stdout, last: stdout.trimEnd().split("\n").at(-1) ?? "" };
}

test("all test files are found, and their tests counted", (t) => {
  const { status, last } = runOver(t, {
    "packages/a/src/a.test.ts": 'test("a", () => {});\ntest("b", () => {});\n',
    "tools/deep/down/b.test.ts": 'describe("suite", () => { it("c", () => {}); });\n',
    "bench/src/c.test.ts": 'test("d", { skip: "not here" }, () => {});\n',
    "packages/a/node_modules/d.test.ts": 'throw new Error("not ours");\n',
    "packages/a/src/not-a-test.ts": 'throw new Error("no test");\n',
  });
  assert.deepEqual([status, last], [0, "3 passed, 0 failed, 1 skipped"]);
});

test("a failing test fails the run and is shown in full", (t) => {
  const { status, output, last } = runOver(t, {
    "packages/a/src/a.test.ts":
      'describe("s", () => { it("t", () => { console.log("a hint"); assert.equal(1, 2); }); });\n',
    "packages/a/src/b.test.ts": 'test("b", () => { console.log("chatter"); });\n',
  });
  assert.deepEqual([status, last], [1, "1 passed, 1 failed"]);
  assert.match(output, /^FAILED packages\/a\/src\/a\.test\.ts:3 s › t\n {4}AssertionError/m);
  assert.match(output, /1 !== 2/);
  assert.match(output, /a hint/);
  assert.doesNotMatch(output, /chatter/);
});

test("what fails around the tests counts: a file, a suite, a hook, a late error", (t) => {
  const files = {
    "packages/a/file.test.ts": 'throw new Error("at load");\n',
    "packages/a/suite.test.ts": 'describe("s", () => { throw new Error("in the body"); });\n',
    "packages/a/late.test.ts":
      'test("a", () => { setTimeout(() => { throw new Error("afterwards"); }, 1); });\n',
    "packages/a/empty.test.ts": "",
  };
  const { status, output, last } = runOver(t, files);
  assert.deepEqual([status, last], [1, "1 passed, 4 failed"]);
  for (const word of ["at load", "in the body", "afterwards", "empty.test.ts holds no test"]) {
    assert.ok(output.includes(word), `${word} in:\n${output}`);
  }
});

test("a run without a test fails", (t) => {
  const nothing = runOver(t, {});
  assert.deepEqual([nothing.status, nothing.last], [1, "0 passed, 0 failed"]);
  const files = { "packages/a/a.test.ts": 'test("a", () => {});\n' };
  const filtered = runOver(t, files, ["--name", "^b$"]);
  assert.deepEqual([filtered.status, filtered.last], [1, "0 passed, 0 failed"]);
});

test("arguments choose files and tests", (t) => {
  const files = {
    "packages/a/src/one.test.ts": 'test("LOG1 a", () => {});\ntest("LOG2 b", () => {});\n',
    "packages/b/src/two.test.ts": 'test("LOG2 c", () => {});\n',
    "tools/three.test.ts": 'test("LOG1 d", () => {});\n',
  };
  const last = (...parameters: string[]) => runOver(t, files, parameters).last;
  assert.equal(last("packages/a"), "2 passed, 0 failed");
  assert.equal(last("./packages/b/src/two.test.ts", "tools"), "2 passed, 0 failed");
  assert.equal(last("packages/*/src/*.test.ts"), "3 passed, 0 failed");
  assert.equal(last("--name", "^LOG2"), "2 passed, 0 failed");
});

test("the caller's own settings do not reach the tests", (t) => {
  const text = 'test("a", () => { assert.equal(process.env.SPOOL_URL, undefined); });\n';
  assert.equal(runOver(t, { "packages/a/a.test.ts": text }).last, "1 passed, 0 failed");
});
