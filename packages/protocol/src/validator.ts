/**
 * Compiles protocol schemas into checks. Used once per schema at the edges (http, socket, disk);
 * inside, types are trusted. The first problem found is reported, with its path.
 */
import { Ajv } from "ajv";
import type { Static, TSchema } from "typebox";

/** Where a value is not what its schema says: a JSON pointer and a phrase without a full stop. */
export type Problem = { readonly path: string; readonly problem: string };

/** Returns null when `value` fits the schema, else the first problem. */
export type Validator<T> = ((value: unknown) => Problem | null) & { readonly type?: T };

const ajv = new Ajv({ allErrors: false, strict: false, validateFormats: false });

/** A check for `schema`. Compiled on its first use, so that importing costs nothing. */
export function validatorOf<S extends TSchema>(schema: S): Validator<Static<S>> {
  let check: ReturnType<typeof ajv.compile> | undefined;
  return (value) => {
    check ??= ajv.compile(schema);
    if (check(value)) return null;
    const error = check.errors?.[0];
    if (error === undefined) return { path: "", problem: "is not valid" };
    return {
      path: error.instancePath,
      problem: phrase(error.keyword, error.params, error.message),
    };
  };
}

function phrase(keyword: string, params: Record<string, unknown>, message?: string): string {
  if (keyword === "additionalProperties") {
    return `has an unknown field ${JSON.stringify(params.additionalProperty)}`;
  }
  if (keyword === "required") return `lacks the field ${JSON.stringify(params.missingProperty)}`;
  return message ?? "is not valid";
}
