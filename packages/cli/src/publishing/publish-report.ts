/**
 * How publishing a file went, as lines for people or as one JSON object. Pure; used by
 * `spool publish`.
 */
import { failureMessage } from "../failure-message.ts";
import { printableLine } from "../printable-text.ts";
import type { FileSummary } from "./publish-file.ts";
import type { ThreadSummary } from "./published-thread.ts";

/** Problems of reading that are listed for people. */
const problemsShownMax = 10;

/** The lines of a file's summary; `url` is the server's address. */
export function reportLines(summary: FileSummary, url: string): string[] {
  const { file, threads, problems, problemCount, error } = summary;
  const name = printableLine(file);
  const lines: string[] = [];
  if (error !== null) lines.push(`${name}: failed: ${failureMessage(error, url)}`);
  for (const thread of threads) lines.push(`${name}: ${threadWords(thread, url)}`);
  if (lines.length === 0) lines.push(`${name}: holds nothing to publish yet`);
  if (threads.length === 0 && error !== null) return lines;
  for (const { line, problem } of problems.slice(0, problemsShownMax)) {
    lines.push(`  line ${line}: ${printableLine(problem)}`);
  }
  const more = problemCount - problemsShownMax;
  if (more > 0) lines.push(`  and ${more} more lines with problems; --json lists them`);
  return lines;
}

/** The same for programs. */
export function reportJson(summary: FileSummary, url: string): object {
  const { file, ok, threads, problems, problemCount, error } = summary;
  return {
    file,
    ok,
    threads: threads.map((thread) => ({ ...thread, error: errorJson(thread.error, url) })),
    problems,
    problemCount,
    error: errorJson(error, url),
  };
}

function threadWords(thread: ThreadSummary, url: string): string {
  const { threadId, title, appended, duplicates, error } = thread;
  const named = title === null ? threadId : `${threadId} "${printableLine(title)}"`;
  const counts = `${events(appended)} added, ${duplicates} already there`;
  if (error === null) return `${named}: ${counts}`;
  const before = appended + duplicates === 0 ? "" : ` after ${counts}`;
  return `${named}: failed${before}: ${failureMessage(error, url)}`;
}

function events(count: number): string {
  return count === 1 ? "1 event" : `${count} events`;
}

function errorJson(error: unknown, url: string): object | null {
  if (error === null) return null;
  const { code = "FAILED" } = error as { code?: unknown };
  return { code, message: failureMessage(error, url) };
}
