/**
 * All rules of what may happen to a thread: `decide(state, command, context)`. Pure; throws the
 * DomainError that refuses the command. Publishing has its own file, `decide-publish.ts`.
 */
import type { Command, DecideContext, Decision } from "./command.ts";
import { decideImport } from "./decide-import.ts";
import { decidePublish } from "./decide-publish.ts";
import { decideRegisterRun } from "./decide-register-run.ts";
import { decideEndCompaction, decideStartCompaction } from "./decide-requested-compaction.ts";
import { Draft } from "./draft.ts";
import { existing, refuseTakenId } from "./existing-thread.ts";
import { notOwner, runNotActive, threadBusy, threadNotFound } from "./refusals.ts";
import { closeOpenCompaction, draftNow } from "./run-rules.ts";
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
    case "import":
      return decideImport(state, command, context);
    case "register_run":
      return decideRegisterRun(state, command, context);
    case "expire_run":
      return decideExpireRun(state, context);
    case "abandon_compaction":
      return decideAbandonCompaction(state, context);
    case "start_compaction":
      return decideStartCompaction(state, command, context);
    case "end_compaction":
      return decideEndCompaction(state, command, context);
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
  existing(state, context);
  const draft = draftNow(state, context);
  const { run, thread } = draft.head;
  const isBusy = run !== null || thread.compaction !== null;
  if (isBusy && !force) throw threadBusy(draft.head, state.lease?.expiresAt ?? null);
  const deletedByUserId = context.principal.userId;
  draft.change({ kind: "thread_deleted", deletedAt: context.now, deletedByUserId });
  return draft.finish(null);
}

function decideCancel(state: ThreadState, context: DecideContext): Decision {
  existing(state, context);
  const draft = draftNow(state, context);
  const { run } = draft.head;
  if (run === null) throw runNotActive(null);
  const { runId } = run;
  closeOpenCompaction(draft, "the run was cancelled");
  draft.append({
    type: "run_completed",
    runId,
    runSequence: null,
    payload: { status: "cancelled" },
  });
  return draft.finish(null);
}

/** The server's own: where it comes late, on a deleted thread too, there is nothing to end. */
function decideExpireRun(state: ThreadState, context: DecideContext): Decision {
  if (state.head === null) throw threadNotFound(state.key.threadId);
  return draftNow(state, context).finish(null);
}

function decideAbandonCompaction(state: ThreadState, context: DecideContext): Decision {
  existing(state, context);
  const draft = new Draft(state, context);
  closeOpenCompaction(draft, "the server was restarted before the compaction was done");
  return draft.finish(null);
}
