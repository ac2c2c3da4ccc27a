/**
 * File names: kebab-case with any number of suffixes, none that says nothing; no barrels.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNames } from "./names.ts";
import { findingsOf } from "./testing/findings-of.ts";

const folder = "packages/server/src";

test("kebab-case names pass, with suffixes too", async () => {
  const names = ["main.ts", "thread-store.contract.ts", "use-thread.tsx", "crc32.ts", "a.test.ts"];
  for (const name of names) {
    assert.deepEqual(await findingsOf(checkNames, { [`${folder}/${name}`]: "go();\n" }), []);
  }
});

test("other cases do not", async () => {
  for (const name of ["ThreadStore.ts", "thread_store.ts", "threadStore.ts", "-a.ts"]) {
    assert.deepEqual(await findingsOf(checkNames, { [`${folder}/${name}`]: "go();\n" }), [
      `${folder}/${name}:1 file names are kebab-case, not ${name}`,
    ]);
  }
});

test("names that say nothing are refused", async () => {
  for (const name of ["utils.ts", "helpers.ts", "index.ts", "index.test.ts"]) {
    assert.deepEqual(await findingsOf(checkNames, { [`${folder}/${name}`]: "go();\n" }), [
      `${folder}/${name}:1 ${name} says nothing: name it after its main export`,
    ]);
  }
});

test("a file of re-exports alone is refused, one that adds something is not", async () => {
  const path = `${folder}/thread.ts`;
  const reExports = 'export * from "./a.ts";\nexport { b } from "./b.ts";\n';
  assert.deepEqual(await findingsOf(checkNames, { [path]: reExports }), [
    `${path}:1 only re-exports: import the files themselves`,
  ]);
  assert.deepEqual(
    await findingsOf(checkNames, { [path]: `${reExports}export const c = 1;\n` }),
    [],
  );
});

test("recorded samples and what is not code keep their names", async () => {
  const contents = { "packages/cli/fixtures/Index.ts": "", "docs/README.md": "" };
  assert.deepEqual(await findingsOf(checkNames, contents), []);
});
