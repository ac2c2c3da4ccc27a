/**
 * The one error of the client library: what the server refused, or that no usable answer came.
 * Thrown by every call, by `watchThread` and by the batch publisher.
 */

/** Codes the client itself gives, beside those of the server's error table (ERR1). */
export type ClientErrorCode =
  /** No connection, or no answer in time: the request may or may not have been carried out. */
  | "NO_ANSWER"
  /** An answer that is not Spool's: another server, or a proxy in between. */
  | "INVALID_ANSWER";

/** What an error carries besides its message. */
export type SpoolErrorFields = {
  /** A code of the server's error table, or a `ClientErrorCode`. */
  readonly code: string;
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId?: string | null;
  readonly details?: { readonly [name: string]: unknown };
  /** What the server asked to wait, in seconds; null when it did not say. */
  readonly retryAfterSeconds?: number | null;
  readonly cause?: unknown;
};

const passingStatuses: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);

/** A request that failed. `message` is for people and says what to do next. */
export class SpoolError extends Error {
  override readonly name = "SpoolError";
  readonly code: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly details: { readonly [name: string]: unknown };
  readonly retryAfterSeconds: number | null;

  constructor(message: string, fields: SpoolErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = fields.code;
    this.status = fields.status;
    this.requestId = fields.requestId ?? null;
    this.details = fields.details ?? {};
    this.retryAfterSeconds = fields.retryAfterSeconds ?? null;
  }

  /**
   * Whether the trouble may pass by itself: no answer, 429, 502 to 504. Sending the same request
   * again is then safe for everything that is numbered (PUB4).
   */
  get mayPass(): boolean {
    return passingStatuses.has(this.status) && this.code !== "SUMMARISER_FAILED";
  }
}
