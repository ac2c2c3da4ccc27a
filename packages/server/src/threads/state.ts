/**
 * What deciding needs to know of a thread: its head, the runs that commands named, the remembered
 * message ids. All of it is durable and immutable; `thread-commands.ts` keeps one state per thread.
 */
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import type { RunRow, ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { LoadNeeds, StoredThread } from "../store/thread-store.ts";
import type { Command, Decision } from "./command.ts";
import { type Clocks, type Lease, leaseOf, renewedLease } from "./leases.ts";

/** A thread as commands are decided on it, commits under way included. */
export type ThreadState = {
  readonly key: ThreadKey;
  /** Null while no thread has this id; a deleted thread keeps its head. */
  readonly head: ThreadHead | null;
  /** Runs other than the active one: looked up or ended here. Null: there is no such run. */
  readonly knownRuns: ReadonlyMap<string, RunRow | null>;
  /** The active run's lease. */
  readonly lease: Lease | null;
  /** The last run-less message ids; null while nobody asked. */
  readonly messageIds: ReadonlySet<string> | null;
};

/** Ended runs kept in memory per thread; others are looked up when a command names them. */
const knownRunsMax = 32;

/** The state of a thread as the store gave it; `known` is a lease this process had seen. */
export function loadedState(
  key: ThreadKey,
  stored: StoredThread | null,
  { known, clocks }: { readonly known: Lease | null; readonly clocks: Clocks },
): ThreadState {
  const head = stored?.head ?? null;
  const lease = leaseOf(head, known, clocks);
  return { key, head, knownRuns: new Map(), lease, messageIds: null };
}

/** What must be looked up before `command` can be decided; null when all is known. */
export function needsOf(state: ThreadState, command: Command): LoadNeeds | null {
  if (state.head === null) return null;
  if (command.kind === "register_run") return runNeeds(state, state.head, command.runId);
  if (command.kind !== "publish") return null;
  const { runId, frames } = command.request;
  if (runId !== null) return runNeeds(state, state.head, runId);
  const named = frames.some((frame) => frame.payload.messageId !== undefined);
  return named && state.messageIds === null ? { messageIds: true } : null;
}

function runNeeds(state: ThreadState, { run, lapsed }: ThreadHead, runId: string) {
  const isKnown = run?.runId === runId || lapsed?.runId === runId || state.knownRuns.has(runId);
  return isKnown ? null : { runId };
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

/** The state after an accepted command: its changes as they folded into rows, its renewal. */
export function evolve(
  state: ThreadState,
  { head, rows, changes, renews }: Pick<Decision, "head" | "rows" | "changes" | "renews">,
  clocks: Pick<Clocks, "now" | "steadyNow">,
): ThreadState {
  const isRenewed = head.run !== null && (renews || head.run.runId !== state.lease?.runId);
  const lease = isRenewed ? renewedLease(head.run, clocks) : head.run && state.lease;
  if (changes.length === 0) return lease === state.lease ? state : { ...state, lease };
  let { knownRuns, messageIds } = state;
  for (const run of rows.runs) {
    if (run.runId !== head.run?.runId) knownRuns = withRun({ ...state, knownRuns }, run.runId, run);
  }
  if (messageIds !== null && rows.messageIds.length > 0) {
    messageIds = lastOf([...messageIds, ...rows.messageIds.map((row) => row.messageId)]);
  }
  return { ...state, head, knownRuns, lease, messageIds };
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
