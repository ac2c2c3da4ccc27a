/**
 * All rules of what may happen to a thread: `decide(state, command, context)`. Pure; throws the
 * DomainError that refuses the command. Publishing has its own file, `decide-publish.ts`.
 */
import { accessTo } from "../auth/access.ts";
import type { ThreadHead } from "../store/rows.ts";
import type { Command, DecideContext, Decision } from "./command.ts";
import { decidePublish } from "./decide-publish.ts";
import { Draft } from "./draft.ts";
import {
  notOwner,
  runNotActive,
  threadBusy,
  threadDeleted,
  threadIdTaken,
  threadNotFound,
} from "./refusals.ts";
import { closeOpenCompaction } from "./run-rules.ts";
import type { ThreadState } from "./state.ts";
import type { TransientMemory } from "./transient-memory.ts";

/** Decides one command. `seen` is read, never written: accepting is the caller's part. */
export function decide(
  state: ThreadState,
  command: Command,
  context: DecideContext,
  seen: TransientMemory,
): Decision {
  switch (command.kind) {
    case "publish":
      return decidePublish(state, command.request, context, seen);
    case "create":
      return decideCreate(state, command, context);
    case "update":
      return decideUpdate(state, command, context);
    case "delete":
      return decideDelete(state, command, context);
    case "cancel":
      return decideCancel(state, context);
    case "abandon_compaction":
      return decideAbandonCompaction(state, context);
  }
}

function decideCreate(
  state: ThreadState,
  { body }: Extract<Command, { kind: "create" }>,
  context: DecideContext,
): Decision {
  const draft = new Draft(state, context);
  if (state.head !== null) {
    refuseTakenId(state.head, context);
    return draft.finish(null);
  }
  draft.change({
    kind: "thread_created",
    ownerUserId: context.principal.userId,
    rolloutId: context.newId("rol"),
    agentId: body.agentId ?? null,
    title: body.title ?? null,
    executionMode: body.executionMode ?? null,
    metadata: body.metadata ?? {},
    parentThreadId: body.parentThreadId ?? null,
    parentToolCallId: body.parentToolCallId ?? null,
    createdAt: context.now,
  });
  return draft.finish(null);
}

/** ORG4, DEL4: an id is its owner's again, or nobody's, never another member's. */
export function refuseTakenId({ thread }: ThreadHead, { principal }: DecideContext): void {
  const own = accessTo(principal, thread) === "owner";
  if (thread.deletedAt !== null) {
    throw own ? threadDeleted(thread.threadId) : threadIdTaken(thread.threadId);
  }
  if (!own) throw threadIdTaken(thread.threadId);
}

function decideUpdate(
  state: ThreadState,
  { body }: Extract<Command, { kind: "update" }>,
  context: DecideContext,
): Decision {
  const { head, access } = existing(state, context);
  if (body.metadata !== undefined && access !== "owner") throw notOwner("set its metadata");
  const draft = new Draft(state, context);
  const { thread } = head;
  if (body.title !== undefined) {
    const titleSource = body.title === null ? null : "user";
    if (body.title !== thread.title || titleSource !== thread.titleSource) {
      draft.change({ kind: "thread_renamed", title: body.title, titleSource });
    }
  }
  if (body.archived !== undefined && body.archived !== (thread.archivedAt !== null)) {
    draft.change({ kind: "thread_archived", archivedAt: body.archived ? context.now : null });
  }
  if (body.metadata !== undefined) {
    draft.change({ kind: "metadata_set", metadata: body.metadata });
  }
  return draft.finish(null);
}

function decideDelete(
  state: ThreadState,
  { force }: Extract<Command, { kind: "delete" }>,
  context: DecideContext,
): Decision {
  const { head } = existing(state, context);
  if (head.run !== null && !force) throw threadBusy(head);
  const draft = new Draft(state, context);
  const deletedByUserId = context.principal.userId;
  draft.change({ kind: "thread_deleted", deletedAt: context.now, deletedByUserId });
  return draft.finish(null);
}

function decideCancel(state: ThreadState, context: DecideContext): Decision {
  const { head } = existing(state, context);
  if (head.run === null) throw runNotActive(null);
  const { runId } = head.run;
  const draft = new Draft(state, context);
  closeOpenCompaction(draft, "the run was cancelled");
  draft.append({
    type: "run_completed",
    runId,
    runSequence: null,
    payload: { status: "cancelled" },
  });
  return draft.finish(null);
}

function decideAbandonCompaction(state: ThreadState, context: DecideContext): Decision {
  existing(state, context);
  const draft = new Draft(state, context);
  closeOpenCompaction(draft, "the server was restarted before the compaction was done");
  return draft.finish(null);
}

/** The thread, for its owner or an admin of its org; else 404, or 410 for its former owner. */
function existing(state: ThreadState, { principal }: DecideContext) {
  const { head, key } = state;
  if (head === null) throw threadNotFound(key.threadId);
  const access = accessTo(principal, head.thread);
  if (access === "none") throw threadNotFound(key.threadId);
  if (head.thread.deletedAt !== null) {
    throw access === "owner" ? threadDeleted(key.threadId) : threadNotFound(key.threadId);
  }
  return { head, access };
}
