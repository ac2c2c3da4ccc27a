/**
 * The comments that must be there: the opening of a file and the doc comment of what it exports.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkComments } from "./comments.ts";
import { findingsOf } from "./testing/findings-of.ts";

const path = "packages/server/src/a.ts";
const opening = "/**\n * What this is for.\n * Who calls it.\n */\n";

async function found(text: string): Promise<string[]> {
  return (await findingsOf(checkComments, { [path]: text })).map((one) =>
    one.replace(`${path}:`, ""),
  );
}

test("a file opens with two to six lines, in a block or line by line", async () => {
  const text = (count: number) => `${"// Says it.\n".repeat(count)}\n${"go();\n".repeat(100)}`;
  assert.deepEqual(await found(`${opening}go();\n`), []);
  assert.deepEqual(await found(`#!/usr/bin/env node\n${opening}go();\n`), []);
  assert.deepEqual(await found(text(2)), []);
  assert.deepEqual(await found(text(6)), []);
  assert.deepEqual(await found(text(1)), ["1 opens with 1 lines of comment, not 2 to 6"]);
  assert.deepEqual(await found(text(7)), ["1 opens with 7 lines of comment, not 2 to 6"]);
  assert.deepEqual(await found(`go();\n${opening}`), ["1 does not open with a comment"]);
  assert.deepEqual(await found("go();\n"), ["1 does not open with a comment"]);
});

test("one line will do for a small file and for tests", async () => {
  assert.deepEqual(await found("/** Says it. */\ngo();\n"), []);
  assert.deepEqual(await found("/** */\ngo();\n"), ["1 opens with 0 lines of comment, not 1 to 6"]);
  const long = `/** Says it. */\n${"go();\n".repeat(100)}`;
  assert.deepEqual(await findingsOf(checkComments, { "packages/server/src/a.test.ts": long }), []);
});

test("a timeline behind an empty line does not count into the six", async () => {
  const timeline = `/**\n * What this is for.\n *\n${" *   t0 ── t1\n".repeat(9)} */\ngo();\n`;
  assert.deepEqual(await found(timeline), []);
});

test("exported functions, classes and types need a doc comment", async () => {
  const declarations: readonly (readonly [name: string, text: string])[] = [
    ["f", "export function f() {}\n"],
    ["f", "export async function* f() {}\n"],
    ["f", "export const f = () => 1;\n"],
    ["A", "export class A {}\n"],
    ["A", "export abstract class A {}\n"],
    ["A", "export interface A { a: string }\n"],
    ["A", "export type A = string;\n"],
    ["default", "export default function () {}\n"],
    ["f", "function f() {}\nexport { f };\n"],
  ];
  for (const [name, text] of declarations) {
    const missing = `5 exported ${name} has no doc comment`;
    assert.deepEqual(await found(`${opening}${text}`), [missing], text);
    assert.deepEqual((await found(`${opening}// A remark.\n${text}`)).length, 1, text);
    assert.deepEqual(await found(`${opening}/** Says what. */\n${text}`), [], text);
  }
});

test("the file's opening is no doc comment, and what is not exported needs none", async () => {
  assert.deepEqual((await found(`${opening}export type A = string;\n`)).length, 1);
  assert.deepEqual(
    await found(`${opening}type A = string;\nfunction f() {}\nconst g = () => 1;\n`),
    [],
  );
  assert.deepEqual(await found(`${opening}export const a = 1;\n`), []);
});

test("a type read off the schema of its name needs none, overloads need one", async () => {
  const derived = "export const Run = schema();\nexport type Run = Static<typeof Run>;\n";
  assert.deepEqual(await found(opening + derived), []);
  const overloads = "/** Says what. */\nexport function f(): void;\nexport function f(a?: 1) {}\n";
  assert.deepEqual(await found(opening + overloads), []);
});

test("notes to come back are refused in comments, and only there", async () => {
  const note = ["TO", "DO"].join("");
  assert.deepEqual(await found(`${opening}// ${note}: later\n`), [
    `5 ${note}: finish it, or file it elsewhere`,
  ]);
  assert.deepEqual(
    await found(`${opening}const state = "${note}"; // not a //-comment in "//"\n`),
    [],
  );
  assert.deepEqual(await found(`${opening}const address = "http://${note}/";\n`), []);
});
