/**
 * Tests singled out are found always, tests left out when their line gives no reason.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTestMarks } from "./test-marks.ts";
import { findingsOf } from "./testing/findings-of.ts";

const path = "packages/server/src/a.test.ts";

async function found(text: string): Promise<string[]> {
  return (await findingsOf(checkTestMarks, { [path]: text })).map((one) =>
    one.replace(`${path}:`, ""),
  );
}

test("a test singled out is found in every form", async () => {
  const only = "1 only: every other test is left out";
  assert.deepEqual(await found('test.only("a", () => {});\n'), [only]);
  assert.deepEqual(await found('describe.only("a", () => {});\n'), [only]);
  assert.deepEqual(await found('it("a", { only: true }, () => {});\n'), [only]);
  assert.deepEqual(await found('test.only("a", () => {}); // because\n'), [only]);
});

test("a skipped test needs a reason on its line", async () => {
  assert.deepEqual(await found('test.skip("a", () => {});\n'), [
    "1 skip without a reason on the line",
  ]);
  assert.deepEqual((await found('test("a", { skip: true }, () => {});\n')).length, 1);
  assert.deepEqual((await found('test("a", { skip: missing }, () => {});\n')).length, 1);
  assert.deepEqual((await found("t.skip();\n")).length, 1);
  assert.deepEqual(await found('test.todo("a");\n'), ["1 todo without a reason on the line"]);
});

test("with one it is left alone", async () => {
  assert.deepEqual(await found('test("a", { skip: "needs NATS" }, () => {});\n'), []);
  assert.deepEqual(await found('test("a", { skip: has ? false : "needs NATS" }, () => {});\n'), []);
  assert.deepEqual(await found('t.skip("needs NATS");\n'), []);
  assert.deepEqual(await found('test.skip("a", () => {}); // needs NATS\n'), []);
});

test("other calls of the same name are none of its business", async () => {
  assert.deepEqual(await found('cursor.skip(3);\nlist.only("a");\nrun({ skip: true });\n'), []);
});
