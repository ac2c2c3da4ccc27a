/**
 * Table rows as the resources REST and the live stream show (THR1), and what of them an admin sees
 * of somebody else's thread (ORG9). Pure.
 */
import type { Access } from "@spool/protocol/live-frames";
import type { Rollout, Run, Thread, ThreadSnippet } from "@spool/protocol/resources";
import { timestampOf } from "@spool/protocol/times";
import { type RolloutRow, type RunRow, statusOf, type ThreadRow } from "../store/rows.ts";
import type { ThreadMatch } from "../store/thread-store.ts";

/** The thread for someone with `access`; a title made from a message is content. */
export function threadView(row: ThreadRow, access: Access): Thread {
  const isHidden = access === "metadata" && row.titleSource === "message";
  return {
    id: row.threadId,
    orgId: row.orgId,
    ownerUserId: row.ownerUserId,
    agentId: row.agentId,
    title: isHidden ? null : row.title,
    titleSource: row.titleSource,
    executionMode: row.executionMode,
    metadata: row.metadata,
    archived: row.archivedAt !== null,
    archivedAt: timeOrNull(row.archivedAt),
    status: statusOf(row),
    activeRolloutId: row.activeRolloutId,
    activeRunId: row.activeRunId,
    parentThreadId: row.parentThreadId,
    parentToolCallId: row.parentToolCallId,
    sequence: row.sequence,
    eventCount: row.sequence,
    createdAt: timestampOf(row.createdAt),
    updatedAt: timestampOf(row.updatedAt),
  };
}

/** Why a thread was found (FIND5); null where that is gone again. */
export function snippetView(match: ThreadMatch | undefined): ThreadSnippet | null {
  if (match === undefined) return null;
  const { sequence, type, text, ranges } = match;
  const isTitle = sequence === 0;
  return {
    sequence: isTitle ? null : sequence,
    type: isTitle ? "title" : (type as ThreadSnippet["type"]),
    text,
    ranges: ranges as ThreadSnippet["ranges"],
  };
}

/** One generation of the thread `threadId`. Sequences are null while it is empty. */
export function rolloutView(row: RolloutRow, threadId: string): Rollout {
  const isEmpty = row.firstSequence === 0;
  return {
    rolloutId: row.rolloutId,
    threadId,
    index: row.index,
    active: row.completedAt === null,
    startedAt: timestampOf(row.startedAt),
    completedAt: timeOrNull(row.completedAt),
    eventCount: isEmpty ? 0 : row.lastSequence - row.firstSequence + 1,
    firstSequence: isEmpty ? null : row.firstSequence,
    lastSequence: isEmpty ? null : row.lastSequence,
    bytes: row.bytes,
  };
}

/**
 * A run for someone with `access`; its metadata is the publisher's own and so content. Its lease
 * ends at `leaseExpiresAt`, in milliseconds since the epoch; null for a run that has ended.
 */
export function runView(row: RunRow, access: Access, leaseExpiresAt: number | null): Run {
  return {
    runId: row.runId,
    status: row.status,
    reason: row.reason,
    startedAt: timestampOf(row.startedAt),
    completedAt: timeOrNull(row.completedAt),
    runSequence: row.runSequence,
    firstSequence: row.firstSequence,
    lastSequence: row.lastSequence,
    leaseExpiresAt: timeOrNull(leaseExpiresAt),
    metadata: access === "owner" ? row.metadata : {},
  };
}

function timeOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : timestampOf(milliseconds);
}
