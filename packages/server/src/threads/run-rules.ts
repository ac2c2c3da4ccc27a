/**
 * Rules shared by whatever begins and ends a run: what a lapsed lease ends, and that each compaction
 * that was started is closed with its run. Pure; called while deciding, on the draft of the decision.
 */
import { leaseExpired } from "../store/rows.ts";
import type { DecideContext } from "./command.ts";
import { Draft } from "./draft.ts";
import { hasLapsed } from "./leases.ts";
import type { ThreadState } from "./state.ts";

/** A draft on the thread as time has left it: a run whose lease has ended is ended first (RUN13). */
export function draftNow(state: ThreadState, context: DecideContext): Draft {
  const draft = new Draft(state, context);
  const run = state.head?.run ?? null;
  if (run === null || state.lease?.runId !== run.runId) return draft;
  if (state.head?.thread.deletedAt !== null || !hasLapsed(state.lease, context.steadyNow)) {
    return draft;
  }
  closeOpenCompaction(draft, "the run's lease expired before the compaction was done");
  draft.append({
    type: "run_completed",
    runId: run.runId,
    runSequence: null,
    payload: { status: "interrupted", reason: leaseExpired },
  });
  return draft;
}

/** RUN15: a lapsed run goes on with this event, which has no number. */
export function reopenRun(draft: Draft, runId: string): void {
  draft.append({
    type: "run_started",
    runId,
    runSequence: null,
    payload: { resumed: true },
  });
}

/** ROL7: a compaction that is open when its run ends has failed; its rollout stays active. */
export function closeOpenCompaction(draft: Draft, why: string): void {
  const { compaction } = draft.head.thread;
  if (compaction === null) return;
  draft.append({
    type: "compaction_completed",
    runId: compaction.runId,
    runSequence: null,
    payload: { compactionId: compaction.compactionId, status: "failed", error: why },
  });
}
