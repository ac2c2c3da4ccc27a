/** The refusals of commands, each worded in one place: what is wrong and what to do next. */
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

export function threadDeleted(threadId: string): DomainError {
  return new DomainError(
    "THREAD_DELETED",
    `Thread ${threadId} was deleted and its id is not used again. Start a thread with a new id.`,
  );
}

export function threadIdTaken(threadId: string): DomainError {
  return new DomainError(
    "THREAD_ID_TAKEN",
    `The id ${threadId} is taken in this org. Choose another, or leave it out to get a new one.`,
  );
}

export function notOwner(what: string): DomainError {
  return new DomainError("NOT_OWNER", `Only the thread's owner may ${what}.`);
}

export function runNotActive(runId: string | null): DomainError {
  const which = runId === null ? "No run" : `Run ${runId}`;
  return new DomainError(
    "RUN_NOT_ACTIVE",
    `${which} is not active. Begin one with a run_started frame, under a new run id.`,
  );
}

export function runFenced(run: RunRow): DomainError {
  return new DomainError(
    "RUN_FENCED",
    `Run ${run.runId} was ended by the server (${run.status}). Stop publishing into it; ` +
      "go on under a new run id.",
  );
}

export function rolloutNotActive(given: string, activeRolloutId: string): DomainError {
  return new DomainError(
    "ROLLOUT_NOT_ACTIVE",
    `Rollout ${given} is not the active one. Use details.activeRolloutId, or leave it out.`,
    { details: { activeRolloutId } },
  );
}

export function outOfOrder(expected: number): DomainError {
  return new DomainError(
    "OUT_OF_ORDER",
    `The run's next runSequence is ${expected}. Send the frames from there; nothing was kept.`,
    { details: { expected } },
  );
}

/** A run or a compaction is under way. */
export function threadBusy(head: ThreadHead): DomainError {
  const { run, thread } = head;
  const reason = thread.compaction !== null ? "compacting" : "run_active";
  return new DomainError(
    "THREAD_BUSY",
    run === null
      ? "The thread is being compacted. Try again shortly."
      : `Run ${run.runId} is active. Wait for it to end, or cancel it.`,
    {
      details: {
        reason,
        activeRunId: run?.runId ?? null,
        since: run === null ? null : timestampOf(run.startedAt),
        leaseExpiresAt: null,
      },
      retryAfterSeconds: 1,
    },
  );
}
