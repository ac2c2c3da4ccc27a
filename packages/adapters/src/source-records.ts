/**
 * One line of a session file → the JSON objects it holds. Usually that is one; writers that lost a
 * newline leave two on a line, a crash leaves a torn one or a block of NUL bytes. Nothing makes
 * this fail: what is no object is reported, and every whole object around it is kept.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { LinePlace, Place, SessionProblem } from "./frame.ts";
import { objectOf } from "./json-values.ts";

/** An object and where it begins; `line` is the whole line's number. */
export type SourceRecord = { readonly value: JsonObject; readonly place: Place };

/** Attempts in one line to find the next whole object behind a torn one, each a scan of the rest. */
const recoveriesMax = 20;
/** How whole records of the known formats begin, and no object inside one does. */
const recordStart = /\{"(?:timestamp|parentUuid|logicalParentUuid)"\s*:/g;

/** What separates objects: white space, and the NUL bytes a crash leaves. */
const blanks = /[\s\0]*/y;

/** The line's objects in order, and what of it could not be read. A blank line gives nothing. */
export function recordsOf(
  line: string,
  { terminated, ...place }: LinePlace,
): { records: SourceRecord[]; problems: SessionProblem[] } {
  const whole = parse(line);
  if (whole !== undefined) {
    const value = objectOf(whole);
    if (value !== null) return { records: [{ value, place }], problems: [] };
    return { records: [], problems: [{ ...place, problem: "is not a JSON object" }] };
  }
  return salvage(line, place, terminated === false ? 0 : recoveriesMax);
}

function salvage(line: string, place: Place, attempts: number) {
  const records: SourceRecord[] = [];
  const problems: SessionProblem[] = [];
  let recoveries = 0;
  const nuls = line.split("\0").length - 1;
  if (nuls > 0) problems.push({ ...place, problem: `holds ${nuls} NUL bytes, left out` });
  for (let at = pastBlanks(line, 0); at < line.length; at = pastBlanks(line, at)) {
    const end = endOfObject(line, at);
    const value = end === -1 ? null : objectOf(parse(line.slice(at, end)));
    if (value !== null) {
      records.push({ value, place: placeAt(line, place, at) });
      at = end;
      continue;
    }
    const next = recoveries === attempts ? line.length : nextStart(line, at + 1);
    recoveries += 1;
    const problem = `holds ${next - at} characters that are no whole JSON object`;
    problems.push({ ...placeAt(line, place, at), problem });
    at = next;
  }
  if (records.length > 1) {
    const problem = `holds ${records.length} JSON objects, each read as a line of its own`;
    problems.push({ ...place, problem });
  }
  return { records, problems };
}

/** One past the `}` that closes the object beginning at `start`; -1 when there is none. */
function endOfObject(line: string, start: number): number {
  if (line[start] !== "{") return -1;
  let depth = 0;
  let inString = false;
  for (let at = start; at < line.length; at += 1) {
    const character = line[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

function nextStart(line: string, from: number): number {
  recordStart.lastIndex = from;
  return recordStart.exec(line)?.index ?? line.length;
}

function placeAt(line: string, place: Place, index: number): Place {
  if (index === 0) return place;
  const bytesBefore = new TextEncoder().encode(line.slice(0, index)).length;
  return { line: place.line, byteOffset: place.byteOffset + bytesBefore };
}

function pastBlanks(line: string, from: number): number {
  blanks.lastIndex = from;
  blanks.test(line);
  return blanks.lastIndex;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON as a whole: the caller looks for the objects in it.
    return undefined;
  }
}
