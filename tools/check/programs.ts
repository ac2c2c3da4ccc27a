/**
 * The two checks that are programs of their own: the type checker and the linter, which formats
 * too. They run beside the others; what they print is turned into findings.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { Finding } from "./finding.ts";

type Output = { readonly text: string; readonly failed: boolean };

/** The page's own: what there is in a browser is not there elsewhere. */
const pageProject = "packages/web/tsconfig.json";

/** What the type checker finds in the checkout at `root`. */
export async function checkTypes(root: string): Promise<Finding[]> {
  const ofPage = existsSync(join(root, pageProject)) ? [pageProject] : [];
  const found = ["tsconfig.json", ...ofPage].map(async (project) => {
    const output = await run(root, "tsc", ["-p", project, "--pretty", "false"]);
    return orItsWords(output, project, typeFindings(output.text));
  });
  return (await Promise.all(found)).flat();
}

/** What the linter finds in the checkout at `root`: rules, order of imports, and format. */
export async function checkLint(root: string): Promise<Finding[]> {
  const flags = ["--reporter=github", "--error-on-warnings", "--max-diagnostics=none"];
  const output = await run(root, "biome", ["check", ".", ...flags]);
  return orItsWords(output, "biome.json", lintFindings(output.text, root));
}

/** Reads `file(line,column): error TS1234: message`. */
export function typeFindings(text: string): Finding[] {
  return [...text.matchAll(/^(.+?)\((\d+),\d+\): error (TS\d+: .*)$/gm)].map(
    ([, path = "", line = "", message = ""]) => ({ path, line: Number(line), message }),
  );
}

/** Reads `::error title=…,file=…,line=…::message`; warnings count as errors. */
export function lintFindings(text: string, root: string): Finding[] {
  const annotation = /^::(?:error|warning) title=(.*?),file=(.*?),line=(\d+),.*?::(.*)$/gm;
  return [...text.matchAll(annotation)].map(([, rule, file = "", line, message = ""]) => ({
    path: relative(root, file),
    line: Number(line),
    message:
      rule === "format" ? "not formatted: npm run format" : `${unescaped(message)} (${rule})`,
  }));
}

/** A program that fails without a finding this file can read is heard in its own words. */
function orItsWords(output: Output, path: string, findings: Finding[]): Finding[] {
  if (!output.failed || findings.length > 0) return findings;
  return [{ path, line: 1, message: output.text.trim() || "failed without a word" }];
}

function unescaped(message: string): string {
  return message.replaceAll("%0A", " ").replaceAll("%0D", "").replaceAll("%25", "%");
}

/** Runs a program of `node_modules/.bin`; rejects only when it cannot be started. */
function run(root: string, program: string, parameters: string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(`node_modules/.bin/${program}`, parameters, { cwd: root });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ text: Buffer.concat(chunks).toString("utf8"), failed: code !== 0 });
    });
  });
}
