/**
 * Checks a parsed body by its route's rule (WIRE5), and what JSON Schema cannot say of the bodies
 * this server stores: text without lone surrogates or NUL, metadata that can be printed again and is
 * small enough (REST8, WIRE8). Pure; publishing has its own checks in the protocol.
 */
import { DomainError } from "@spool/protocol/errors";
import { type JsonObject, unprintable } from "@spool/protocol/json";
import { metadataBytesMax } from "@spool/protocol/limits";
import type { BodyRule } from "./route.ts";

/** The body a handler gets. Throws INVALID_REQUEST with `details: {path, problem}`. */
export function checkBody(rule: BodyRule, body: JsonObject | undefined): JsonObject {
  if (body === undefined && !rule.optional) {
    throw new DomainError(
      "INVALID_REQUEST",
      "The request has no body; send a JSON object, {} at least, as application/json.",
    );
  }
  const given = body ?? {};
  if (rule.check === null) return given;
  const problem = rule.check(given);
  if (problem !== null) throw invalidBody(problem.path, problem.problem);
  checkTexts(given);
  if (given.metadata !== undefined) checkMetadata(given.metadata);
  if (given.prompt !== undefined) checkPrintable("/prompt", given.prompt);
  return given;
}

/** Every store must keep a text as it came; lone surrogates and NUL are no text to some. */
function checkTexts(body: JsonObject): void {
  for (const [name, value] of Object.entries(body)) {
    // A prompt is content: kept in an event as it came.
    if (typeof value !== "string" || name === "prompt") continue;
    if (!value.isWellFormed()) throw invalidBody(`/${name}`, "holds half of a surrogate pair");
    if (value.includes("\0")) throw invalidBody(`/${name}`, "holds a NUL character");
  }
}

function checkPrintable(path: string, value: unknown): void {
  const lost = unprintable(value);
  if (lost !== null) throw invalidBody(path, lost);
}

function checkMetadata(metadata: unknown): void {
  checkPrintable("/metadata", metadata);
  if (Buffer.byteLength(JSON.stringify(metadata)) > metadataBytesMax) {
    throw invalidBody("/metadata", `is larger than ${metadataBytesMax} bytes as JSON`);
  }
}

function invalidBody(path: string, problem: string): DomainError {
  const where = path === "" ? "The body" : `The body's ${path}`;
  return new DomainError("INVALID_REQUEST", `${where} ${problem}.`, { details: { path, problem } });
}
