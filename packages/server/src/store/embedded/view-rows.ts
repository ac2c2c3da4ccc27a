/**
 * Between the rows of `rows.ts` and SQLite's. Pure: columns in, rows out, and back. What is read
 * equals what was written, text that SQLite cannot hold included.
 */
import {
  type OpenCompaction,
  type RolloutRow,
  type RunRow,
  statusOf,
  type ThreadRow,
} from "../rows.ts";

type Column = string | number | null;
type Columns = Record<string, Column>;

/** Columns of `agent_threads`, in the order of `threadColumns`. */
export const threadColumns = [
  "org_id",
  "thread_id",
  "owner_user_id",
  "agent_id",
  "title",
  "title_source",
  "execution_mode",
  "metadata",
  "archived_at",
  "parent_thread_id",
  "parent_tool_call_id",
  "created_at",
  "updated_at",
  "meta_version",
  "sequence",
  "crc",
  "active_rollout_id",
  "active_run_id",
  "lapsed_run_id",
  "compaction",
  "status",
  "deleted_at",
  "deleted_by_user_id",
] as const;

/** Before text that SQLite could not give back: it keeps UTF-8, which has no lone surrogates. */
const escapedText = "\u0000json:";

/** Text as the tables hold it: itself, except with lone surrogates. Equal only for equal text. */
export function textColumn(text: string): string {
  if (text.isWellFormed() && !text.startsWith(escapedText)) return text;
  return escapedText + JSON.stringify(text);
}

/** The text that `textColumn` was given. */
export function textOf(column: unknown): string {
  const text = column as string;
  return text.startsWith(escapedText) ? JSON.parse(text.slice(escapedText.length)) : text;
}

function textOrNull(column: Column | undefined): string | null {
  return typeof column === "string" ? textOf(column) : null;
}

function columnOrNull(text: string | null): string | null {
  return text === null ? null : textColumn(text);
}

/** A row of `agent_threads`, in the order of `threadColumns`. */
export function threadValues(row: ThreadRow): Column[] {
  return [
    row.orgId,
    row.threadId,
    textColumn(row.ownerUserId),
    columnOrNull(row.agentId),
    columnOrNull(row.title),
    row.titleSource,
    row.executionMode,
    JSON.stringify(row.metadata),
    row.archivedAt,
    columnOrNull(row.parentThreadId),
    columnOrNull(row.parentToolCallId),
    row.createdAt,
    row.updatedAt,
    row.metaVersion,
    row.sequence,
    row.crc,
    row.activeRolloutId,
    row.activeRunId,
    row.lapsedRunId,
    row.compaction === null ? null : JSON.stringify(row.compaction),
    statusOf(row),
    row.deletedAt,
    columnOrNull(row.deletedByUserId),
  ];
}

/** The thread in a row that SQLite gave. */
export function threadRowOf(columns: unknown): ThreadRow {
  const c = columns as Columns;
  const compaction = c.compaction as string | null;
  return {
    orgId: c.org_id as string,
    threadId: c.thread_id as string,
    ownerUserId: textOf(c.owner_user_id),
    agentId: textOrNull(c.agent_id),
    title: textOrNull(c.title),
    titleSource: c.title_source as ThreadRow["titleSource"],
    executionMode: c.execution_mode as ThreadRow["executionMode"],
    metadata: JSON.parse(c.metadata as string),
    archivedAt: c.archived_at as number | null,
    parentThreadId: textOrNull(c.parent_thread_id),
    parentToolCallId: textOrNull(c.parent_tool_call_id),
    createdAt: c.created_at as number,
    updatedAt: c.updated_at as number,
    metaVersion: c.meta_version as number,
    sequence: c.sequence as number,
    crc: c.crc as number,
    activeRolloutId: c.active_rollout_id as string,
    activeRunId: c.active_run_id as string | null,
    lapsedRunId: c.lapsed_run_id as string | null,
    compaction: compaction === null ? null : (JSON.parse(compaction) as OpenCompaction),
    deletedAt: c.deleted_at as number | null,
    deletedByUserId: textOrNull(c.deleted_by_user_id),
  };
}

/** A row of `thread_rollouts` behind its key, in the order of its columns. */
export function rolloutValues(row: RolloutRow): Column[] {
  const { index, rolloutId, startedAt, completedAt, firstSequence, lastSequence, bytes } = row;
  return [index, rolloutId, startedAt, completedAt, firstSequence, lastSequence, bytes];
}

/** The rollout in a row that SQLite gave. */
export function rolloutRowOf(columns: unknown): RolloutRow {
  const c = columns as Columns;
  return {
    rolloutId: c.rollout_id as string,
    index: c.rollout_index as number,
    startedAt: c.started_at as number,
    completedAt: c.completed_at as number | null,
    firstSequence: c.first_sequence as number,
    lastSequence: c.last_sequence as number,
    bytes: c.bytes as number,
  };
}

/** A row of `thread_runs` behind its key, in the order of its columns. */
export function runValues(row: RunRow): Column[] {
  return [
    row.runId,
    row.status,
    columnOrNull(row.reason),
    row.startedAt,
    row.completedAt,
    row.runSequence,
    row.firstSequence,
    row.lastSequence,
    row.leaseSeconds,
    row.renewedAt,
    row.endedBy,
    JSON.stringify(row.metadata),
  ];
}

/** The run in a row that SQLite gave. */
export function runRowOf(columns: unknown): RunRow {
  const c = columns as Columns;
  return {
    runId: c.run_id as string,
    status: c.status as RunRow["status"],
    reason: textOrNull(c.reason),
    startedAt: c.started_at as number,
    completedAt: c.completed_at as number | null,
    runSequence: c.run_sequence as number,
    firstSequence: c.first_sequence as number,
    lastSequence: c.last_sequence as number,
    leaseSeconds: c.lease_seconds as number,
    renewedAt: c.renewed_at as number,
    endedBy: c.ended_by as RunRow["endedBy"],
    metadata: JSON.parse(c.metadata as string),
  };
}
