/**
 * The report where nobody watches: one line per test file, failures in full. What a file prints is
 * shown only when it fails, since then it may tell why. `tools/test.ts` uses it off a terminal.
 */
import { relative } from "node:path";
import type { EventData } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { inspect, stripVTControlCharacters } from "node:util";
import { failureTypeOf, isWholeFile, outcomeOf } from "./totals.ts";

/** Where paths are shown from, and whether tests were chosen by name. */
export type ReportOptions = { readonly root: string; readonly filtered: boolean };

type FileReport = { readonly path: string; readonly titles: string[]; printed: string };

/** Turns the runner's events into lines of text. */
export async function* compactReport(
  events: AsyncIterable<TestEvent>,
  { root, filtered }: ReportOptions,
): AsyncGenerator<string> {
  const reports = new Map<string, FileReport>();
  for await (const event of events) {
    const file = event.data !== undefined && "file" in event.data ? event.data.file : undefined;
    if (file === undefined) continue;
    const report = reports.get(file) ?? { path: relative(root, file), titles: [], printed: "" };
    reports.set(file, report);
    const failed = outcomeOf(event, filtered) === "failed";
    yield failed ? failure(event, report) : lineFor(event, report);
  }
}

/** The text for an event that is no failure, mostly none; keeps what later events need. */
function lineFor(event: TestEvent, report: FileReport): string {
  switch (event.type) {
    case "test:start":
      report.titles.length = event.data.nesting;
      report.titles.push(event.data.name);
      return "";
    case "test:stdout":
    case "test:stderr":
      report.printed += event.data.message;
      return "";
    case "test:diagnostic":
      report.printed += `${event.data.message}\n`;
      return "";
    case "test:summary":
      return summary(event.data, report);
    default:
      return "";
  }
}

function failure(event: TestEvent, report: FileReport): string {
  const { path, titles } = report;
  if (event.type === "test:pass") return `FAILED ${path} holds no test\n`;
  if (event.type !== "test:fail") return "";
  const { data } = event;
  const { error } = data.details;
  // Its subtests have been shown, each with its own reason.
  if (failureTypeOf(error) === "subtestsFailed") return "";
  if (isWholeFile(data)) {
    return `FAILED ${path} by itself\n${indented(causeOf(error))}${takePrinted(report)}`;
  }
  const title = titles.slice(0, data.nesting + 1).join(" › ");
  return `FAILED ${path}:${data.line ?? 1} ${title}\n${indented(causeOf(error))}`;
}

function summary(
  { counts, duration_ms, success }: EventData.TestSummary,
  report: FileReport,
): string {
  if (counts.tests === 0 && success) return "";
  const outcome = success ? "ok" : "failed";
  const milliseconds = Math.round(duration_ms);
  const line = `${outcome} ${counts.passed}/${counts.tests} ${report.path} (${milliseconds} ms)\n`;
  return success ? line : line + takePrinted(report);
}

function causeOf(error: Error): string {
  const cause = error.cause ?? error;
  return typeof cause === "string" ? cause : inspect(cause, { colors: false });
}

function takePrinted(report: FileReport): string {
  const text = report.printed;
  report.printed = "";
  return text === "" ? "" : indented(stripVTControlCharacters(text));
}

function indented(text: string): string {
  return `${text.trimEnd().replaceAll(/^(?=.)/gm, "    ")}\n`;
}
