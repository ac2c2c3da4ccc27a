/**
 * What an `error` frame on a socket says, as the error that REST would have given. On a socket a
 * refusal comes without its status, so the error table's stands here. Used by whoever asks for
 * something over a `LiveLink`.
 */
import type { ErrorCode } from "@spool/protocol/errors";
import { SpoolError } from "./spool-error.ts";

/** Status by code, that of the server's table (ERR1). */
export const refusalStatuses: { readonly [Code in ErrorCode]: number } = {
  INVALID_REQUEST: 400,
  INVALID_FRAME: 400,
  INVALID_CURSOR: 400,
  AMBIGUOUS_CREDENTIALS: 400,
  TRANSIENT_NOT_ALLOWED: 400,
  UNAUTHENTICATED: 401,
  INVALID_CREDENTIALS: 401,
  INSUFFICIENT_SCOPE: 403,
  CONTENT_FORBIDDEN: 403,
  NOT_OWNER: 403,
  ADMIN_REQUIRED: 403,
  INTERNAL_AUTH_REFUSED: 403,
  THREAD_NOT_FOUND: 404,
  ROLLOUT_NOT_FOUND: 404,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  THREAD_BUSY: 409,
  RUN_FENCED: 409,
  RUN_NOT_ACTIVE: 409,
  ROLLOUT_NOT_ACTIVE: 409,
  OUT_OF_ORDER: 409,
  THREAD_ID_TAKEN: 409,
  THREAD_DELETED: 410,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  SUMMARISER_FAILED: 502,
  STORAGE_UNAVAILABLE: 503,
  OVERLOADED: 503,
  SLOW_WATCHER: 503,
  SHUTDOWN: 503,
};

/** The error of an `error` frame; an unknown code counts as a refusal for good. */
export function socketRefusal(frame: { readonly [name: string]: unknown }): SpoolError {
  const error = (frame.error ?? {}) as { readonly [name: string]: unknown };
  const code = String(error.code);
  return new SpoolError(String(error.message), {
    code,
    status: (refusalStatuses as Record<string, number>)[code] ?? 400,
    requestId: typeof error.requestId === "string" ? error.requestId : null,
    details: (error.details ?? {}) as Record<string, unknown>,
  });
}
