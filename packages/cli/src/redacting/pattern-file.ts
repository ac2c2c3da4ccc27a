/**
 * A person's own redaction rules: a file with one regular expression a line (`#` begins a comment),
 * or a JSON list of expressions or `{name, pattern}`. They run on RE2, which takes time in
 * proportion to the text whatever the expression; what RE2 cannot do is refused with its line.
 */
import { readFileSync } from "node:fs";
import { RE2JS } from "re2js";
import { usageError } from "../command-error.ts";
import { maskOf, type TextMask } from "./redactor.ts";

type Pattern = { readonly where: string; readonly name: string; readonly pattern: string };

const nameShape = /^[a-z0-9-]{1,40}$/;

/** The masks of a pattern file. Throws CommandError for a file that cannot be read or used. */
export function masksOfFile(path: string): TextMask[] {
  return patternsOf(path, readText(path)).map(maskFor);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageError(`cannot read the redaction patterns in ${path} (${code})`);
  }
}

function patternsOf(path: string, text: string): Pattern[] {
  if (text.trimStart().startsWith("[")) {
    const list = jsonList(text);
    // A line may begin with a bracket too: `[0-9]{16}`.
    if (list !== null) return list.map((item, index) => patternOf(item, `${path}[${index}]`));
  }
  return text.split(/\r?\n/).flatMap((line, index) => {
    const pattern = line.trim();
    if (pattern === "" || pattern.startsWith("#")) return [];
    return [{ where: `${path}:${index + 1}`, name: "custom", pattern }];
  });
}

function jsonList(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    // Not JSON: the lines are expressions.
    return null;
  }
}

function patternOf(item: unknown, where: string): Pattern {
  const { name = "custom", pattern } =
    typeof item === "string"
      ? { pattern: item }
      : ((item ?? {}) as { name?: unknown; pattern?: unknown });
  if (typeof pattern !== "string" || typeof name !== "string" || !nameShape.test(name)) {
    throw usageError(
      `${where} is no pattern: write a regular expression, or {"name", "pattern"} with a name of ` +
        "small letters, digits and dashes",
    );
  }
  return { where, name, pattern };
}

function maskFor({ where, name, pattern }: Pattern): TextMask {
  const expression = compiled(where, pattern);
  const mask = maskOf(name);
  return (text, count) => {
    if (!expression.test(text)) return text;
    return expression.matcher(text).replaceAll(() => {
      count();
      return mask;
    });
  };
}

function compiled(where: string, pattern: string): RE2JS {
  let expression: RE2JS;
  try {
    expression = RE2JS.compile(pattern);
  } catch (error) {
    throw usageError(
      `${where} cannot be used: ${(error as Error).message}; expressions are RE2's, without ` +
        "look-around and back-references",
    );
  }
  if (expression.matcher("").find()) throw usageError(`${where} matches the empty text`);
  return expression;
}
