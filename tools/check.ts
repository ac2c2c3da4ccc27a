/**
 * `npm run check`: types, format and lint, and the house rules, each as one check under `check/`.
 * Prints `file:line message` per finding and a summary; fails on any finding. `--only tidy,imports`
 * runs some of them. Does not run the tests: `npm test` does.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkCatches } from "./check/catches.ts";
import { checkComments } from "./check/comments.ts";
import { checkDecisions } from "./check/decisions.ts";
import type { Check, Finding } from "./check/finding.ts";
import { checkImports } from "./check/imports.ts";
import { checkNames } from "./check/names.ts";
import { checkLint, checkTypes } from "./check/programs.ts";
import { checkReadme } from "./check/readme.ts";
import { readRepository } from "./check/repository.ts";
import { checkSpec } from "./check/spec.ts";
import { checkTestMarks } from "./check/test-marks.ts";
import { checkTidy } from "./check/tidy.ts";
import { checkTraces } from "./check/traces.ts";

const programs: Readonly<Record<string, (root: string) => Promise<Finding[]>>> = {
  types: checkTypes,
  lint: checkLint,
};

const houseRules: Readonly<Record<string, Check>> = {
  tidy: checkTidy,
  names: checkNames,
  imports: checkImports,
  comments: checkComments,
  catches: checkCatches,
  tests: checkTestMarks,
  spec: checkSpec,
  decisions: checkDecisions,
  readme: checkReadme,
  traces: checkTraces,
};

type Result = { readonly name: string; readonly findings: readonly Finding[] };

async function main(root: string, chosen: readonly string[]): Promise<boolean> {
  const started = performance.now();
  // The programs have processes of their own; the rest runs here while they work.
  const running = Object.entries(programs)
    .filter(([name]) => chosen.includes(name))
    .map(async ([name, check]): Promise<Result> => ({ name, findings: await check(root) }));
  const rules = Object.entries(houseRules).filter(([name]) => chosen.includes(name));
  const repository = rules.length > 0 ? await readRepository(root) : { files: [], modules: [] };
  const results = rules.map(([name, check]): Result => ({ name, findings: check(repository) }));
  results.unshift(...(await Promise.all(running)));
  for (const { findings } of results) print(findings);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${summary(results)} (${seconds} s)`);
  return results.every(({ findings }) => findings.length === 0);
}

function print(findings: readonly Finding[]): void {
  const inOrder = findings.toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
  for (const { path, line, message } of inOrder) console.log(`${path}:${line} ${message}`);
}

function summary(results: readonly Result[]): string {
  const failing = results.filter(({ findings }) => findings.length > 0);
  if (failing.length === 0) return `${results.length} checks passed`;
  const counts = failing.map(({ name, findings }) => `${name} ${findings.length}`);
  return `${failing.length} of ${results.length} checks failed: ${counts.join(", ")}`;
}

function chosenChecks(): readonly string[] {
  const { values } = parseArgs({ options: { only: { type: "string" } } });
  const all = [...Object.keys(programs), ...Object.keys(houseRules)];
  const chosen = values.only?.split(",") ?? all;
  const unknown = chosen.find((name) => !all.includes(name));
  if (unknown === undefined) return chosen;
  console.error(`there is no check named ${unknown}; there are ${all.join(", ")}`);
  process.exit(2);
}

process.exitCode = (await main(join(import.meta.dirname, ".."), chosenChecks())) ? 0 : 1;
