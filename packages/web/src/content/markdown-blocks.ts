/**
 * Cuts Markdown into blocks at blank lines, so that of a text that is being written only the last
 * block is parsed again (WEB21). Pure. Guarantees that the blocks joined are the text, that fences,
 * lists and HTML with blank lines inside stay whole, and that a fence outside a list is a block by
 * itself.
 *
 *   text     paragraph ⏎⏎ - a ⏎⏎ - b ⏎⏎ ```⏎code⏎⏎code⏎``` next
 *   blocks   ├────────────┼──────────────┼──────────────────┼────
 */

type Fence = { readonly mark: string; readonly length: number; readonly indent: number };

/** What is open where the next line begins. */
type Open = {
  start: number;
  isList: boolean;
  /** The next line that can begins a block: behind a blank line, or a fence's end. */
  isOver: boolean;
  fence: Fence | null;
  htmlEnd: RegExp | null;
};

const fenceLine = /^([ \t]*)(?:(`{3,})[^`]*|(~{3,}).*)$/;
const listMarker = /^ {0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]+|$)/;

/** How HTML that may hold blank lines begins, and what ends it (CommonMark's kinds 1 to 5). */
const htmlKinds: readonly (readonly [RegExp, RegExp])[] = [
  [/^ {0,3}<(?:script|pre|style|textarea)(?:[\s>]|$)/i, /<\/(?:script|pre|style|textarea)>/i],
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
  [/^ {0,3}<![A-Za-z]/, />/],
];

/** The blocks of a text, in order; none of an empty one. */
export function markdownBlocks(text: string): string[] {
  const blocks: string[] = [];
  const open: Open = { start: 0, isList: false, isOver: false, fence: null, htmlEnd: null };
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline + 1;
    const line = text.slice(at, end).replace(/\r?\n$/, "");
    if (beginsBlock(open, line) && at > open.start) {
      blocks.push(text.slice(open.start, at));
      Object.assign(open, { start: at, isList: false, fence: null });
    }
    takeLine(open, line);
    at = end;
  }
  if (open.start < text.length) blocks.push(text.slice(open.start));
  return blocks;
}

/**
 * The blocks of a text that may go on from an earlier one: what is finished is not cut again. The
 * last two may change: the line that began the last one may have been cut in the middle.
 */
export function markdownBlocksAfter(earlier: readonly string[], text: string): string[] {
  const finished = earlier.slice(0, -2);
  let at = 0;
  for (const block of finished) {
    if (!text.startsWith(block, at)) return markdownBlocks(text);
    at += block.length;
  }
  return [...finished, ...markdownBlocks(text.slice(at))];
}

function beginsBlock(open: Open, line: string): boolean {
  if (isInside(open, line) || line.trim() === "") return false;
  const fence = fenceOf(line);
  const isOutside = indentOf(line) < (open.isList ? 1 : 4);
  if (fence !== null && isOutside) return true;
  if (!open.isOver || !isOutside) return false;
  return !(open.isList && listMarker.test(line));
}

function takeLine(open: Open, line: string): void {
  if (open.fence !== null) {
    if (closes(open.fence, line)) {
      open.isOver = open.fence.indent === 0 || !open.isList;
      open.fence = null;
      return;
    }
    if (isInside(open, line)) {
      open.isOver = line.trim() === "";
      return;
    }
    open.fence = null;
  }
  if (open.htmlEnd !== null) {
    if (open.htmlEnd.test(line)) open.htmlEnd = null;
    return;
  }
  if (line.trim() === "") {
    open.isOver = true;
    return;
  }
  open.isOver = false;
  const marker = listMarker.exec(line)?.[0] ?? "";
  if (marker !== "") open.isList = true;
  open.fence = fenceOf(line) ?? (marker === "" ? null : fenceOf(line.slice(marker.length), 1));
  if (open.fence === null && !open.isList) open.htmlEnd = htmlEndOf(line);
}

/** Whether the line stands in a fence or HTML: a fence inside a list ends with the list's item. */
function isInside({ fence, htmlEnd, isList }: Open, line: string): boolean {
  if (htmlEnd !== null) return true;
  if (fence === null) return false;
  const leavesList = isList && fence.indent > 0 && indentOf(line) === 0 && line.trim() !== "";
  return !leavesList;
}

function fenceOf(line: string, more = 0): Fence | null {
  const match = fenceLine.exec(line);
  if (match === null) return null;
  const marks = match[2] ?? match[3] ?? "";
  return { mark: marks.charAt(0), length: marks.length, indent: indentOf(line) + more };
}

function closes({ mark, length }: Fence, line: string): boolean {
  const text = line.trim();
  return text.length >= length && text === mark.repeat(text.length);
}

function indentOf(line: string): number {
  const space = /^[ \t]*/.exec(line)?.[0] ?? "";
  return space.includes("\t") ? 4 : space.length;
}

function htmlEndOf(line: string): RegExp | null {
  const kind = htmlKinds.find(([begin]) => begin.test(line));
  if (kind === undefined) return null;
  const [begin, end] = kind;
  const rest = line.slice(begin.exec(line)?.[0].length ?? 0);
  return end.test(rest) ? null : end;
}
