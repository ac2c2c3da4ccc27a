/**
 * The one refusal of a credential that was sent but does not count (AUTH4). Its words are the same
 * whether the credential is unknown, expired, revoked or badly signed, so that nobody learns which.
 */
import { DomainError } from "@spool/protocol/errors";
import { JOSEError } from "jose/errors";

/** The refusal. `reason` is for logs only: it becomes the cause and never part of an answer. */
export function invalidCredentials(reason: string): DomainError {
  return new DomainError(
    "INVALID_CREDENTIALS",
    "The credential is not valid; send a current API key or session token.",
    { cause: reason },
  );
}

/**
 * What to throw for an `error` of jose: the refusal when the token is bad, else the error itself.
 * Only jose's code is kept, since its errors carry the token's claims.
 */
export function tokenRefusalOf(error: unknown): unknown {
  return error instanceof JOSEError ? invalidCredentials(error.code) : error;
}
