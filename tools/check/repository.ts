/**
 * Reads the checkout for the checks: every text file git tracks or would track, and the facts of
 * those that are code. The only part of the checks that touches the disk.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Repository, TextFile } from "./finding.ts";
import { parseModules } from "./syntax/parse-modules.ts";

const bytesMax = 1024 * 1024;

/** The checkout at `root`. Throws where it is not a git checkout. */
export async function readRepository(root: string): Promise<Repository> {
  const files = pathsIn(root).flatMap((path) => readText(root, path));
  return { files, modules: await parseModules(files) };
}

/** Paths tracked, or new and not ignored, in git's order. */
function pathsIn(root: string): string[] {
  const list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const output = execFileSync("git", list, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
  return output.split("\0").filter((path) => path !== "");
}

/** The file, or nothing where it is gone, a folder or link, binary, or too large to be written by hand. */
function readText(root: string, path: string): TextFile[] {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > bytesMax) return [];
  const text = readFileSync(join(root, path), "utf8");
  return text.includes("\0") ? [] : [{ path, text }];
}
