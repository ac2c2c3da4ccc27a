/**
 * What the type checker and the linter print is read whole, and the linter is set up to find what
 * the house rules leave to it: each of those is shown to it once.
 */
import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { checkLint, checkTypes, lintFindings, typeFindings } from "./programs.ts";

const checkout = join(import.meta.dirname, "..", "..");

/** A checkout with the given files, set up as this one is; removed when the test ends. */
function checkoutOf(t: TestContext, contents: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "check-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, ".git"));
  symlinkSync(join(checkout, "node_modules"), join(root, "node_modules"));
  for (const name of ["package.json", "biome.json", "tsconfig.json", ".gitignore"]) {
    copyFileSync(join(checkout, name), join(root, name));
  }
  for (const [path, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("lines of the type checker become findings", () => {
  const text =
    "packages/a.ts(3,15): error TS2459: Not exported.\n  More words.\nb.ts(1,1): error TS1: X\n";
  assert.deepEqual(typeFindings(text), [
    { path: "packages/a.ts", line: 3, message: "TS2459: Not exported." },
    { path: "b.ts", line: 1, message: "TS1: X" },
  ]);
});

test("annotations of the linter become findings, warnings too", () => {
  const text = [
    "::warning title=lint/a/b,file=/r/a.ts,line=13,endLine=13,col=2,endColumn=3::50%25 of%0Ait",
    "::error title=format,file=/r/b.ts,line=1,endLine=1,col=2,endColumn=2::Formatter would …",
  ].join("\n");
  assert.deepEqual(lintFindings(text, "/r"), [
    { path: "a.ts", line: 13, message: "50% of it (lint/a/b)" },
    { path: "b.ts", line: 1, message: "not formatted: npm run format" },
  ]);
});

test("the type checker finds a wrong type, and nothing in what is right", async (t) => {
  const path = "packages/server/src/a.ts";
  const wrong = checkoutOf(t, { [path]: 'export const a: number = "1";\n' });
  const [finding, ...others] = await checkTypes(wrong);
  assert.deepEqual([finding?.path, finding?.line, others], [path, 1, []]);
  assert.match(finding?.message ?? "", /^TS2322: /);
  assert.deepEqual(
    await checkTypes(checkoutOf(t, { [path]: "export const a: number = 1;\n" })),
    [],
  );
});

test("the type checker knows what there is in the page, and only there", async (t) => {
  const text = "export const a = document.title;\n";
  const project = readFileSync(join(checkout, "packages/web/tsconfig.json"), "utf8");
  const contents = { "packages/web/tsconfig.json": project, "packages/web/src/a.tsx": text };
  const elsewhere = "packages/server/src/a.ts";
  const findings = await checkTypes(checkoutOf(t, { ...contents, [elsewhere]: text }));
  assert.deepEqual(
    findings.map(({ path }) => path),
    [elsewhere],
  );
});

test("a program that fails without a finding is heard", async (t) => {
  const root = checkoutOf(t, {});
  const [finding] = await checkTypes(root);
  assert.match(finding?.message ?? "", /No inputs were found/);
});

test("the linter finds what the house rules leave to it", async (t) => {
  const go = "async function go(): Promise<void> {}\n";
  const bad: Readonly<Record<string, string>> = {
    noFloatingPromises: `${go}export const a = (): void => {\n  go();\n};\n`,
    noMisusedPromises: `${go}export const a = (): number => (go() ? 1 : 2);\n`,
    noConsole: 'console.log("a");\n',
    noProcessEnv: "export const a = process.env.HOME;\n",
    noExplicitAny: "export const a: any = 1;\n",
    useNodejsImportProtocol: 'import fs from "fs";\n\nfs.statSync(".");\n',
    noUnusedImports: 'import { b } from "./b.ts";\n',
    noImportCycles: 'export { b } from "./cycle.ts";\n',
    format: "const a = 'a'\n",
  };
  const files = Object.entries(bad).map(([rule, text]) => [`packages/server/src/${rule}.ts`, text]);
  const root = checkoutOf(t, {
    ...Object.fromEntries(files),
    "packages/server/src/cycle.ts": 'export { b as c } from "./noImportCycles.ts";\n',
  });
  const findings = await checkLint(root);
  for (const rule of Object.keys(bad)) {
    const own = findings.filter(({ path }) => path.endsWith(`/${rule}.ts`));
    const named = rule === "format" ? "not formatted" : `/${rule})`;
    assert.ok(
      own.some(({ message }) => message.includes(named)),
      `${rule} in ${own.length} findings`,
    );
  }
});

test("the command line, tools and benches may print and read the environment", async (t) => {
  const text = "console.log(process.env.HOME);\n";
  const paths = ["packages/cli/src/a.ts", "tools/a.ts", "bench/src/a.ts"];
  const root = checkoutOf(t, Object.fromEntries(paths.map((path) => [path, text])));
  assert.deepEqual(await checkLint(root), []);
});
