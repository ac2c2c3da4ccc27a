/** Stages what a `ThreadScript` wrote, as an import does. For the store's contract and crash tests. */
import { strict as assert } from "node:assert";
import type { ThreadCreated } from "../store/changes.ts";
import { decodeEvent } from "../store/event-line.ts";
import type { ThreadHead } from "../store/rows.ts";
import type { StagedHistory, ThreadStore } from "../store/thread-store.ts";
import type { ThreadScript } from "./thread-script.ts";

/** The whole history of `script`, on stable storage and in nobody's sight, and what it folds to. */
export async function stageHistory(
  store: ThreadStore,
  script: ThreadScript,
): Promise<{ readonly staged: StagedHistory; readonly head: ThreadHead }> {
  const staged = await store.stage(script.key, createdOf(script));
  for (const { line } of script.expected().events) await staged.add(decodeEvent(line));
  return { staged, head: await staged.finish() };
}

function createdOf(script: ThreadScript): ThreadCreated {
  const { thread, rollouts } = script.expected();
  assert(thread !== null && rollouts[0] !== undefined, "the script has begun");
  return {
    kind: "thread_created",
    ownerUserId: thread.ownerUserId,
    rolloutId: rollouts[0].rolloutId,
    agentId: thread.agentId,
    title: thread.title,
    executionMode: thread.executionMode,
    metadata: thread.metadata,
    parentThreadId: thread.parentThreadId,
    parentToolCallId: thread.parentToolCallId,
    createdAt: thread.createdAt,
  };
}
