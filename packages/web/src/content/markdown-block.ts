/**
 * What one block of Markdown is shown as (WEB20, WEB22): a fence as code without parsing it, text
 * that would cost its parser seconds or its reader nothing as plain text, everything else as
 * Markdown. Pure; used by `markdown.tsx`.
 */

/** A block as it is shown. `language` is the first word behind the fence, maybe empty. */
export type ShownBlock =
  | { readonly kind: "code"; readonly code: string; readonly language: string }
  | { readonly kind: "markdown"; readonly text: string }
  | { readonly kind: "plain"; readonly text: string };

/** In UTF-16 units, lines, marks on one line, and runs of marks: measured, each parses in 0.5 s. */
const limits = { units: 16_000, lines: 1_000, nesting: 32, emphases: 1_000 };

const fencedBlock = /^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*(?:\n|$)/;
const lineStart = /^(?:[ \t]*(?:>|[-+*]|\d{1,9}[.)])(?=[ \t>]|$|(?<=>)))+/;

/** How a block of `markdownBlocks` is shown. */
export function shownBlock(block: string): ShownBlock {
  const fence = fencedBlock.exec(block);
  if (fence !== null) return { kind: "code", ...codeIn(block.slice(fence[0].length), fence) };
  return isSane(block)
    ? { kind: "markdown", text: footnoted(block) }
    : { kind: "plain", text: block };
}

/** The addresses that links elsewhere in the text name: `[name]: address`, one a line. */
export function linkDefinitions(text: string): string {
  if (!text.includes("]:")) return "";
  const found = text.match(/^ {0,3}\[(?!\^)[^\]\n]{1,200}\]:[ \t]*\S[^\n]{0,500}$/gm) ?? [];
  return found.slice(0, 50).join("\n");
}

function codeIn(body: string, [, marks = "", language = ""]: RegExpExecArray) {
  const lines = body.replace(/\s+$/, "").split("\n");
  const last = (lines.at(-1) ?? "").trim();
  const mark = marks.charAt(0);
  const isClosed = last.length >= marks.length && last === mark.repeat(last.length);
  const kept = isClosed ? lines.slice(0, -1) : lines;
  return { code: kept.join("\n").replaceAll("\r\n", "\n").replace(/\r$/, ""), language };
}

function isSane(block: string): boolean {
  if (block.length > limits.units) return false;
  const lines = block.split("\n");
  if (lines.length > limits.lines) return false;
  if ((block.match(/[*~]+|_+(?=\W)|(?<=\W)_+/g)?.length ?? 0) > limits.emphases) return false;
  return lines.every((line) =>
    line.length < limits.nesting ? true : nesting(line) <= limits.nesting,
  );
}

/** Quotes and lists that one line opens. */
function nesting(line: string): number {
  const marks = lineStart.exec(line)?.[0] ?? "";
  return marks.match(/>|[-+*]|\d+[.)]/g)?.length ?? 0;
}

/** A footnote stands where it was written: its reference may be in another block. */
function footnoted(block: string): string {
  return block.replace(/^( {0,3})\[\^(?=[^\]\n]+\]:)/gm, "$1\\[^");
}
