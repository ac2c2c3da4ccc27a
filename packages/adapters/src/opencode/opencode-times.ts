/** OpenCode counts times in milliseconds since 1970; frames have them as RFC 3339. */
import { numberOf, timeOf } from "../json-values.ts";

const latest = Date.parse("9999-12-31T23:59:59.999Z");

/** The time, or null where the value is none. */
export function timeOfCount(value: unknown): string | null {
  const count = numberOf(value);
  if (count === undefined || count < 0 || count > latest) return null;
  return timeOf(new Date(count).toISOString());
}
