/**
 * What deciding needs to know of a thread: its head, the runs that commands named, the remembered
 * message ids. All of it is durable and immutable; `thread-commands.ts` keeps one state per thread.
 */
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import type { RunRow, ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { Commit, LoadNeeds, StoredThread } from "../store/thread-store.ts";
import type { Command } from "./command.ts";

/** A thread as commands are decided on it, commits under way included. */
export type ThreadState = {
  readonly key: ThreadKey;
  /** Null while no thread has this id; a deleted thread keeps its head. */
  readonly head: ThreadHead | null;
  /** Runs other than the active one: looked up or ended here. Null: there is no such run. */
  readonly knownRuns: ReadonlyMap<string, RunRow | null>;
  /** The last run-less message ids; null while nobody asked. */
  readonly messageIds: ReadonlySet<string> | null;
};

/** Ended runs kept in memory per thread; others are looked up when a command names them. */
const knownRunsMax = 32;

/** The state of a thread as the store gave it. */
export function loadedState(key: ThreadKey, stored: StoredThread | null): ThreadState {
  return { key, head: stored?.head ?? null, knownRuns: new Map(), messageIds: null };
}

/** What must be looked up before `command` can be decided; null when all is known. */
export function needsOf(state: ThreadState, command: Command): LoadNeeds | null {
  if (command.kind !== "publish" || state.head === null) return null;
  const { runId, frames } = command.request;
  if (runId !== null) {
    const known = state.head.run?.runId === runId || state.knownRuns.has(runId);
    return known ? null : { runId };
  }
  const named = frames.some((frame) => frame.payload.messageId !== undefined);
  return named && state.messageIds === null ? { messageIds: true } : null;
}

/** The state with what was looked up for `needs`. */
export function withLookedUp(
  state: ThreadState,
  needs: LoadNeeds,
  stored: StoredThread | null,
): ThreadState {
  const messageIds = needs.messageIds ? lastOf(stored?.messageIds ?? []) : state.messageIds;
  if (needs.runId === undefined || needs.runId === null) return { ...state, messageIds };
  return { ...state, messageIds, knownRuns: withRun(state, needs.runId, stored?.run ?? null) };
}

/** The state after a commit: evolve, by the rows that its changes folded into. */
export function evolve(state: ThreadState, head: ThreadHead, rows: Commit["rows"]): ThreadState {
  let { knownRuns, messageIds } = state;
  for (const run of rows.runs) {
    if (run.runId !== head.run?.runId) knownRuns = withRun({ ...state, knownRuns }, run.runId, run);
  }
  if (messageIds !== null && rows.messageIds.length > 0) {
    messageIds = lastOf([...messageIds, ...rows.messageIds.map((row) => row.messageId)]);
  }
  return { ...state, head, knownRuns, messageIds };
}

/** The ids a repeat is still known by (PUB11). */
function lastOf(messageIds: readonly string[]): ReadonlySet<string> {
  return new Set(messageIds.slice(-runlessMessageIdsMax));
}

function withRun(state: ThreadState, runId: string, run: RunRow | null) {
  const runs = new Map(state.knownRuns);
  runs.delete(runId);
  runs.set(runId, run);
  if (runs.size > knownRunsMax) runs.delete(runs.keys().next().value as string);
  return runs;
}
