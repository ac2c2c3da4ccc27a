/**
 * Puts JSON Schemas together for `/openapi.json` from the protocol's own: what an answer holds
 * around its resources. Nothing is checked with them.
 */

/** A JSON Schema as data; the protocol's schemas are such objects. */
export type Schema = object;

/** Some text. */
export const text: Schema = { type: "string" };

/** A whole number. */
export const integer: Schema = { type: "integer" };

/** An object with exactly these fields, all of them there. */
export function objectOf(properties: { readonly [name: string]: Schema }): Schema {
  return { type: "object", required: Object.keys(properties), properties };
}

/** A list of `items`. */
export function listOf(items: Schema): Schema {
  return { type: "array", items };
}

/** One of `schemas`. */
export function anyOf(...schemas: readonly Schema[]): Schema {
  return { anyOf: schemas };
}

/** `schema`, or null. */
export function nullable(schema: Schema): Schema {
  return anyOf(schema, { type: "null" });
}
