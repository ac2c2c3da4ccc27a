/**
 * What makes a summary of a rollout, whoever does it: a model, or the server itself. Requested
 * compaction calls one and stores what comes back, text or failure; nothing else is asked of it.
 */
import type { Event } from "@spool/protocol/resources";

/** What is to be summarised. */
export type SummaryRequest = {
  /** The rollout's events in order. */
  readonly events: readonly Event[];
  /** The summary the rollout began with; null in a thread's first one. */
  readonly previousSummary: string | null;
  /** What the owner wants kept, in their words. */
  readonly instructions: string | null;
};

/** A summary; tokens as the model's endpoint counted them, of what it read and what it wrote. */
export type Summary = {
  readonly text: string;
  readonly tokensBefore?: number;
  readonly tokensAfter?: number;
};

/**
 * Makes one summary. Rejects with SummariserError when it cannot be had, and with the signal's
 * reason, soon and with its connections closed, once that is aborted (ROL22). Anything else it
 * throws is a bug. May be called again while it works.
 */
export type Summariser = (request: SummaryRequest, signal: AbortSignal) => Promise<Summary>;

/**
 * A summary could not be made. The message is for people, is stored with the failed attempt, and
 * holds neither a credential nor anything of the thread or of what an endpoint said (ROL21).
 */
export class SummariserError extends Error {
  override readonly name = "SummariserError";
}
