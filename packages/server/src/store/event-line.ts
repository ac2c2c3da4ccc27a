/**
 * Codec of one event's line: the bytes that stand in the rollout file, in the journal, in every
 * answer and on every socket. Pure. A line is made once and never printed again (LOG2).
 */
import { strict as assert } from "node:assert";
import { crc32 } from "node:zlib";
import type { Event } from "@spool/protocol/resources";

/** An event with its bytes: UTF-8 JSON without the newline, and their CRC-32. */
export type EventLine = { readonly event: Event; readonly line: Buffer; readonly crc: number };

/** Prints an event. Key order is fixed, ids and times are safe by their schemas. */
export function encodeEvent(event: Event): EventLine {
  const runId = event.runId === null ? "null" : `"${event.runId}"`;
  const runSequence = event.runSequence === undefined ? "" : `,"runSequence":${event.runSequence}`;
  const occurredAt = event.occurredAt === undefined ? "" : `,"occurredAt":"${event.occurredAt}"`;
  const line = Buffer.from(
    `{"sequence":${event.sequence},"type":"${event.type}","threadId":"${event.threadId}"` +
      `,"rolloutId":"${event.rolloutId}","runId":${runId}${runSequence}` +
      `,"createdAt":"${event.createdAt}"${occurredAt},"payload":${JSON.stringify(event.payload)}}`,
  );
  return { event, line, crc: crc32(line) };
}

/** Reads a line back. Throws an assertion error when it is not an event (damage). */
export function decodeEvent(line: Buffer): EventLine {
  return { event: eventOfLine(line), line, crc: crc32(line) };
}

/** The event of a line alone, for those who read many. Throws as `decodeEvent`. */
export function eventOfLine(line: Buffer): Event {
  const event = JSON.parse(line.toString("utf8")) as Event;
  assert(Number.isSafeInteger(event.sequence) && event.sequence > 0, "event line has a sequence");
  assert(typeof event.type === "string", "event line has a type");
  assert(typeof event.rolloutId === "string", "event line has a rollout");
  return event;
}

const typeMarker = Buffer.from(',"type":"');

/** The type of the event in a line, without parsing lines this server printed itself. */
export function typeOfLine(line: Buffer): string {
  // {"sequence":42,"type":"…": the marker starts after 12 bytes and at most 16 digits.
  const at = line.indexOf(typeMarker, 12);
  if (at > 0 && at <= 29 && line.toString("latin1", 0, 12) === '{"sequence":') {
    const start = at + typeMarker.length;
    return line.toString("latin1", start, line.indexOf(0x22, start));
  }
  return decodeEvent(line).event.type;
}

/** Lines with their newlines, in memory of their own, which can be handed to another thread. */
export function joinedLines(lines: readonly Buffer[]): Uint8Array {
  const size = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const bytes = new Uint8Array(size).fill(0x0a);
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length + 1;
  }
  return bytes;
}

/** `<sequence>.<8 hex digits>`: which event, in which history (WIRE14). */
export function positionOf(sequence: number, crc: number): string {
  return `${sequence}.${crc.toString(16).padStart(8, "0")}`;
}
