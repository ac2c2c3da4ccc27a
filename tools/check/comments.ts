/**
 * Comments that must be there, and one kind that must not: each file opens with 2 to 6 lines
 * (duty, guarantee, who calls it; one will do for tests and small files), each exported function
 * and type says what it takes and gives, and no note is left behind to come back to something.
 */
import { isTestCode } from "./code-paths.ts";
import type { Finding, Repository } from "./finding.ts";
import type { Comment, Module } from "./syntax/module.ts";

const openingLinesMin = 2;
const openingLinesMax = 6;
const smallFileLinesMax = 100;
const leftover = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);

/** Openings that are missing, too short or too long; missing doc comments; leftovers. */
export function checkComments({ modules }: Repository): Finding[] {
  return modules.flatMap((module) => [
    ...badOpening(module),
    ...undocumented(module),
    ...leftovers(module),
  ]);
}

function badOpening({ path, text, lines, comments }: Module): Finding[] {
  const opening = openingOf(text, comments);
  const [first] = opening;
  if (first === undefined) return [{ path, line: 1, message: "does not open with a comment" }];
  const isSmall = isTestCode(path) || lines.length <= smallFileLinesMax;
  const linesMin = isSmall ? 1 : openingLinesMin;
  const written = linesOf(opening);
  const paragraph = firstParagraph(written).length;
  if (linesMin <= written.length && paragraph <= openingLinesMax) return [];
  const message = `opens with ${paragraph} lines of comment, not ${linesMin} to ${openingLinesMax}`;
  return [{ path, line: first.line, message }];
}

/** The comment the file begins with: one block, or `//` comments on consecutive lines. */
function openingOf(text: string, comments: readonly Comment[]): readonly Comment[] {
  const [first] = comments;
  if (first === undefined) return [];
  const before = text.slice(0, first.start).replace(/^#!.*/, "");
  if (before.trim() !== "") return [];
  if (first.text.startsWith("/*")) return [first];
  const end = comments.findIndex(
    (comment, index) => !comment.text.startsWith("//") || comment.line !== first.line + index,
  );
  return end === -1 ? comments : comments.slice(0, end);
}

/** The lines without the comment's markers, and without empty ones at both ends. */
function linesOf(opening: readonly Comment[]): string[] {
  const lines = opening
    .flatMap((comment) => comment.text.split("\n"))
    .map((line) =>
      line
        .replace(/^\s*(\/\*\*?|\*\/|\*|\/\/)/, "")
        .replace(/\*\/$/, "")
        .trim(),
    );
  const text = lines.join("\n").trim();
  return text === "" ? [] : text.split("\n");
}

/** Up to the first empty line, behind which a timeline or a longer story may follow. */
function firstParagraph(lines: readonly string[]): readonly string[] {
  const end = lines.indexOf("");
  return end === -1 ? lines : lines.slice(0, end);
}

function undocumented({ path, exports }: Module): Finding[] {
  return exports
    .filter(({ documented }) => !documented)
    .map(({ name, line }) => ({ path, line, message: `exported ${name} has no doc comment` }));
}

function leftovers({ path, comments }: Module): Finding[] {
  return comments.flatMap((comment) => {
    const found = leftover.exec(comment.text)?.[1];
    if (found === undefined) return [];
    return [{ path, line: comment.line, message: `${found}: finish it, or file it elsewhere` }];
  });
}
