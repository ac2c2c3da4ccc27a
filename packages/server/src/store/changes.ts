/**
 * Everything durable that can happen to a thread, as facts in the thread's order: the vocabulary
 * of commits and of the journal. `rows.ts` folds them into table rows.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { ExecutionMode } from "@spool/protocol/resources";
import type { EventLine } from "./event-line.ts";
import type { ThreadHead } from "./rows.ts";

/** The thread begins, empty, with its first rollout. Times are milliseconds since the epoch. */
export type ThreadCreated = {
  readonly kind: "thread_created";
  readonly ownerUserId: string;
  readonly rolloutId: string;
  readonly agentId: string | null;
  readonly title: string | null;
  readonly executionMode: ExecutionMode | null;
  readonly metadata: JsonObject;
  readonly parentThreadId: string | null;
  readonly parentToolCallId: string | null;
  readonly createdAt: number;
};

/** An event was added to its rollout. A new rollout id closes the rollout before (ROL1). */
export type EventAppended = { readonly kind: "event" } & EventLine;

/** The title was set by a person, or taken from a message. */
export type ThreadRenamed = {
  readonly kind: "thread_renamed";
  readonly title: string | null;
  readonly titleSource: "user" | "message" | null;
};

/** `archivedAt` null: taken out of the archive. */
export type ThreadArchived = {
  readonly kind: "thread_archived";
  readonly archivedAt: number | null;
};

/** The metadata was replaced as a whole. */
export type MetadataSet = { readonly kind: "metadata_set"; readonly metadata: JsonObject };

/**
 * The publisher of the active run was heard of without an event: its lease counts anew (RUN14).
 * Counts in no version and moves nothing of the thread.
 */
export type LeaseRenewed = {
  readonly kind: "lease_renewed";
  readonly runId: string;
  readonly renewedAt: number;
};

/**
 * A whole staged history became the thread's, which it may have had the beginning of. `head` is
 * what it came to; no other change is in its commit.
 */
export type ThreadImported = {
  readonly kind: "thread_imported";
  readonly stageId: string;
  readonly head: ThreadHead;
};

/** The thread is gone; only its id stays taken (DEL4). */
export type ThreadDeleted = {
  readonly kind: "thread_deleted";
  readonly deletedAt: number;
  readonly deletedByUserId: string;
};

/** One thing that happens to a thread, in the order it is told by commits and by the journal. */
export type Change =
  | ThreadCreated
  | EventAppended
  | ThreadRenamed
  | ThreadArchived
  | MetadataSet
  | LeaseRenewed
  | ThreadImported
  | ThreadDeleted;
