/**
 * Decision records (`docs/adr/NNNN-title.md`) open with front matter that tools can read: title,
 * status, date. Numbers are taken once, and a superseded record names its successor. What a
 * record says, and how to number it, stands in `0000-template.md`.
 */
import type { Finding, Repository, TextFile } from "./finding.ts";

const folder = "docs/adr/";
const template = `${folder}0000-template.md`;
const fileName = /^(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$/;
const status = /^(proposed|accepted|rejected|superseded by (\d{4}))$/;
const sections = ["## Context", "## Decision", "## Consequences"];

/** Records with a wrong name, a number taken already, or without front matter or sections. */
export function checkDecisions({ files }: Repository): Finding[] {
  const records = files.filter(({ path }) => path.startsWith(folder) && path !== template);
  const numbers = records.map(numberOf);
  return records.flatMap((record, index) => {
    const taken = numbers.indexOf(numbers[index] ?? "") < index;
    const problems = [
      ...(numberOf(record) === "" ? ["is not named NNNN-title.md"] : []),
      ...(taken ? [`number ${numbers[index]} is taken`] : []),
      ...frontMatterProblems(record.text, numbers),
      ...sections.filter((one) => !record.text.includes(`\n${one}\n`)).map((one) => `lacks ${one}`),
    ];
    return problems.map((message) => ({ path: record.path, line: 1, message }));
  });
}

function numberOf({ path }: TextFile): string {
  return fileName.exec(path.slice(folder.length))?.[1] ?? "";
}

function frontMatterProblems(text: string, numbers: readonly string[]): string[] {
  const fields = frontMatterOf(text);
  if (fields === null) return ["does not open with front matter between --- lines"];
  const problems: string[] = [];
  if ((fields.get("title") ?? "") === "") problems.push("front matter lacks a title");
  if (!isDate(fields.get("date") ?? "")) problems.push("date is not YYYY-MM-DD");
  const found = status.exec(fields.get("status") ?? "");
  const successor = found?.[2];
  if (found === null)
    problems.push("status is not proposed, accepted, rejected or superseded by N");
  if (successor !== undefined && !numbers.includes(successor)) {
    problems.push(`is superseded by ${successor}, which does not exist`);
  }
  return problems;
}

/** The `name: value` lines between the two `---`, or null where there are none. */
function frontMatterOf(text: string): Map<string, string> | null {
  const block = /^---\n([\s\S]*?)\n---\n/.exec(text)?.[1];
  if (block === undefined) return null;
  const lines = block.split("\n").map((line) => /^([a-z]+):\s*(.*)$/.exec(line));
  return new Map(lines.map((line) => [line?.[1] ?? "", line?.[2] ?? ""]));
}

function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
