/**
 * The one table of refusals: code, HTTP status, WebSocket close code, whether trying the same
 * again later can help. Codes are stable; messages are for people and not part of the contract.
 */
import Type from "typebox";

type ErrorRow = {
  /** Status of an HTTP answer. */
  readonly status: number;
  /** Close code where a live connection ends with it; absent where it never does. */
  readonly close?: number;
  /** True when the same request may succeed later without being changed. */
  readonly retryable: boolean;
};

export const errorTable = {
  INVALID_REQUEST: { status: 400, retryable: false },
  INVALID_FRAME: { status: 400, retryable: false },
  INVALID_CURSOR: { status: 400, retryable: false },
  AMBIGUOUS_CREDENTIALS: { status: 400, retryable: false },
  TRANSIENT_NOT_ALLOWED: { status: 400, retryable: false },
  UNAUTHENTICATED: { status: 401, retryable: false },
  INVALID_CREDENTIALS: { status: 401, close: 4401, retryable: false },
  INSUFFICIENT_SCOPE: { status: 403, retryable: false },
  CONTENT_FORBIDDEN: { status: 403, close: 4403, retryable: false },
  NOT_OWNER: { status: 403, retryable: false },
  ADMIN_REQUIRED: { status: 403, retryable: false },
  INTERNAL_AUTH_REFUSED: { status: 403, retryable: false },
  THREAD_NOT_FOUND: { status: 404, retryable: false },
  ROLLOUT_NOT_FOUND: { status: 404, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false },
  THREAD_BUSY: { status: 409, retryable: true },
  RUN_FENCED: { status: 409, retryable: false },
  RUN_NOT_ACTIVE: { status: 409, retryable: false },
  ROLLOUT_NOT_ACTIVE: { status: 409, retryable: false },
  OUT_OF_ORDER: { status: 409, retryable: false },
  THREAD_ID_TAKEN: { status: 409, retryable: false },
  THREAD_DELETED: { status: 410, close: 4410, retryable: false },
  BODY_TOO_LARGE: { status: 413, close: 4413, retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false },
  RATE_LIMITED: { status: 429, close: 4429, retryable: true },
  INTERNAL: { status: 500, close: 1011, retryable: true },
  SUMMARISER_FAILED: { status: 502, retryable: true },
  STORAGE_UNAVAILABLE: { status: 503, close: 1013, retryable: true },
  OVERLOADED: { status: 503, close: 1013, retryable: true },
  SLOW_WATCHER: { status: 503, close: 4008, retryable: true },
  SHUTDOWN: { status: 503, close: 1001, retryable: true },
} as const satisfies Record<string, ErrorRow>;

/** A code of the table (ERR1). */
export type ErrorCode = keyof typeof errorTable;

/** What a program needs to act on a refusal; its fields depend on the code. */
export type ErrorDetails = { readonly [name: string]: unknown };

/**
 * An expected refusal. `message` says what is wrong and what to do next; `details` is for
 * programs. Thrown anywhere below the edge, turned into the envelope at the edge only.
 */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;
  /** Seconds for `Retry-After`, where waiting helps. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { details?: ErrorDetails; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** The failure envelope's `error`. */
export const ErrorBody = Type.Object({
  code: Type.String({ description: "Stable code of the error table" }),
  message: Type.String({ description: "For people; says what to do next" }),
  requestId: Type.String(),
  details: Type.Optional(Type.Object({}, { additionalProperties: true })),
});
