/**
 * The credential of a platform's own services, which counts on `/internal/*` only (AUTH19): a name
 * and a secret that all of them share. Compared in constant time; never stored, never logged.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { DomainError } from "@spool/protocol/errors";
import { invalidCredentials } from "./invalid-credentials.ts";

/** The service that asks. Throws UNAUTHENTICATED, AMBIGUOUS_CREDENTIALS or INVALID_CREDENTIALS. */
export type InternalCheck = (rawHeaders: readonly string[]) => string;

const serviceName = /^[A-Za-z0-9._-]{1,64}$/;

/** A check against `token`, the configured secret. */
export function createInternalCheck(token: string): InternalCheck {
  const expected = digestOf(token);
  return (rawHeaders) => {
    const services = valuesOf(rawHeaders, "x-internal-service");
    const tokens = valuesOf(rawHeaders, "x-internal-token");
    if (services.length > 1 || tokens.length > 1 || hasOther(rawHeaders)) {
      throw new DomainError(
        "AMBIGUOUS_CREDENTIALS",
        "Send X-Internal-Service and X-Internal-Token once, and no other credential.",
      );
    }
    const [service] = services;
    const [given] = tokens;
    if (service === undefined || given === undefined) {
      throw new DomainError(
        "UNAUTHENTICATED",
        "This is for internal services: send X-Internal-Service and X-Internal-Token.",
      );
    }
    const isRight = timingSafeEqual(digestOf(given), expected);
    if (!isRight || !serviceName.test(service)) throw invalidCredentials("no such service");
    return service;
  };
}

/** Digests have one length, whatever was sent. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function valuesOf(rawHeaders: readonly string[], wanted: string): string[] {
  return rawHeaders.filter((_, index) => {
    return index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === wanted;
  });
}

function hasOther(rawHeaders: readonly string[]): boolean {
  return ["x-api-key", "authorization"].some((name) => valuesOf(rawHeaders, name).length > 0);
}
