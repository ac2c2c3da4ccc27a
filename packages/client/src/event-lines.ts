/**
 * Cuts the events out of a snapshot's text without parsing and printing them again, so that they
 * stay byte for byte the stored lines (LIVE6). Used by `watchThread` for those who ask.
 */

/**
 * The texts of the items of the top-level array `events` of a JSON object's text, in order. The
 * text must be valid JSON, as it is when `JSON.parse` took it; without such an array, none.
 */
export function eventLinesOf(snapshotText: string): string[] {
  const start = fieldStart(snapshotText, "events");
  if (start === -1 || snapshotText[start] !== "[") return [];
  const lines: string[] = [];
  let at = skipSpace(snapshotText, start + 1);
  while (at < snapshotText.length && snapshotText[at] !== "]") {
    const end = valueEnd(snapshotText, at);
    lines.push(snapshotText.slice(at, end));
    at = skipSpace(snapshotText, end);
    if (snapshotText[at] === ",") at = skipSpace(snapshotText, at + 1);
  }
  return lines;
}

/** Where the value of a top-level field begins; -1 without the field. The last one counts. */
function fieldStart(text: string, name: string): number {
  let found = -1;
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (at < text.length && text[at] !== "}") {
    const nameEnd = valueEnd(text, at);
    const valueAt = skipSpace(text, skipSpace(text, nameEnd) + 1);
    if (JSON.parse(text.slice(at, nameEnd)) === name) found = valueAt;
    at = skipSpace(text, valueEnd(text, valueAt));
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return found;
}

/** One past the JSON value that begins at `start`. */
function valueEnd(text: string, start: number): number {
  const opening = text[start];
  if (opening === '"') return stringEnd(text, start);
  if (opening !== "{" && opening !== "[") {
    const scalar = /[^,\]}\s]*/y;
    scalar.lastIndex = start;
    scalar.exec(text);
    return scalar.lastIndex;
  }
  const next = /["{}[\]]/g;
  let depth = 0;
  let at = start;
  do {
    next.lastIndex = at;
    const match = next.exec(text);
    if (match === null) return text.length;
    const [character] = match;
    if (character === '"') {
      at = stringEnd(text, match.index);
      continue;
    }
    depth += character === "{" || character === "[" ? 1 : -1;
    at = match.index + 1;
  } while (depth > 0);
  return at;
}

/** One past the closing quote of the string that begins at `start`. */
function stringEnd(text: string, start: number): number {
  const next = /["\\]/g;
  next.lastIndex = start + 1;
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    if (match[0] === '"') return match.index + 1;
    next.lastIndex = match.index + 2;
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] as string)) at += 1;
  return at;
}
