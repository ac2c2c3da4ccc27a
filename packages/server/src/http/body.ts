/**
 * Reads a request's JSON body: media type, size, UTF-8, JSON, in this order (WIRE4, WIRE6). What a
 * refused body still sends is read and dropped, so that the client sees the answer. JSON is parsed
 * plainly: `__proto__` is a field like any other (WIRE7). Called for routes that take a body.
 */
import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import type { JsonObject } from "@spool/protocol/json";
import { bodyBytesMax, refusedBodyBytesMax } from "@spool/protocol/limits";

/** Gets the body, undefined for an empty one, or the error. Called once. */
export type BodyDone = (error: Error | null, body?: JsonObject) => void;

/** Reads `stream` to its end and hands its JSON object, or what is wrong with it, to `done`. */
export function readBody(stream: Readable, headers: IncomingHttpHeaders, done: BodyDone): void {
  let chunks: Buffer[] = [];
  let size = 0;
  let isDone = false;
  const finish: BodyDone = (error, body) => {
    if (isDone) return;
    isDone = true;
    done(error, body);
  };
  stream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= bodyBytesMax) chunks.push(chunk);
    else chunks = [];
    if (size > refusedBodyBytesMax) finish(tooLarge());
  });
  stream.on("error", finish);
  stream.on("end", () => {
    if (isDone) return;
    let body: JsonObject | undefined;
    try {
      body = parseBody(size, chunks, headers);
    } catch (error) {
      finish(error as Error);
      return;
    }
    finish(null, body);
  });
}

function parseBody(
  size: number,
  chunks: readonly Buffer[],
  headers: IncomingHttpHeaders,
): JsonObject | undefined {
  if (size === 0) return undefined;
  requireJson(headers);
  if (size > bodyBytesMax) throw tooLarge();
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
  if (!isUtf8(bytes)) throw invalidBody("The body is not UTF-8.");
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's own words quote the body, which may hold anything.
    throw invalidBody("The body is not JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidBody("The body must be a JSON object.");
  }
  return value as JsonObject;
}

function requireJson(headers: IncomingHttpHeaders): void {
  const encoding = headers["content-encoding"] ?? "identity";
  const isJson = headers["content-type"] === "application/json" || isJsonType(headers);
  if (isJson && encoding === "identity") return;
  throw new DomainError(
    "UNSUPPORTED_MEDIA_TYPE",
    "The body must be JSON in UTF-8, uncompressed: send Content-Type: application/json.",
  );
}

function isJsonType(headers: IncomingHttpHeaders): boolean {
  const [type = "", ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  if (type.trim() !== "application/json") return false;
  return parameters.every((parameter) => {
    const [name = "", value = ""] = parameter.split("=");
    return name.trim() !== "charset" || /^"?utf-?8"?$/.test(value.trim());
  });
}

function tooLarge(): DomainError {
  return new DomainError(
    "BODY_TOO_LARGE",
    `A body is at most ${bodyBytesMax} bytes. Send less at a time; nothing was kept.`,
    { details: { bytesMax: bodyBytesMax } },
  );
}

function invalidBody(message: string): DomainError {
  return new DomainError("INVALID_REQUEST", message);
}
