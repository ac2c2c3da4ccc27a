/**
 * Query strings, checked against a small table per route: an unknown or repeated parameter is 400
 * and named (WIRE10), a value is read as what the table says. The same table describes the
 * parameters in `/openapi.json`. Pure; called for every request that has a query.
 */
import { DomainError } from "@spool/protocol/errors";
import type { JsonObject } from "@spool/protocol/json";
import { redactText } from "../auth/redact.ts";

/** The parameters of a request as sent, a repeated one as a list. Has no prototype. */
export type RawQuery = { readonly [name: string]: string | readonly string[] };

/** How one parameter is read. */
export type Parameter<T> = {
  /** Gives undefined for text that is not allowed. */
  readonly parse: (text: string) => T | undefined;
  /** What is allowed, behind "must be". */
  readonly allowed: string;
  /** For `/openapi.json`. */
  readonly schema: JsonObject;
};

/** The parameters a route takes, by name. */
export type QueryTable = { readonly [name: string]: Parameter<unknown> };

/** What reading a query by `Q` gives; a parameter that was not sent is undefined. */
export type QueryOf<Q extends QueryTable> = {
  readonly [Name in keyof Q]: Q[Name] extends Parameter<infer T> ? T | undefined : never;
};

const noParameters: RawQuery = Object.freeze(Object.create(null));

/** Splits a query string (without `?`). Never fails: bad percent signs stay as they are. */
export function splitQuery(text: string): RawQuery {
  if (text === "") return noParameters;
  const query: { [name: string]: string | string[] } = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query[name];
    if (before === undefined) query[name] = value;
    else query[name] = typeof before === "string" ? [before, value] : [...before, value];
  }
  return query;
}

/**
 * Reads a query by its table. Throws INVALID_REQUEST naming the parameter that is unknown,
 * repeated or has a value that is not allowed.
 */
export function readQuery<Q extends QueryTable>(raw: RawQuery, table: Q): QueryOf<Q> {
  const values: { [name: string]: unknown } = {};
  for (const name in raw) {
    const parameter = Object.hasOwn(table, name) ? table[name] : undefined;
    if (parameter === undefined) throw invalidParameter(name, unknownOf(table));
    const text = raw[name];
    if (typeof text !== "string")
      throw invalidParameter(name, "stands more than once; send it once");
    const value = parameter.parse(text);
    if (value === undefined) throw invalidParameter(name, `must be ${parameter.allowed}`);
    values[name] = value;
  }
  return values as QueryOf<Q>;
}

/** A whole number above 0; above `max` it is served as `max` (PAGE1). */
export function limitOf({ max }: { readonly max: number }): Parameter<number> {
  return {
    parse(text) {
      const number = /^\d+$/.test(text) ? Number(text) : 0;
      return number > 0 ? Math.min(number, max) : undefined;
    },
    allowed: "a whole number above 0",
    schema: { type: "integer", minimum: 1, description: `More than ${max} is served as ${max}` },
  };
}

/** One of `words`. */
export function oneOf<W extends string>(...words: readonly W[]): Parameter<W> {
  return {
    parse: (text) => words.find((word) => word === text),
    allowed: words.join(" or "),
    schema: { type: "string", enum: words },
  };
}

/** `true` or `false`. */
export const flag: Parameter<boolean> = {
  parse: (text) => (text === "true" || text === "false" ? text === "true" : undefined),
  allowed: "true or false",
  schema: { type: "boolean" },
};

/** Text of 1 to `max` characters. */
export function textOf({ max }: { readonly max: number }): Parameter<string> {
  return {
    parse: (text) => (text !== "" && text.length <= max ? text : undefined),
    allowed: `1 to ${max} characters of text`,
    schema: { type: "string", minLength: 1, maxLength: max },
  };
}

/** Text for which `check` holds, called a `what`. */
export function idOf(what: string, check: (text: string) => boolean): Parameter<string> {
  return {
    parse: (text) => (check(text) ? text : undefined),
    allowed: `a ${what} id`,
    schema: { type: "string", description: `A ${what} id` },
  };
}

/** An opaque cursor; what it holds is checked where it is opened. */
export const cursor: Parameter<string> = {
  parse: (text) => text,
  allowed: "a cursor",
  schema: { type: "string", description: "The nextCursor of the page before" },
};

function unknownOf(table: QueryTable): string {
  const names = Object.keys(table);
  return `is unknown here; ${names.length === 0 ? "there are none" : `known are ${names.join(", ")}`}`;
}

function invalidParameter(name: string, problem: string): DomainError {
  const shown = redactText(name.slice(0, 64));
  return new DomainError(
    "INVALID_REQUEST",
    `The query parameter ${JSON.stringify(shown)} ${problem}.`,
    { details: { parameter: shown } },
  );
}
