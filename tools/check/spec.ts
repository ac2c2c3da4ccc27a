/**
 * Every rule of SPEC.md is cited by a test, and every rule id cited anywhere stands in SPEC.md.
 * A test cites a rule in its title (`test("PUB4 …")`), in a string of a table of cases that
 * begins with the id, or in a `// PUB4` comment.
 */
import { isTestCode } from "./code-paths.ts";
import type { Finding, Repository, TextFile } from "./finding.ts";
import type { Module } from "./syntax/module.ts";

const specPath = "SPEC.md";
const ruleLine = /^\s*[-*]\s+\*\*([A-Z]{2,}\d+)\*\*/;
const titleIds = /^(?:[A-Z]{2,}\d+[\s,:]*)+/;
const anyId = /\b([A-Z]{2,})\d+\b/g;

type Citation = { readonly id: string; readonly path: string; readonly line: number };

/** Rules without a test, rules written twice, and citations of rules that do not exist. */
export function checkSpec({ files, modules }: Repository): Finding[] {
  const spec = files.find(({ path }) => path === specPath);
  if (spec === undefined) return [{ path: specPath, line: 1, message: "is missing" }];
  const rules = rulesOf(spec);
  const prefixes = new Set(rules.map(({ id }) => id.replace(/\d+$/, "")));
  const known = new Set(rules.map(({ id }) => id));
  const tested = new Set(modules.filter(({ path }) => isTestCode(path)).flatMap(idsTestedIn));
  const cited = [...modules.flatMap(citationsIn), ...files.flatMap(citationsInDocument)];
  return [
    ...repeated(rules),
    ...rules
      .filter(({ id }) => !tested.has(id))
      .map(({ id, path, line }) => ({ path, line, message: `${id} is cited by no test` })),
    ...cited
      .filter(({ id }) => !known.has(id) && prefixes.has(id.replace(/\d+$/, "")))
      .map(({ id, path, line }) => ({ path, line, message: `${id} is not in ${specPath}` })),
  ];
}

function rulesOf({ path, text }: TextFile): Citation[] {
  return text.split("\n").flatMap((content, index) => {
    const id = ruleLine.exec(content)?.[1];
    return id === undefined ? [] : [{ id, path, line: index + 1 }];
  });
}

function repeated(rules: readonly Citation[]): Finding[] {
  const first = new Map<string, number>();
  return rules.flatMap(({ id, path, line }) => {
    const before = first.get(id);
    if (before !== undefined) {
      return [{ path, line, message: `${id} stands already on line ${before}` }];
    }
    first.set(id, line);
    return [];
  });
}

function idsTestedIn({ strings, comments }: Module): string[] {
  const titles = strings.map(({ text }) => titleIds.exec(text)?.[0] ?? "");
  // A block comment tells what a file is about; it is not a claim that something is tested.
  const notes = comments.map(({ text }) => text).filter((text) => text.startsWith("//"));
  return [...titles, ...notes].flatMap(idsIn);
}

function citationsIn({ path, comments, strings }: Module): Citation[] {
  const inComments = comments.flatMap((comment) => citationsOf(path, comment));
  const inTitles = strings.flatMap(({ text, line }) =>
    citationsOf(path, { text: titleIds.exec(text)?.[0] ?? "", line }),
  );
  return [...inComments, ...inTitles];
}

function citationsInDocument({ path, text }: TextFile): Citation[] {
  if (!path.endsWith(".md") || path === "CHANGELOG.md") return [];
  return citationsOf(path, { text, line: 1 });
}

function citationsOf(path: string, { text, line }: { text: string; line: number }): Citation[] {
  return text
    .split("\n")
    .flatMap((content, index) => idsIn(content).map((id) => ({ id, path, line: line + index })));
}

function idsIn(text: string): string[] {
  return [...text.matchAll(anyId)].map(([id]) => id);
}
