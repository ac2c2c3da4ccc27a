/**
 * The rules of a compaction that somebody requested (ROL12 to ROL15): it begins only on a thread
 * where nothing is under way, and only its own result ends it. Pure; making the summary between the
 * two is `compaction/`'s work.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { Command, DecideContext, Decision } from "./command.ts";
import { Draft } from "./draft.ts";
import { existing } from "./existing-thread.ts";
import { notOwner, threadBusy } from "./refusals.ts";
import { draftNow } from "./run-rules.ts";
import type { ThreadState } from "./state.ts";

/**
 * Begins it. No change where there is nothing to compact, or where another rollout is active than
 * the one looked at: the caller looks again.
 */
export function decideStartCompaction(
  state: ThreadState,
  { rolloutId, hasMessages, instructions }: Extract<Command, { kind: "start_compaction" }>,
  context: DecideContext,
): Decision {
  const { access } = existing(state, context);
  if (access !== "owner") throw notOwner("compact it");
  const draft = draftNow(state, context);
  const { run, thread } = draft.head;
  if (run !== null || thread.compaction !== null) {
    throw threadBusy(draft.head, state.lease?.expiresAt ?? null);
  }
  if (!hasMessages || rolloutId !== thread.activeRolloutId) return draft.finish(null);
  const asked = instructions === null ? {} : { instructions };
  draft.append({
    type: "compaction_started",
    runId: null,
    runSequence: null,
    payload: { compactionId: context.newId("cmp"), reason: "requested", ...asked },
  });
  return draft.finish(null);
}

/** Ends it with `payload`, unless it has ended already: a late result changes nothing (ROL15). */
export function decideEndCompaction(
  state: ThreadState,
  { compactionId, payload }: Extract<Command, { kind: "end_compaction" }>,
  context: DecideContext,
): Decision {
  const { head } = existing(state, context);
  const draft = new Draft(state, context);
  const open = head.thread.compaction;
  if (open?.compactionId !== compactionId || open.runId !== null) return draft.finish(null);
  const made: JsonObject = { compactionId, ...payload };
  draft.append({
    type: "compaction_completed",
    runId: null,
    runSequence: null,
    payload: made,
    rolloutId: payload.status === "failed" ? null : context.newId("rol"),
  });
  return draft.finish(null);
}
