/**
 * JSON that is kept as it came: objects with any fields, and the check that such a value can be
 * printed again without loss (WIRE8).
 */
import Type from "typebox";
import { jsonDepthMax } from "./limits.ts";

/** A parsed JSON object. */
export type JsonObject = { readonly [name: string]: unknown };

/** An object whose fields are the sender's own business; all of them are kept. */
export const OpenObject = Type.Unsafe<JsonObject>(Type.Object({}, { additionalProperties: true }));

/**
 * What would be lost if a parsed JSON value were printed again, or null: a number beyond a
 * double (JSON.parse makes it infinite), or nesting deeper than `jsonDepthMax` levels.
 */
export function unprintable(value: unknown, depth = 0): string | null {
  if (typeof value === "number") {
    return Number.isFinite(value) ? null : "holds a number too large for a double";
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth === jsonDepthMax) return `is nested deeper than ${jsonDepthMax} levels`;
  for (const name in value) {
    const problem = unprintable((value as JsonObject)[name], depth + 1);
    if (problem !== null) return problem;
  }
  return null;
}
