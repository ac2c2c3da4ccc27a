/**
 * Finds a rollout of a thread by its id, for downloads and pages of one rollout. The store lists
 * rollouts by index only, and threads have few.
 */
import { DomainError } from "@spool/protocol/errors";
import { rolloutScanMax } from "../limits.ts";
import type { RolloutRow, ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";

/** The rollout `rolloutId` as of `head`. Rejects with ROLLOUT_NOT_FOUND (REST14). */
export async function findRollout(
  store: ThreadStore,
  { key, head }: { readonly key: ThreadKey; readonly head: ThreadHead },
  rolloutId: string,
): Promise<RolloutRow> {
  if (head.rollout.rolloutId === rolloutId) return head.rollout;
  let before = head.rollout.index;
  while (before > 0) {
    const rollouts = await store.listRollouts({ key, before, limit: rolloutScanMax });
    const found = rollouts.find((rollout) => rollout.rolloutId === rolloutId);
    if (found !== undefined) return found;
    before = rollouts.at(-1)?.index ?? 0;
  }
  throw new DomainError(
    "ROLLOUT_NOT_FOUND",
    `The thread has no rollout ${rolloutId}. GET …/rollouts lists those it has.`,
  );
}
