/**
 * The refusals of commands, each worded in one place: what is wrong and what to do next (ERR1).
 * Deciding throws them; nobody else words one.
 */
import { DomainError } from "@spool/protocol/errors";
import { timestampOf } from "@spool/protocol/times";
import type { RunRow, ThreadHead } from "../store/rows.ts";

/** Also the answer for somebody else's thread, so that it cannot be told from a missing one. */
export function threadNotFound(threadId: string): DomainError {
  return new DomainError(
    "THREAD_NOT_FOUND",
    `There is no thread ${threadId} here. Check the id and the key's org and user.`,
  );
}

/** For the former owner of a deleted id (DEL4). */
export function threadDeleted(threadId: string): DomainError {
  return new DomainError(
    "THREAD_DELETED",
    `Thread ${threadId} was deleted and its id is not used again. Start a thread with a new id.`,
  );
}

/** The id is somebody else's in this org, or was (ORG4, DEL4). */
export function threadIdTaken(threadId: string): DomainError {
  return new DomainError(
    "THREAD_ID_TAKEN",
    `The id ${threadId} is taken in this org. Choose another, or leave it out to get a new one.`,
  );
}

/** For an admin on somebody else's thread; `what` completes "only the owner may …" (ORG8). */
export function notOwner(what: string): DomainError {
  return new DomainError("NOT_OWNER", `Only the thread's owner may ${what}.`);
}

/** The run never started or was completed by its publisher (RUN5); null: no run at all (RUN7). */
export function runNotActive(runId: string | null): DomainError {
  const which = runId === null ? "No run" : `Run ${runId}`;
  return new DomainError(
    "RUN_NOT_ACTIVE",
    `${which} is not active. Begin one with a run_started frame, under a new run id.`,
  );
}

/** The server ended the run, and its publisher did not see it (RUN6). */
export function runFenced(run: RunRow): DomainError {
  return new DomainError(
    "RUN_FENCED",
    `Run ${run.runId} was ended by the server (${run.status}). Stop publishing into it; ` +
      "go on under a new run id.",
  );
}

/** Frames were meant for another rollout than the active one (RUN12). */
export function rolloutNotActive(given: string, activeRolloutId: string): DomainError {
  return new DomainError(
    "ROLLOUT_NOT_ACTIVE",
    `Rollout ${given} is not the active one. Use details.activeRolloutId, or leave it out.`,
    { details: { activeRolloutId } },
  );
}

/** A number beyond the next, which is `expected` (PUB5). */
export function outOfOrder(expected: number): DomainError {
  return new DomainError(
    "OUT_OF_ORDER",
    `The run's next runSequence is ${expected}. Send the frames from there; nothing was kept.`,
    { details: { expected } },
  );
}

/**
 * A run or a compaction is under way (RUN2, ROL10). `leaseExpiresAt` is the end of the run's lease,
 * in milliseconds since the epoch.
 */
export function threadBusy(head: ThreadHead, leaseExpiresAt: number | null): DomainError {
  const { run, thread } = head;
  const reason = thread.compaction !== null ? "compacting" : "run_active";
  // Nothing follows on the start of a requested compaction but its end (ROL13).
  const since = run === null ? thread.updatedAt : run.startedAt;
  return new DomainError(
    "THREAD_BUSY",
    thread.compaction !== null || run === null
      ? "A compaction of the thread is under way. Try again when it has ended."
      : `Run ${run.runId} is active. Wait for it to end, or cancel it.`,
    {
      details: {
        reason,
        activeRunId: run?.runId ?? null,
        since: timestampOf(since),
        leaseExpiresAt:
          run === null || leaseExpiresAt === null ? null : timestampOf(leaseExpiresAt),
      },
      retryAfterSeconds: 1,
    },
  );
}
