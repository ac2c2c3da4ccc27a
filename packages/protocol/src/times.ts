/**
 * Times on the wire: RFC 3339 in UTC with milliseconds from the server, any RFC 3339 from a
 * publisher (`occurredAt`, kept as given).
 */
import Type from "typebox";

/** A time the server wrote: `2026-01-31T12:00:00.000Z`. */
export const Timestamp = Type.String({
  format: "date-time",
  description: "RFC 3339 in UTC with milliseconds",
});

// RFC 3339, section 5.7: no day that its month does not have, and a second 60 only as a leap second,
// whose minute depends on the offset.
const dayOfMonth = [
  "\\d{4}-(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])",
  "\\d{4}-(0[469]|11)-(0[1-9]|[12]\\d|30)",
  "\\d{4}-02-(0[1-9]|1\\d|2[0-8])",
  "(\\d\\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29",
].join("|");
const timeOfDay = "([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d{1,12})?";
const offset = "([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)";

/** A time a publisher gave: RFC 3339 with any offset and up to 12 digits of a second (THR7). */
export const PublisherTimestamp = Type.String({
  pattern: `^(${dayOfMonth})[Tt]${timeOfDay}${offset}$`,
  description: "an RFC 3339 date and time, which is kept as given",
});

/** Milliseconds since the epoch as the server writes times. */
export function timestampOf(milliseconds: number): string {
  if (milliseconds !== lastMilliseconds) {
    lastMilliseconds = milliseconds;
    lastText = new Date(milliseconds).toISOString();
  }
  return lastText;
}

/** Milliseconds since the epoch of a time the server wrote; NaN of what is no time. */
export function millisecondsOf(timestamp: string): number {
  return timestamp === lastText ? lastMilliseconds : Date.parse(timestamp);
}

/** Many events are of the same millisecond, and read right after they were written. */
let lastMilliseconds = Number.NaN;
let lastText = "";
