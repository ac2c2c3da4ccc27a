/**
 * Proves which times a publisher may give (RFC 3339 and nothing else, kept as given), and how the
 * server writes its own.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PublisherTimestamp, timestampOf } from "./times.ts";
import { validatorOf } from "./validator.ts";

const check = validatorOf(PublisherTimestamp);

const taken = [
  "2026-01-31T12:00:00Z",
  "2026-01-31T12:00:00.000Z",
  "2026-01-31t12:00:00.123456789012z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59.9Z",
  "2026-12-31T23:59:60Z",
  "2026-07-01T05:29:60+05:30",
  "2026-01-31T12:00:00+00:00",
  "2026-01-31T12:00:00-00:00",
  "2026-01-31T12:00:00+14:00",
  "2026-01-31T12:00:00-23:59",
  "2024-02-29T00:00:00Z",
  "2000-02-29T00:00:00Z",
  "2026-04-30T00:00:00Z",
];

const refused = [
  "",
  "now",
  "2026-01-31",
  "2026-01-31T12:00Z",
  "2026-01-31T12:00:00",
  "2026-01-31 12:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-01-00T00:00:00Z",
  "2026-01-32T00:00:00Z",
  "2026-04-31T00:00:00Z",
  "2026-02-30T00:00:00Z",
  "2026-02-29T00:00:00Z",
  "1900-02-29T00:00:00Z",
  "2026-01-31T24:00:00Z",
  "2026-01-31T12:60:00Z",
  "2026-01-31T12:00:61Z",
  "2026-01-31T12:00:00.Z",
  "2026-01-31T12:00:00.1234567890123Z",
  "2026-01-31T12:00:00,5Z",
  "2026-01-31T12:00:00+24:00",
  "2026-01-31T12:00:00+0100",
  "2026-01-31T12:00:00+01",
  "2026-01-31T12:00:00Z\n",
  " 2026-01-31T12:00:00Z",
  '2026-01-31T12:00:00Z"',
  "20260131T120000Z",
  "+12026-01-31T12:00:00Z",
  "２０２６-01-31T12:00:00Z",
  5,
  null,
  ["2026-01-31T12:00:00Z"],
];

test("THR7 a publisher's time is RFC 3339, with any offset and a leap second", () => {
  for (const time of taken) assert.equal(check(time), null, time);
});

test("THR7 PUB19 anything else is no time, a day that its month lacks included", () => {
  for (const time of refused) assert.ok(check(time), JSON.stringify(time));
});

test("WIRE12 the server's times are UTC with milliseconds", () => {
  assert.equal(timestampOf(0), "1970-01-01T00:00:00.000Z");
  assert.equal(timestampOf(1_769_860_800_007), "2026-01-31T12:00:00.007Z");
  assert.equal(check(timestampOf(Date.UTC(2026, 1, 28))), null);
});
