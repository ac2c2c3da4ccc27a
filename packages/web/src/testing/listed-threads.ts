/** Threads for tests of the list's pure parts: plausible, and nothing more than what was asked for. */
import type { ListedThread } from "../list/listed-thread.ts";

/** A thread; `moment` orders it, later is newer. */
export function listedThread(
  id: string,
  moment: number,
  more: Partial<ListedThread> = {},
): ListedThread {
  const updatedAt = new Date(moment).toISOString();
  return {
    id,
    orgId: "acme",
    ownerUserId: "olivia",
    agentId: null,
    title: null,
    titleSource: null,
    executionMode: null,
    metadata: {},
    archived: false,
    archivedAt: null,
    status: "idle",
    activeRolloutId: "rol_1",
    activeRunId: null,
    parentThreadId: null,
    parentToolCallId: null,
    sequence: 0,
    eventCount: 0,
    createdAt: updatedAt,
    updatedAt,
    ...more,
  };
}
