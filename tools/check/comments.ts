/**
 * Comments that must be there, and one kind that must not: each file opens with 2 to 6 lines
 * (duty, guarantee, who calls it), each exported function and type says what it takes and gives,
 * and no note is left behind to come back to something.
 */
import type { Finding, Repository } from "./finding.ts";
import type { Comment, Module } from "./syntax/module.ts";

const openingLinesMin = 2;
const openingLinesMax = 6;
const leftover = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);

/** Openings that are missing, too short or too long; missing doc comments; leftovers. */
export function checkComments({ modules }: Repository): Finding[] {
  return modules.flatMap((module) => [
    ...badOpening(module),
    ...undocumented(module),
    ...leftovers(module),
  ]);
}

function badOpening({ path, text, comments }: Module): Finding[] {
  const opening = openingOf(text, comments);
  if (opening.length === 0) return [{ path, line: 1, message: "does not open with a comment" }];
  const firstLine = opening[0]?.line ?? 1;
  const lines = (opening.at(-1)?.endLine ?? firstLine) - firstLine + 1;
  const paragraph = firstParagraph(opening).length;
  if (lines >= openingLinesMin && paragraph <= openingLinesMax) return [];
  const found = Math.max(paragraph, 1);
  const message = `opens with ${found} lines of comment, not ${openingLinesMin} to ${openingLinesMax}`;
  return [{ path, line: firstLine, message }];
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

/** Lines up to the first empty one, behind which a timeline or a longer story may follow. */
function firstParagraph(opening: readonly Comment[]): string[] {
  const lines = opening
    .flatMap((comment) => comment.text.split("\n"))
    .map((line) => line.replace(/^\s*(\/\*\*?|\*\/|\*|\/\/)/, "").replace(/\*\/$/, ""))
    .map((line) => line.trim());
  const start = lines.findIndex((line) => line !== "");
  if (start === -1) return [];
  const end = lines.indexOf("", start);
  return lines.slice(start, end === -1 ? lines.length : end);
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
