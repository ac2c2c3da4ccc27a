/**
 * Long text as its beginning and its end (WEB22, WEB25). Pure. Guarantees that what is shown of a
 * text stays within its limits however its lines are, that no character is cut in two, and that
 * beginning, middle and end joined are the text.
 */

/** How much is shown of a long text, in lines and UTF-16 units. */
export type FoldLimits = {
  readonly headLines: number;
  readonly tailLines: number;
  readonly units: number;
};

/** A text that is too long to be shown at once. */
export type FoldedText = {
  readonly head: string;
  readonly middle: string;
  readonly tail: string;
  /** Of the whole text. */
  readonly lines: number;
};

/** Lines that may be over the limits before folding is worth it. */
const slackLines = 5;

/** The text folded; null for one that fits. */
export function foldedText(text: string, limits: FoldLimits): FoldedText | null {
  const { headLines, tailLines, units } = limits;
  const lines = linesIn(text);
  if (lines <= headLines + tailLines + slackLines && text.length <= units) return null;
  const headUnits = tailLines === 0 ? units : Math.ceil(units / 2);
  const headEnd = inPair(text, Math.min(endOfLine(text, headLines), headUnits));
  const tailUnits = units - headUnits;
  const wanted = Math.max(headEnd, startOfLastLines(text, tailLines), text.length - tailUnits);
  const tailStart = inPair(text, wanted);
  if (tailStart <= headEnd) return null;
  const [head, middle] = [text.slice(0, headEnd), text.slice(headEnd, tailStart)];
  return { head, middle, tail: text.slice(tailStart), lines };
}

/** The text in pieces of at most `units`, cut behind a line's end where there is one. */
export function textPieces(text: string, units: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = Math.min(at + units, text.length);
    const line = end === text.length ? end : text.lastIndexOf("\n", end - 1) + 1;
    const cut = line > at ? line : Math.max(inPair(text, end), at + 1);
    pieces.push(text.slice(at, cut));
    at = cut;
  }
  return pieces;
}

/** How many lines a text has; a newline at its end begins none. */
export function linesIn(text: string): number {
  let lines = 0;
  for (let at = 0; at < text.length; lines += 1) {
    const newline = text.indexOf("\n", at);
    at = newline === -1 ? text.length : newline + 1;
  }
  return lines;
}

/** The last lines of a text, at most `units` of it. */
export function tailOf(text: string, lines: number, units: number): string {
  const start = Math.max(startOfLastLines(text, lines), text.length - units);
  return text.slice(inPair(text, start));
}

function endOfLine(text: string, lines: number): number {
  let at = 0;
  for (let line = 0; line < lines && at < text.length; line += 1) {
    const newline = text.indexOf("\n", at);
    at = newline === -1 ? text.length : newline + 1;
  }
  return at;
}

function startOfLastLines(text: string, lines: number): number {
  if (lines === 0) return text.length;
  let at = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let line = 0; line < lines; line += 1) {
    const newline = at === 0 ? -1 : text.lastIndexOf("\n", at - 1);
    if (newline === -1) return 0;
    at = newline;
  }
  return at + 1;
}

/** The place itself, or the one before it where it is between the two halves of a character. */
function inPair(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const isLow = unit >= 0xdc00 && unit <= 0xdfff;
  const before = text.charCodeAt(at - 1);
  return isLow && before >= 0xd800 && before <= 0xdbff ? at - 1 : at;
}
