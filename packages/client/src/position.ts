/**
 * Positions: how a client names the last event it has, so that a server can tell the same history
 * from a restored or replaced one (WIRE14). Used by `watchThread`.
 */
import { crc32 } from "./crc32.ts";

const encoder = new TextEncoder();

/** Before a thread's first event. */
export const startPosition = "0.00000000";

/** The position of the event number `sequence` whose line, as received, is `line`. */
export function positionOf(sequence: number, line: string): string {
  return `${sequence}.${crc32(encoder.encode(line)).toString(16).padStart(8, "0")}`;
}

/** The sequence of a position or of a bare sequence; NaN for any other text. */
export function sequenceOf(after: string | number): number {
  return Number(String(after).split(".", 1)[0]);
}
