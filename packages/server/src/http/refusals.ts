/**
 * Turns whatever was thrown on the way of a request into the refusal its client gets. What nobody
 * foresaw becomes INTERNAL, with nothing of the cause in it (ERR2); the caller logs the cause.
 */
import { DomainError } from "@spool/protocol/errors";

/** The refusal for `error`: itself when it is one, else by what Fastify or Node mean by it. */
export function refusalOf(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (status === 415) {
    return new DomainError(
      "UNSUPPORTED_MEDIA_TYPE",
      "The Content-Type is none; send application/json.",
      { cause: error },
    );
  }
  if (typeof status === "number" && status >= 400 && status < 500) {
    return malformed("its address or headers cannot be read", error);
  }
  return new DomainError(
    "INTERNAL",
    "Something went wrong on the server. Try again; if it stays, report the request id.",
    { cause: error },
  );
}

/** The request is not HTTP as this server understands it. */
export function malformed(what: string, cause?: unknown): DomainError {
  return new DomainError("INVALID_REQUEST", `The request is malformed: ${what}.`, { cause });
}

/** ERR3: no route has this path. */
export function noSuchPath(): DomainError {
  return new DomainError(
    "NOT_FOUND",
    "There is nothing at this address. GET /openapi.json lists what there is.",
  );
}

/** ERR3: the path is known, the method is not; `allow` goes into the header of that name. */
export function methodNotAllowed(allow: readonly string[]): DomainError {
  return new DomainError("METHOD_NOT_ALLOWED", `This address takes ${allow.join(", ")} only.`, {
    details: { allow },
  });
}

/** The server begins or ends; `doing` is the word for it. */
export function notReady(doing: "starting" | "stopping"): DomainError {
  return new DomainError("STORAGE_UNAVAILABLE", `The server is ${doing}. Try again shortly.`, {
    retryAfterSeconds: 1,
  });
}
