/**
 * Every rule of SPEC.md is cited by a test, and every rule id cited anywhere stands in SPEC.md.
 * A test cites a rule in its title (`test("PUB4 …")`), in a string of a table of cases that
 * begins with the id, or in a `// PUB4` comment. A retired rule (`- ~~**PUB4**~~ …`) needs no
 * test, may not be cited elsewhere, and its id is never given again.
 */
import { isTestCode } from "./code-paths.ts";
import type { Finding, Repository, TextFile } from "./finding.ts";
import type { Module } from "./syntax/module.ts";

const specPath = "SPEC.md";
const ruleLine = /^\s*[-*]\s+\*\*([A-Z]{2,}\d+)\*\*/;
const retiredLine = /^\s*[-*]\s+~~\*\*([A-Z]{2,}\d+)\*\*~~/;
const titleIds = /^(?:[A-Z]{2,}\d+[\s,:]*)+/;
const anyId = /\b([A-Z]{2,})\d+\b/g;

type Citation = { readonly id: string; readonly path: string; readonly line: number };

/** Rules without a test, ids given twice, and citations of rules that do not exist or are retired. */
export function checkSpec({ files, modules }: Repository): Finding[] {
  const spec = files.find(({ path }) => path === specPath);
  if (spec === undefined) return [{ path: specPath, line: 1, message: "is missing" }];
  const rules = idsDefinedIn(spec, ruleLine);
  const retired = idsDefinedIn(spec, retiredLine);
  const prefixes = new Set([...rules, ...retired].map(({ id }) => id.replace(/\d+$/, "")));
  const known = new Set(rules.map(({ id }) => id));
  const tested = new Set(modules.filter(({ path }) => isTestCode(path)).flatMap(idsTestedIn));
  const cited = [...modules.flatMap(citationsIn), ...files.flatMap(citationsInDocument)];
  return [
    ...repeated([...retired, ...rules].sort((a, b) => a.line - b.line)),
    ...rules
      .filter(({ id }) => !tested.has(id))
      .map(({ id, path, line }) => ({ path, line, message: `${id} is cited by no test` })),
    ...cited
      .filter(({ id }) => !known.has(id) && prefixes.has(id.replace(/\d+$/, "")))
      .filter(({ id, path }) => path !== specPath || retired.every((one) => one.id !== id))
      .map(({ id, path, line }) => {
        const isRetired = retired.some((one) => one.id === id);
        return { path, line, message: `${id} is ${isRetired ? "retired" : `not in ${specPath}`}` };
      }),
  ];
}

/** The ids that stand at the beginning of the lines of one form. */
function idsDefinedIn({ path, text }: TextFile, form: RegExp): Citation[] {
  return text.split("\n").flatMap((content, index) => {
    const id = form.exec(content)?.[1];
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
