/**
 * What went wrong with a request to a model, in the server's own words: what an endpoint says may
 * hold the key or the prompt, and is read only to tell the cases apart (ROL21). Thrown by the two
 * protocols, decided on by `model-attempts.ts` and `model-summariser.ts`.
 */

/**
 * What a failure means for the request: `passing` may pass if it is repeated, `too_long` if it is
 * made shorter, `no_stream` if the answer is asked for in one piece; `final` nothing helps.
 */
export type FailureKind = "passing" | "too_long" | "no_stream" | "final";

/** A request that failed; the message says what to do next. */
export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
  readonly kind: FailureKind;
  /** How long the endpoint asks to be left alone, in milliseconds; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(kind: FailureKind, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer that is none: a page, other JSON, a stream that breaks off. */
export function nonsense(what: string): ModelFailure {
  return new ModelFailure(
    "final",
    `The summariser's endpoint ${what}. Check that SPOOL_SUMMARISER_URL is the base URL of an ` +
      "OpenAI-compatible or Anthropic API.",
  );
}

/** The model stopped before the summary was whole: it had no room, or would not (ROL20). */
export function unfinished(why: "length" | "refusal" | "tool"): ModelFailure {
  const words = {
    length: "The model's summary was cut off at its limit of tokens. Ask for a shorter one.",
    refusal: "The model refused to summarise this thread. Try another SPOOL_SUMMARISER_MODEL.",
    tool: "The model wanted to call a tool. Try another SPOOL_SUMMARISER_MODEL.",
  };
  return new ModelFailure("final", words[why]);
}

/** What a client library threw, as a failure. Throws it again when it is none of an endpoint's. */
export function failureOf(error: unknown): ModelFailure {
  if (error instanceof ModelFailure) return error;
  if (error instanceof SyntaxError) return nonsense("sent what is not JSON");
  const { status, error: body, headers } = error as LibraryError;
  const said = saidBy(error);
  if (typeof status === "number") return ofStatus(status, said, headers);
  if (typeof body === "object" && body !== null) return ofStreamError(said);
  if (isConnectionProblem(error)) {
    return new ModelFailure(
      "passing",
      "The connection to the summariser failed. Check SPOOL_SUMMARISER_URL and that it can be " +
        "reached from this server.",
    );
  }
  throw error;
}

/** The parts of both libraries' errors that matter here. */
type LibraryError = {
  readonly status?: number | undefined;
  readonly error?: unknown;
  readonly headers?: Headers | undefined;
};

const tooLong = new RegExp(
  [
    "context.{0,20}(length|window|size|limit)",
    "\\b(prompt|input|request|messages?)\\b.{0,30}too (long|large)",
    "too many (input )?tokens",
    "exceed_context|request_too_large",
  ].join("|"),
  "i",
);
const noStream = /\bstream(ing|_options)?\b/i;
const quota = /insufficient_quota|billing|credit balance/i;
const overloaded = /overloaded|rate_limit|server_error|api_error|timeout|unavailable/i;

/** Statuses that may pass by themselves, besides those from 500 on. */
const passingStatuses: ReadonlySet<number> = new Set([408, 409, 425, 429]);

function ofStatus(status: number, said: string, headers: Headers | undefined): ModelFailure {
  const mayBeTooLong = status === 400 || status === 422 || status >= 500;
  if (status === 413 || (mayBeTooLong && tooLong.test(said)))
    return new ModelFailure("too_long", advice(413));
  if ((status === 400 || status === 422 || status === 501) && noStream.test(said)) {
    return new ModelFailure("no_stream", advice(status));
  }
  if (status === 429 && quota.test(said)) {
    return new ModelFailure(
      "final",
      "The summariser's quota is used up (429). Check the account behind its API key.",
    );
  }
  const isPassing = passingStatuses.has(status) || status >= 500;
  return new ModelFailure(
    isPassing ? "passing" : "final",
    advice(status),
    isPassing ? retryAfterMs(headers) : null,
  );
}

/** An error event in the middle of a stream, which has no status. */
function ofStreamError(said: string): ModelFailure {
  if (tooLong.test(said)) return new ModelFailure("too_long", advice(413));
  const kind = overloaded.test(said) ? "passing" : "final";
  return new ModelFailure(kind, "The summariser broke off its answer with an error. Try again.");
}

function advice(status: number): string {
  if (status >= 300 && status < 400) {
    return `The summariser's URL redirects (${status}). Set SPOOL_SUMMARISER_URL to where it leads.`;
  }
  switch (status) {
    case 401:
      return "The summariser refused the API key (401). Check SPOOL_SUMMARISER_API_KEY.";
    case 402:
      return "The summariser wants to be paid (402). Check the account behind its API key.";
    case 403:
      return (
        "The summariser's API key may not do this (403). Check SPOOL_SUMMARISER_API_KEY and " +
        "SPOOL_SUMMARISER_MODEL."
      );
    case 404:
      return (
        "The summariser knows no such path or model (404). Check SPOOL_SUMMARISER_URL and " +
        "SPOOL_SUMMARISER_MODEL."
      );
    case 413:
      return (
        "The thread is too long for the summariser's model. Choose one with more context as " +
        "SPOOL_SUMMARISER_MODEL."
      );
    case 429:
      return "The summariser has too much to do (429). Try again later.";
    default:
      return status >= 500
        ? `The summariser failed (${status}). Try again later.`
        : `The summariser refused the request (${status}). Check SPOOL_SUMMARISER_MODEL.`;
  }
}

/**
 * Milliseconds of `Retry-After` (seconds or a date) or `retry-after-ms`. A date is counted from the
 * answer's own `Date`, so that clocks need not agree.
 */
export function retryAfterMs(headers: Headers | undefined): number | null {
  const milliseconds = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (milliseconds >= 0) return milliseconds;
  const value = headers?.get("retry-after") ?? "";
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1_000;
  const wait = Date.parse(value) - Date.parse(headers?.get("date") ?? "");
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** What the endpoint said, to be matched and never shown. */
function saidBy(error: unknown): string {
  const { code, type, message } = error as Record<string, unknown>;
  return [code, type, message].filter((part) => typeof part === "string").join(" ");
}

function isConnectionProblem(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (typeof (cause as NodeJS.ErrnoException).code === "string") return true;
    if (cause.constructor.name.startsWith("APIConnection")) return true;
    if (cause.message === "fetch failed" || cause.message === "terminated") return true;
  }
  return false;
}
