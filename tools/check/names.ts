/**
 * File names say what a file is for: kebab-case, and none of the names under which anything can
 * be put. A file that only passes other modules' exports on (a barrel) has no purpose of its own.
 */
import { isCode } from "./code-paths.ts";
import type { Finding, Repository } from "./finding.ts";

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const saysNothing = new Set(["utils", "util", "helpers", "helper", "index", "common", "misc"]);

/** Badly named files, and barrels. */
export function checkNames({ files, modules }: Repository): Finding[] {
  const names = files
    .filter(({ path }) => isCode(path))
    .flatMap(({ path }) => problemsOf(path).map((message) => ({ path, line: 1, message })));
  const barrels = modules
    .filter(({ barrel }) => barrel)
    .map(({ path }) => ({
      path,
      line: 1,
      message: "only re-exports: import the files themselves",
    }));
  return [...names, ...barrels];
}

function problemsOf(path: string): string[] {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const problems: string[] = [];
  if (!kebabCase.test(name)) problems.push(`file names are kebab-case, not ${name}`);
  const stem = name.slice(0, name.indexOf("."));
  if (saysNothing.has(stem)) problems.push(`${name} says nothing: name it after its main export`);
  return problems;
}
