/**
 * The size limits: just within each of them nothing is found, one more and it is. Test code is
 * measured without the tests it registers.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsOf } from "./testing/findings-of.ts";
import { checkTidy } from "./tidy.ts";

const path = "packages/server/src/a.ts";

function functionOf(lines: number): string {
  return `function f() {\n${"  go();\n".repeat(lines - 2)}}\n`;
}

function interfaceOf(methods: number): string {
  const all = Array.from({ length: methods }, (_, index) => `  m${index}(): void;\n`);
  return `interface Wide {\n  name: string;\n${all.join("")}}\n`;
}

test("a file of 500 lines passes, one of 501 does not", async () => {
  assert.deepEqual(await findingsOf(checkTidy, { [path]: "go();\n".repeat(500) }), []);
  assert.deepEqual(await findingsOf(checkTidy, { [path]: "go();\n".repeat(501) }), [
    `${path}:1 501 lines, at most 500`,
  ]);
});

test("a line of 120 columns passes, one of 121 does not", async () => {
  const text = (columns: number) => `go();\n// ${"ü".repeat(columns - 3)}\n`;
  assert.deepEqual(await findingsOf(checkTidy, { [path]: text(120) }), []);
  assert.deepEqual(await findingsOf(checkTidy, { [path]: text(121) }), [
    `${path}:2 121 columns, at most 120`,
  ]);
});

test("a function of 80 lines passes, one of 81 does not, wherever it stands", async () => {
  assert.deepEqual(await findingsOf(checkTidy, { [path]: functionOf(80) }), []);
  assert.deepEqual(await findingsOf(checkTidy, { [path]: `\n${functionOf(81)}` }), [
    `${path}:2 f: 81 lines, at most 80`,
  ]);
  const inClass = `class A {\n  run = () => {\n${"    go();\n".repeat(79)}  };\n}\n`;
  assert.deepEqual(await findingsOf(checkTidy, { [path]: inClass }), [
    `${path}:2 run: 81 lines, at most 80`,
  ]);
});

test("braces in strings, templates, comments and regular expressions do not mislead", async () => {
  const text = `const f = () => {\n  return [/[}]/, "}", \`}\${"{"}\`]; // }\n};\n${functionOf(81)}`;
  assert.deepEqual(await findingsOf(checkTidy, { [path]: text }), [
    `${path}:4 f: 81 lines, at most 80`,
  ]);
});

test("five parameters pass, six do not; `this` is none", async () => {
  const text = (list: string) => `export function f(${list}) {}\n`;
  assert.deepEqual(await findingsOf(checkTidy, { [path]: text("this: A, a, b, c, d, e") }), []);
  assert.deepEqual(await findingsOf(checkTidy, { [path]: text("a, b, c, d, e, f") }), [
    `${path}:1 f: 6 parameters, at most 5`,
  ]);
});

test("ten methods of an interface pass, eleven do not", async () => {
  assert.deepEqual(await findingsOf(checkTidy, { [path]: interfaceOf(10) }), []);
  assert.deepEqual(await findingsOf(checkTidy, { [path]: interfaceOf(11) }), [
    `${path}:1 Wide: 11 methods, at most 10`,
  ]);
});

test("a contract suite may list any number of tests, each of which is measured", async () => {
  const one = `  test("a", async () => {\n${"    go();\n".repeat(40)}  });\n`;
  const suite = `export function contract() {\n${one.repeat(3)}}\n`;
  const contract = "packages/server/src/a.contract.ts";
  assert.deepEqual(await findingsOf(checkTidy, { [contract]: suite }), []);
  assert.equal((await findingsOf(checkTidy, { [path]: suite })).length, 1);
  const long = `describe("all", () => {\n  it("a", () => {\n${"    go();\n".repeat(79)}  });\n});\n`;
  assert.deepEqual(await findingsOf(checkTidy, { [contract]: long }), [
    `${contract}:2 a nameless function: 81 lines, at most 80`,
  ]);
});
