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

/** A time a publisher gave: RFC 3339 with any offset and any fraction of a second. */
export const PublisherTimestamp = Type.String({
  pattern:
    "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])[Tt]([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d{1,12})?([Zz]|[+-]([01]\\d|2[0-3]):[0-5]\\d)$",
  description: "RFC 3339, kept as given",
});

/** Milliseconds since the epoch as the server writes times. */
export function timestampOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
