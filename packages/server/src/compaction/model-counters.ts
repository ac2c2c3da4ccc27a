/**
 * Counts what a configured model is asked and what becomes of it, for `/metrics` (REST16). Plain
 * numbers; `model-summariser.ts` and `model-attempts.ts` count, `app.ts` hands on the figures.
 */
import type { Figure } from "../ops/metrics.ts";

/** The counts of one server. */
export class ModelCounters {
  /** Requests sent, retries included. */
  requests = 0;
  /** Requests that repeat one that failed. */
  retries = 0;
  /** Summaries that were made. */
  summaries = 0;
  /** Summaries that could not be made; those given up by their caller count nowhere. */
  failures = 0;
  /** Tokens read and written by the model, as it counted them. */
  tokens = 0;

  /** The counts as figures of `/metrics`. */
  figures(): Figure[] {
    const counter = (name: string, help: string, read: () => number): Figure => {
      return { name: `spool_summariser_${name}_total`, help, type: "counter", read };
    };
    return [
      counter("requests", "Requests to the configured model", () => this.requests),
      counter("retries", "Requests to it that repeat one that failed", () => this.retries),
      counter("summaries", "Summaries the model made", () => this.summaries),
      counter("failures", "Summaries the model could not make", () => this.failures),
      counter("tokens", "Tokens the model read and wrote", () => this.tokens),
    ];
  }
}
