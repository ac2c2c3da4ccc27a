/**
 * `npm test`: runs every test file of the packages, tools and benches, each in a process of its
 * own, two at a time. Arguments choose files (part of a path, or a glob), `--name` tests by title.
 * The last line it prints is `N passed, N failed`; it fails when a test fails or none ran.
 */
import { resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { compactReport } from "./test/compact-reporter.ts";
import { findTestFiles, selectTestFiles } from "./test/test-files.ts";
import { outcomeOf, type Totals, totalsLine } from "./test/totals.ts";

/** Milliseconds after which a test, or a whole file of them, is ended and has failed. */
const timeout = 240_000;

type Run = { readonly totals: Totals; readonly success: boolean };

const nothingRun: Run = { totals: { passed: 0, failed: 0, skipped: 0 }, success: false };

/** Runs the files, reporting to standard output as it goes; resolves when the last has ended. */
async function runFiles(root: string, files: readonly string[], name?: string): Promise<Run> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  let success = true;
  const events = run({
    files: files.map((file) => resolve(root, file)),
    concurrency: 2,
    timeout,
    ...(name === undefined ? {} : { testNamePatterns: [new RegExp(name)] }),
  });
  events.on("data", (event) => {
    const outcome = outcomeOf(event, name !== undefined);
    if (outcome !== null) totals[outcome] += 1;
    if (event.type === "test:summary") success &&= event.data.success;
  });
  const report = process.stdout.isTTY
    ? events.compose(new spec())
    : events.compose((source) => compactReport(source, { root, filtered: name !== undefined }));
  for await (const text of report) process.stdout.write(text);
  return { totals, success };
}

/** Tests must not see the settings of whoever runs them. */
function dropOwnSettings(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("SPOOL_")) delete process.env[name];
  }
}

async function main(root: string): Promise<boolean> {
  const options = { name: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  dropOwnSettings();
  const files = selectTestFiles(findTestFiles(root), positionals);
  const { totals, success } =
    files.length > 0 ? await runFiles(root, files, values.name) : nothingRun;
  if (totals.passed + totals.failed === 0) console.error("no test ran");
  console.log(totalsLine(totals));
  return success && totals.failed === 0 && totals.passed > 0;
}

process.exitCode = (await main(process.cwd())) ? 0 : 1;
