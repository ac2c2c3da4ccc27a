/**
 * Reading foreign JSON without trusting it: each function gives the value in the shape asked for,
 * or says that it is not there. Used by all adapters instead of casts.
 */
import type { JsonObject } from "@spool/protocol/json";
import { PublisherTimestamp } from "@spool/protocol/times";
import { validatorOf } from "@spool/protocol/validator";

const checkTime = validatorOf(PublisherTimestamp);

/** The value as an object; null for anything else, arrays included. */
export function objectOf(value: unknown): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : null;
}

/** The value as a list; empty for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as a text that is not empty; null for anything else. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The value as a finite number; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The value as a time the wire takes (RFC 3339); null for anything else. */
export function timeOf(value: unknown): string | null {
  return typeof value === "string" && checkTime(value) === null ? value : null;
}

/** The object without its undefined and null fields. */
export function present(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** What an object holds beyond the fields named, nulls and empty lists aside; or undefined. */
export function restOf(object: JsonObject, known: readonly string[]): JsonObject | undefined {
  const rest = Object.entries(object).filter(([name, value]) => {
    const empty = value === null || value === "" || (Array.isArray(value) && value.length === 0);
    return !empty && !known.includes(name);
  });
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** Adds to a list that remembers only the newest `max` entries. */
export function remember<T>(list: T[], entry: T, max: number): void {
  list.push(entry);
  if (list.length > max) list.splice(0, list.length - max);
}
