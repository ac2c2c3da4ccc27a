/**
 * A value as JSON for people, and as one line (WEB23). Pure. Values come from parsed JSON, so they
 * have no cycles; nesting beyond the printer's reach is said instead of thrown.
 */

/** Indented by two; strings as JSON has them. */
export function jsonText(value: unknown): string {
  return printed(value, 2);
}

/** The beginning of the value on one line, `units` at most. */
export function jsonLine(value: unknown, units: number): string {
  const text = typeof value === "string" ? value : printed(value, 0);
  return oneLine(text, units);
}

/** The beginning of a text with each run of white space as one space. */
export function oneLine(text: string, units: number): string {
  const line = text
    .slice(0, units * 2)
    .trim()
    .replace(/\s+/g, " ");
  return line.length > units || text.length > units * 2 ? `${line.slice(0, units)}…` : line;
}

/** An error as a publisher may give it: text, or an object with a message, a code or neither. */
export function errorText(error: unknown): string | null {
  if (error === undefined || error === null || error === "") return null;
  if (typeof error === "string") return error;
  if (typeof error !== "object") return String(error);
  const { message, error: inner } = error as { message?: unknown; error?: unknown };
  if (typeof message === "string" && message !== "") return message;
  return typeof inner === "string" && inner !== "" ? inner : jsonLine(error, 2_000);
}

function printed(value: unknown, indent: number): string {
  try {
    return JSON.stringify(value, null, indent) ?? "null";
  } catch {
    // Nested deeper than the printer's stack; the raw line still shows it.
    return "…";
  }
}
