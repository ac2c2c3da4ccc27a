/**
 * Compiles protocol schemas into checks. Used once per schema at the edges (http, socket, disk);
 * inside, types are trusted. One problem is reported, with its path.
 */
import { Ajv, type ErrorObject } from "ajv";
import type { Static, TSchema } from "typebox";

/** Where a value is not what its schema says: a JSON pointer and a phrase without a full stop. */
export type Problem = { readonly path: string; readonly problem: string };

/** Returns null when `value` fits the schema, else one problem, the most telling one. */
export type Validator<T> = ((value: unknown) => Problem | null) & { readonly type?: T };

const ajv = new Ajv({
  allErrors: false,
  strict: false,
  // What JSON cannot hold is no number: 1e400 would be printed as null.
  strictNumbers: true,
  validateFormats: false,
  verbose: true,
});

/** A check for `schema`. Compiled on its first use, so that importing costs nothing. */
export function validatorOf<S extends TSchema>(schema: S): Validator<Static<S>> {
  let check: ReturnType<typeof ajv.compile> | undefined;
  return (value) => {
    check ??= ajv.compile(schema);
    if (check(value)) return null;
    return problemOf(check.errors ?? []);
  };
}

/** Of what the branches of a union complain about, the complaint from deepest inside. */
function problemOf(errors: readonly ErrorObject[]): Problem {
  let [chosen] = errors;
  if (chosen === undefined) return { path: "", problem: "is not valid" };
  for (const error of errors) if (depthOf(error) > depthOf(chosen)) chosen = error;
  const { instancePath, keyword } = chosen;
  const alike = errors.filter(
    (error) => error.instancePath === instancePath && error.keyword === keyword,
  );
  return { path: instancePath, problem: phrase(chosen, alike) };
}

/** How far into the value a branch got; not at all where only its constant did not match. */
function depthOf({ keyword, instancePath }: ErrorObject): number {
  if (keyword === "const" || keyword === "anyOf") return -1;
  const ofField = keyword === "required" || keyword === "additionalProperties" ? 1 : 0;
  return instancePath.split("/").length + ofField;
}

function phrase(error: ErrorObject, alike: readonly ErrorObject[]): string {
  const { keyword, params, message, parentSchema } = error;
  switch (keyword) {
    case "additionalProperties":
      return `has an unknown field ${JSON.stringify(params.additionalProperty)}`;
    case "required":
      return `lacks the field ${JSON.stringify(params.missingProperty)}`;
    case "const":
      return `must be ${anyOf(alike.map(({ params }) => JSON.stringify(params.allowedValue)))}`;
    case "type":
      return `must be ${anyOf(alike.map(({ params }) => String(params.type)))}`;
    case "pattern":
      return parentSchema?.description ? `must be ${parentSchema.description}` : `${message}`;
    default:
      return message ?? "is not valid";
  }
}

function anyOf(names: readonly string[]): string {
  return [...new Set(names)].join(" or ");
}
