/**
 * The fold from changes to table rows: pure, and the only place that knows how an event moves a
 * thread, its rollouts and its runs. Deciding, the view, replay and rebuild all use it, so that
 * the tables are by construction a view of the log (LOG6). Times are milliseconds since the epoch.
 */
import { strict as assert } from "node:assert";
import type { JsonObject } from "@spool/protocol/json";
import { leaseSeconds } from "@spool/protocol/limits";
import type { Event, ExecutionMode, RunStatus, ThreadStatus } from "@spool/protocol/resources";
import { millisecondsOf } from "@spool/protocol/times";
import type {
  Change,
  EventAppended,
  LeaseRenewed,
  ThreadCreated,
  ThreadImported,
} from "./changes.ts";
import type { ThreadKey } from "./thread-key.ts";

/** A compaction that was started and has not ended; `runId` null when it was requested. */
export type OpenCompaction = { readonly compactionId: string; readonly runId: string | null };

/** One row of `agent_threads`. */
export type ThreadRow = ThreadKey & {
  readonly ownerUserId: string;
  readonly agentId: string | null;
  readonly title: string | null;
  readonly titleSource: "user" | "message" | null;
  readonly executionMode: ExecutionMode | null;
  readonly metadata: JsonObject;
  readonly archivedAt: number | null;
  readonly parentThreadId: string | null;
  readonly parentToolCallId: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Counts the changes that are no events, the creation included. */
  readonly metaVersion: number;
  /** Of the last event, 0 when none; also the number of events. */
  readonly sequence: number;
  /** CRC-32 of the last event's line, 0 when none. */
  readonly crc: number;
  readonly activeRolloutId: string;
  readonly activeRunId: string | null;
  /** The run whose lease lapsed, while nothing has begun since: it may be reopened (RUN15). */
  readonly lapsedRunId: string | null;
  readonly compaction: OpenCompaction | null;
  readonly deletedAt: number | null;
  readonly deletedByUserId: string | null;
};

/** One row of `thread_rollouts`. Sequences are 0 while the rollout is empty. */
export type RolloutRow = {
  readonly rolloutId: string;
  readonly index: number;
  readonly startedAt: number;
  readonly completedAt: number | null;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Length of the rollout file: every line with its newline. */
  readonly bytes: number;
};

/** One row of `thread_runs`. */
export type RunRow = {
  readonly runId: string;
  readonly status: RunStatus;
  readonly reason: string | null;
  readonly startedAt: number;
  readonly completedAt: number | null;
  /** The last number given to a frame of its publisher (PUB3). */
  readonly runSequence: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly leaseSeconds: number;
  /** When its publisher was heard of last, as far as that is stored (RUN14). */
  readonly renewedAt: number;
  /** Who ended it: a publisher may not go on, a fenced one is told so (RUN5, RUN6). */
  readonly endedBy: "publisher" | "server" | null;
  readonly metadata: JsonObject;
};

/** A run-less user message's id, remembered against repeats (PUB11). */
export type MessageIdRow = { readonly messageId: string; readonly sequence: number };

/** What a thread stands at: its row, its active rollout, its active run or the one that lapsed. */
export type ThreadHead = {
  readonly thread: ThreadRow;
  readonly rollout: RolloutRow;
  readonly run: RunRow | null;
  readonly lapsed: RunRow | null;
};

/** The rows that changes touched, each in its last state. */
export type RowChanges = {
  readonly thread: ThreadRow;
  readonly rollouts: readonly RolloutRow[];
  readonly runs: readonly RunRow[];
  readonly messageIds: readonly MessageIdRow[];
};

/** What one change did: the new head, and rows that left it (closed rollout, ended run). */
export type Applied = {
  readonly head: ThreadHead;
  readonly closedRollout: RolloutRow | null;
  readonly endedRun: RunRow | null;
  readonly messageId: MessageIdRow | null;
};

/** What a thread is doing: an open compaction counts before the run it may be in (THR2). */
export function statusOf(row: ThreadRow): ThreadStatus {
  if (row.compaction !== null) return "compacting";
  return row.activeRunId === null ? "idle" : "running";
}

/** Counts every change of the thread but renewals of a lease; a commit names the one it was decided on. */
export function revisionOf(thread: ThreadRow | undefined): number {
  return thread === undefined ? 0 : thread.metaVersion + thread.sequence;
}

/** The reason of a run that the server ended because its lease lapsed (RUN13). */
export const leaseExpired = "lease_expired";

const nothingLeft = { closedRollout: null, endedRun: null, messageId: null } as const;

/**
 * Applies one change. `head` is null exactly for `thread_created`, and for `thread_imported` where
 * the thread is new.
 * Throws an assertion error when the change does not follow on the head: a broken invariant.
 */
export function applyChange(key: ThreadKey, head: ThreadHead | null, change: Change): Applied {
  if (change.kind === "thread_created") {
    assert(head === null, "a thread is created once");
    return { head: createdHead(key, change), ...nothingLeft };
  }
  if (change.kind === "thread_imported") return importedHead(key, head, change);
  assert(head !== null, "a change needs its thread");
  assert(head.thread.deletedAt === null, "nothing follows on a deletion");
  if (change.kind === "event") return applyEvent(head, change);
  if (change.kind === "lease_renewed") {
    return { head: { ...head, run: runRenewed(head.run, change) }, ...nothingLeft };
  }
  const metaVersion = head.thread.metaVersion + 1;
  const thread = { ...head.thread, ...fieldsOf(change), metaVersion };
  if (thread.deletedAt === null) return { head: { ...head, thread }, ...nothingLeft };
  return { head: { ...head, thread, run: null, lapsed: null }, ...nothingLeft };
}

/** Folds changes in order. Returns the head after them and every row they touched. */
export function foldChanges(
  key: ThreadKey,
  start: ThreadHead | null,
  changes: readonly Change[],
): { head: ThreadHead; rows: RowChanges } {
  const fold = new RowFold(key, start);
  for (const change of changes) fold.apply(change);
  return { head: fold.head, rows: fold.rows() };
}

/** A fold in progress, for callers that look at the head between changes. */
export class RowFold {
  readonly #key: ThreadKey;
  #head: ThreadHead | null;
  #closedRollouts: RolloutRow[] = [];
  #endedRuns: RunRow[] = [];
  #messageIds: MessageIdRow[] = [];

  constructor(key: ThreadKey, head: ThreadHead | null) {
    this.#key = key;
    this.#head = head;
  }

  get head(): ThreadHead {
    assert(this.#head !== null, "the fold has a thread");
    return this.#head;
  }

  apply(change: Change): Applied {
    const applied = applyChange(this.#key, this.#head, change);
    this.#head = applied.head;
    if (applied.closedRollout) this.#closedRollouts.push(applied.closedRollout);
    if (applied.endedRun) this.#end(applied.endedRun);
    if (applied.messageId) this.#messageIds.push(applied.messageId);
    return applied;
  }

  /** A run that ended in this fold, as it ended last. */
  endedRun(runId: string): RunRow | null {
    return this.#endedRuns.find((run) => run.runId === runId) ?? null;
  }

  /** The rows touched so far, a run or rollout that is still the head's included. */
  rows(): RowChanges {
    const { thread, rollout, run } = this.head;
    // One that was reopened is the active run again.
    const runs = this.#endedRuns.filter(({ runId }) => runId !== run?.runId);
    if (run !== null) runs.push(run);
    return {
      thread,
      rollouts: this.#closedRollouts.length ? [...this.#closedRollouts, rollout] : [rollout],
      runs,
      messageIds: this.#messageIds,
    };
  }

  #end(run: RunRow): void {
    this.#endedRuns = this.#endedRuns.filter(({ runId }) => runId !== run.runId);
    this.#endedRuns.push(run);
  }
}

/** The rows behind the head are with the staged history; those here are what may still change. */
function importedHead(
  key: ThreadKey,
  before: ThreadHead | null,
  { head }: ThreadImported,
): Applied {
  const { thread } = head;
  assert(thread.orgId === key.orgId && thread.threadId === key.threadId, "it is this thread's");
  assert(before === null || before.thread.deletedAt === null, "nothing follows on a deletion");
  const risen = thread.metaVersion - (before?.thread.metaVersion ?? 0);
  assert(risen > 0, "an import is a change of its own");
  return { head, closedRollout: null, endedRun: head.lapsed, messageId: null };
}

function createdHead(key: ThreadKey, change: ThreadCreated): ThreadHead {
  const { createdAt, rolloutId } = change;
  return {
    thread: {
      orgId: key.orgId,
      threadId: key.threadId,
      ownerUserId: change.ownerUserId,
      agentId: change.agentId,
      title: change.title,
      titleSource: change.title === null ? null : "user",
      executionMode: change.executionMode,
      metadata: change.metadata,
      archivedAt: null,
      parentThreadId: change.parentThreadId,
      parentToolCallId: change.parentToolCallId,
      createdAt,
      updatedAt: createdAt,
      metaVersion: 1,
      sequence: 0,
      crc: 0,
      activeRolloutId: rolloutId,
      activeRunId: null,
      lapsedRunId: null,
      compaction: null,
      deletedAt: null,
      deletedByUserId: null,
    },
    rollout: emptyRollout(rolloutId, 0, createdAt),
    run: null,
    lapsed: null,
  };
}

/** A rollout before its first line. */
export function emptyRollout(rolloutId: string, index: number, startedAt: number): RolloutRow {
  return {
    rolloutId,
    index,
    startedAt,
    completedAt: null,
    firstSequence: 0,
    lastSequence: 0,
    bytes: 0,
  };
}

type PlainChange = Exclude<Change, ThreadCreated | EventAppended | LeaseRenewed | ThreadImported>;

function fieldsOf(change: PlainChange): Partial<ThreadRow> {
  switch (change.kind) {
    case "thread_renamed":
      return { title: change.title, titleSource: change.titleSource };
    case "thread_archived":
      return { archivedAt: change.archivedAt };
    case "metadata_set":
      return { metadata: change.metadata };
    case "thread_deleted":
      return {
        ...erased,
        updatedAt: change.deletedAt,
        deletedAt: change.deletedAt,
        deletedByUserId: change.deletedByUserId,
      };
  }
}

/** What a tombstone keeps nothing of (DEL6). */
const erased: Partial<ThreadRow> = {
  agentId: null,
  title: null,
  titleSource: null,
  executionMode: null,
  metadata: {},
  archivedAt: null,
  parentThreadId: null,
  parentToolCallId: null,
  activeRunId: null,
  lapsedRunId: null,
  compaction: null,
  crc: 0,
};

/** Said again, late, or of a run that is over, it changes nothing: replay may meet it so (LOG9). */
function runRenewed(run: RunRow | null, { runId, renewedAt }: LeaseRenewed): RunRow | null {
  if (run === null || run.runId !== runId || run.renewedAt >= renewedAt) return run;
  return { ...run, renewedAt };
}

function applyEvent(head: ThreadHead, change: EventAppended): Applied {
  const { event, line, crc } = change;
  assert(event.sequence === head.thread.sequence + 1, "sequences have no gap");
  const at = millisecondsOf(event.createdAt);
  const turned = event.rolloutId !== head.rollout.rolloutId;
  const before = turned ? emptyRollout(event.rolloutId, head.rollout.index + 1, at) : head.rollout;
  const rollout: RolloutRow = {
    ...before,
    firstSequence: before.firstSequence || event.sequence,
    lastSequence: event.sequence,
    bytes: before.bytes + line.length + 1,
  };
  const { run, endedRun } = runAfter(head, change, at);
  const lapsed = lapsedAfter(head, change, endedRun);
  const { payload } = event;
  const started = event.type === "run_started";
  const thread: ThreadRow = {
    ...head.thread,
    sequence: event.sequence,
    crc,
    updatedAt: at,
    activeRolloutId: rollout.rolloutId,
    activeRunId: run?.runId ?? null,
    lapsedRunId: lapsed?.runId ?? null,
    compaction: compactionAfter(head.thread.compaction, change),
    agentId: head.thread.agentId ?? (started ? textOr(payload.agentId, null) : null),
    executionMode:
      head.thread.executionMode ??
      (started ? (textOr(payload.executionMode, null) as ExecutionMode | null) : null),
  };
  return {
    head: { thread, rollout, run, lapsed },
    closedRollout: turned ? { ...head.rollout, completedAt: at } : null,
    endedRun,
    messageId: runlessMessageId(change),
  };
}

function runAfter(
  head: ThreadHead,
  { event }: EventAppended,
  at: number,
): { run: RunRow | null; endedRun: RunRow | null } {
  if (event.runId === null) return { run: head.run, endedRun: null };
  if (event.type === "run_started" && head.run === null) {
    const { lapsed } = head;
    const reopens = lapsed !== null && lapsed.runId === event.runId;
    const run = reopens ? reopenedRun(lapsed, event, at) : startedRun(event.runId, event, at);
    return { run, endedRun: null };
  }
  assert(head.run?.runId === event.runId, "an event of a run stands between its start and its end");
  const run: RunRow = {
    ...head.run,
    renewedAt: isOfPublisher(event) ? at : head.run.renewedAt,
    lastSequence: event.sequence,
    runSequence: event.runSequence ?? head.run.runSequence,
  };
  if (event.type !== "run_completed") return { run, endedRun: null };
  const endedRun: RunRow = {
    ...run,
    status: event.payload.status as RunStatus,
    reason: textOr(event.payload.reason, null),
    completedAt: at,
    endedBy: event.runSequence === undefined ? "server" : "publisher",
  };
  return { run: null, endedRun };
}

/** What the server adds by itself, without a number, says nothing of the publisher (RUN14). */
function isOfPublisher({ runSequence }: Event): boolean {
  return runSequence !== undefined;
}

/** A lapsed run may go on until something else begins. */
function lapsedAfter(
  head: ThreadHead,
  { event }: EventAppended,
  endedRun: RunRow | null,
): RunRow | null {
  if (endedRun !== null) return isLapsed(endedRun) ? endedRun : null;
  const begins = event.type === "run_started" || event.type === "compaction_started";
  return begins ? null : head.lapsed;
}

/** Whether the run was ended because nobody renewed its lease (RUN13). */
function isLapsed({ endedBy, reason }: RunRow): boolean {
  return endedBy === "server" && reason === leaseExpired;
}

/** RUN15: it goes on where it was, under the lease it had unless another is asked for. */
function reopenedRun(lapsed: RunRow, { payload, ...event }: Event, at: number): RunRow {
  return {
    ...lapsed,
    status: "running",
    reason: null,
    completedAt: null,
    endedBy: null,
    runSequence: event.runSequence ?? lapsed.runSequence,
    lastSequence: event.sequence,
    leaseSeconds: leaseOf(payload) ?? lapsed.leaseSeconds,
    renewedAt: at,
  };
}

function startedRun(runId: string, event: EventAppended["event"], at: number): RunRow {
  const { payload } = event;
  return {
    runId,
    status: "running",
    reason: null,
    startedAt: at,
    completedAt: null,
    runSequence: event.runSequence ?? 0,
    firstSequence: event.sequence,
    lastSequence: event.sequence,
    leaseSeconds: leaseOf(payload) ?? leaseSeconds.default,
    renewedAt: at,
    endedBy: null,
    metadata: isObject(payload.metadata) ? payload.metadata : {},
  };
}

function leaseOf({ leaseSeconds }: JsonObject): number | null {
  return typeof leaseSeconds === "number" ? leaseSeconds : null;
}

function compactionAfter(open: OpenCompaction | null, { event }: EventAppended) {
  if (event.type === "compaction_completed") return null;
  if (event.type !== "compaction_started") return open;
  return { compactionId: textOr(event.payload.compactionId, "") ?? "", runId: event.runId };
}

function runlessMessageId({ event }: EventAppended): MessageIdRow | null {
  if (event.runId !== null || event.type !== "user_message") return null;
  const messageId = textOr(event.payload.messageId, null);
  return messageId === null ? null : { messageId, sequence: event.sequence };
}

/** Text as the tables can keep it; the event itself keeps what was sent. */
function textOr(value: unknown, otherwise: string | null): string | null {
  return typeof value === "string" ? value.toWellFormed().replaceAll("\0", "") : otherwise;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
