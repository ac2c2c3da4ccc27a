/**
 * Folds sub-agents under the threads they work for: which threads stand by themselves, and what is
 * shown where some are unfolded. Pure. `parentThreadId` is unchecked, so that threads may be each
 * other's parents: those of a circle, and whatever lies deeper than 32, stand by themselves.
 */
import type { ListedThread } from "./listed-thread.ts";

/** What is known of the loaded threads. */
export type Family = {
  get(threadId: string): ListedThread | undefined;
  readonly subAgents: ReadonlyMap<string, ReadonlySet<string>>;
};

/** A row of the list; `level` is 1 but for sub-agents. */
export type Unfolded = {
  readonly threads: readonly ListedThread[];
  /** Of the threads that stand below another one. */
  readonly levels: ReadonlyMap<string, number>;
};

const levelsMax = 32;

/** Those of `threads` that do not stand under a loaded one. */
export function standingAlone(threads: readonly ListedThread[], family: Family): ListedThread[] {
  return threads.filter((thread) => !standsUnderAnother(thread, family));
}

/** The rows for the threads that stand alone, with the sub-agents of unfolded ones below them. */
export function unfoldedRows(
  alone: readonly ListedThread[],
  family: Family,
  unfolded: ReadonlySet<string>,
): Unfolded {
  const levels = new Map<string, number>();
  if (unfolded.size === 0 || family.subAgents.size === 0) return { threads: alone, levels };
  const isAlone = new Set(alone.map(({ id }) => id));
  const threads: ListedThread[] = [];
  const put = (thread: ListedThread, level: number) => {
    threads.push(thread);
    if (level > 1) levels.set(thread.id, level);
    if (!unfolded.has(thread.id)) return;
    for (const child of subAgentsOf(thread.id, family)) {
      if (!isAlone.has(child.id) && !levels.has(child.id)) put(child, level + 1);
    }
  };
  for (const thread of alone) put(thread, 1);
  return { threads, levels };
}

/** The known sub-agents of a thread in the order they were started. */
export function subAgentsOf(threadId: string, family: Family): ListedThread[] {
  return [...(family.subAgents.get(threadId) ?? [])]
    .map((id) => family.get(id) as ListedThread)
    .sort((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1));
}

function standsUnderAnother(thread: ListedThread, family: Family): boolean {
  let at = thread;
  for (let level = 0; level < levelsMax; level += 1) {
    const parent = at.parentThreadId === null ? undefined : family.get(at.parentThreadId);
    if (parent === undefined) return level > 0;
    at = parent;
  }
  return false;
}

/** How many sub-agents of a thread are known, and whether one of them is at work. */
export type SubAgentCount = { readonly count: number; readonly isBusy: boolean };

/** Of one thread; undefined where none stands under it. */
export function countSubAgents(threadId: string, family: Family): SubAgentCount | undefined {
  const known = family.subAgents.get(threadId);
  if (known === undefined) return undefined;
  const standing = [...known]
    .map((id) => family.get(id) as ListedThread)
    .filter((child) => standsUnderAnother(child, family));
  if (standing.length === 0) return undefined;
  return { count: standing.length, isBusy: standing.some(({ status }) => status !== "idle") };
}
