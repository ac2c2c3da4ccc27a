/**
 * What to do when the server refuses what a session file holds. Trouble that passes by itself (no
 * answer, 429, 503) never comes here: it is waited for. Pure; used by `session-watch.ts` (WATCH6).
 */
import { SpoolError } from "@spool/client/spool-error";

/**
 * `stop`: nothing can be published; `again`: read the file anew, with what the server holds now;
 * `later`: the same after a while; `leave_run`, `leave_thread`: go on without it.
 */
export type RefusalPlan =
  | { readonly kind: "stop" | "again" | "leave_run" | "leave_thread" }
  | { readonly kind: "later"; readonly afterMs: number };

const laterMs = 30_000;
const busyMs = 1_000;
/** The thread may be free long before its run's lease would end. */
const busyMsMax = 15_000;

/** `repeated`: reading anew has just ended the same way. */
export function planRefusal(error: unknown, repeated: boolean): RefusalPlan {
  if (!(error instanceof SpoolError)) return { kind: "leave_thread" };
  if (error.status === 401 || error.code === "INSUFFICIENT_SCOPE") return { kind: "stop" };
  switch (error.code) {
    case "THREAD_BUSY":
      return { kind: "later", afterMs: busyWaitMs(error) };
    case "RUN_NOT_ACTIVE":
      return { kind: repeated ? "leave_run" : "again" };
    case "RUN_FENCED":
    case "INVALID_FRAME":
    case "BODY_TOO_LARGE":
      return { kind: "leave_run" };
    case "OUT_OF_ORDER":
    case "ROLLOUT_NOT_ACTIVE":
    case "THREAD_NOT_FOUND":
      return repeated ? { kind: "later", afterMs: laterMs } : { kind: "again" };
    case "THREAD_DELETED":
    case "THREAD_ID_TAKEN":
    case "NOT_OWNER":
    case "INVALID_REQUEST":
      return { kind: "leave_thread" };
    default:
      return { kind: "later", afterMs: laterMs };
  }
}

function busyWaitMs({ retryAfterSeconds }: SpoolError): number {
  return Math.min(busyMsMax, Math.max(busyMs, (retryAfterSeconds ?? 0) * 1_000));
}
