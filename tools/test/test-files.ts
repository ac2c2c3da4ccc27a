/**
 * Finds the test files and picks those the command line asks for. A filter is a part of a path, or
 * a glob over the whole path; a file that fits any of them is run.
 */
import { globSync } from "node:fs";
import { matchesGlob, sep } from "node:path";

const folders = ["packages", "tools", "bench"];

/** Every test file under `root` outside `node_modules`, as sorted paths from the root. */
export function findTestFiles(root: string): string[] {
  const patterns = folders.map((folder) => `${folder}/**/*.test.ts`);
  const exclude = (name: string): boolean => name === "node_modules";
  return globSync(patterns, { cwd: root, exclude })
    .map((path) => path.replaceAll(sep, "/"))
    .sort();
}

/** The paths that fit at least one filter; all of them where there is no filter. */
export function selectTestFiles(paths: readonly string[], filters: readonly string[]): string[] {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ""));
  if (wanted.length === 0) return [...paths];
  return paths.filter((path) =>
    wanted.some((filter) => path.includes(filter) || matchesGlob(path, filter)),
  );
}
