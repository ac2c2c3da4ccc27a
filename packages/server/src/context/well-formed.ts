/**
 * JSON text without halves of surrogate pairs, which JSON can hold and a model's API refuses the
 * whole request for. They come from text that was cut by counting units. Pure; the last step of
 * the formats of others.
 */

/** `value` as JSON text, with every half of a pair replaced by U+FFFD. */
export function wellFormedJson(value: object): string {
  const text = JSON.stringify(value);
  // A half is printed as an escape; most texts hold none, and looking for it costs next to nothing.
  return text.includes("\\ud") ? JSON.stringify(repaired(value)) : text;
}

function repaired(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(repaired);
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, field]) => [name.toWellFormed(), repaired(field)]));
}
