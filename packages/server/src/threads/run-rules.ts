/**
 * Rules shared by whatever ends a run: each compaction that was started is closed with it. Pure;
 * called while deciding, on the draft of the decision.
 */
import type { Draft } from "./draft.ts";

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
