/**
 * Why something was refused, in words that say what to do next: every code of the error table has
 * its own. Pure but for the time zone. Used by whatever shows a refusal.
 */
import { SpoolError } from "@spool/client/spool-error";
import { texts } from "../texts.ts";
import { clockTime, fullTime } from "../ui/times.ts";

const { refusals } = texts;

/** The words for an error of the client library. Throws again what is none. */
export function refusalText(error: unknown): string {
  if (!(error instanceof SpoolError)) throw error;
  const { code, message, details } = error;
  switch (code) {
    case "THREAD_BUSY":
      return busyText(details);
    case "INVALID_REQUEST":
    case "INVALID_FRAME":
    case "SUMMARISER_FAILED":
      return refusals[code](message);
    case "INSUFFICIENT_SCOPE":
      return refusals.INSUFFICIENT_SCOPE(String(details.required ?? "a scope"));
    case "RATE_LIMITED":
      return refusals.RATE_LIMITED(error.retryAfterSeconds);
    case "INTERNAL":
      return refusals.INTERNAL(error.requestId);
    default: {
      const known: unknown = Object.hasOwn(refusals, code)
        ? refusals[code as keyof typeof refusals]
        : null;
      return typeof known === "string" ? known : refusals.unknown(message);
    }
  }
}

/** Whether a thread was left alone because of a run or a compaction, and of which. */
export function busyWith(error: unknown): "run" | "compaction" | null {
  if (!(error instanceof SpoolError) || error.code !== "THREAD_BUSY") return null;
  return error.details.reason === "compacting" ? "compaction" : "run";
}

function busyText(details: SpoolError["details"]): string {
  const { reason, activeRunId, since, leaseExpiresAt } = details;
  if (reason === "compacting" || typeof activeRunId !== "string") {
    return refusals.busyCompaction(timeOf(since) ?? "a moment ago");
  }
  return refusals.busyRun(activeRunId, timeOf(since) ?? "a moment ago", timeOf(leaseExpiresAt));
}

/** The clock of today's moments, with the day where it is another one. */
function timeOf(value: unknown): string | null {
  const moment = typeof value === "string" ? new Date(value) : null;
  if (moment === null || Number.isNaN(moment.getTime())) return null;
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? clockTime(moment.getTime()) : fullTime(moment.toISOString());
}
