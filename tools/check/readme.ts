/**
 * The README stays a page: one command to run, one to append, one to watch. Everything else has
 * its own place (SPEC.md, ARCHITECTURE.md, the decision records).
 */
import type { Finding, Repository } from "./finding.ts";

const path = "README.md";
const linesMax = 150;

/** A README that is missing or too long. */
export function checkReadme({ files }: Repository): Finding[] {
  const readme = files.find((file) => file.path === path);
  if (readme === undefined) return [{ path, line: 1, message: "is missing" }];
  const lines = readme.text.trimEnd().split("\n").length;
  if (lines <= linesMax) return [];
  return [{ path, line: linesMax + 1, message: `${lines} lines, at most ${linesMax}` }];
}
