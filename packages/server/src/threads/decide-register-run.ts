/**
 * The rules of `POST /v1/run` (RUN17): a run is registered once, in a thread that is made for it
 * where the id is unknown. Pure.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { RegisterRun } from "@spool/protocol/requests";
import { accessTo } from "../auth/access.ts";
import type { ThreadHead } from "../store/rows.ts";
import type { Command, DecideContext, Decision } from "./command.ts";
import type { Draft } from "./draft.ts";
import { refuseTakenId } from "./existing-thread.ts";
import { notOwner, threadBusy } from "./refusals.ts";
import { draftNow } from "./run-rules.ts";
import type { ThreadState } from "./state.ts";

/** A run that the thread has already is left as it is: nothing changes. */
export function decideRegisterRun(
  state: ThreadState,
  { runId, body }: Extract<Command, { kind: "register_run" }>,
  context: DecideContext,
): Decision {
  if (state.head !== null) refuseOthers(state.head, context);
  const draft = draftNow(state, context);
  if (state.head === null) createThread(draft, body, context);
  else if (draft.run(runId) !== null) return draft.finish(null);
  const { run, thread } = draft.head;
  if (run !== null || thread.compaction !== null) {
    throw threadBusy(draft.head, state.lease?.expiresAt ?? null);
  }
  draft.append({ type: "run_started", runId, runSequence: 1, payload: startOf(body) });
  if (body.prompt !== undefined) {
    const payload = { content: body.prompt };
    draft.append({ type: "user_message", runId, runSequence: null, payload });
  }
  return draft.finish(null);
}

/** ORG4, ORG8: as publishing its `run_started` would be refused. */
function refuseOthers(head: ThreadHead, context: DecideContext): void {
  const isAdmin = accessTo(context.principal, head.thread) === "metadata";
  if (isAdmin && head.thread.deletedAt === null) throw notOwner("begin a run in it");
  refuseTakenId(head, context);
}

function createThread(draft: Draft, body: RegisterRun, context: DecideContext): void {
  draft.change({
    kind: "thread_created",
    ownerUserId: context.principal.userId,
    rolloutId: context.newId("rol"),
    agentId: agentOf(body),
    title: body.title ?? null,
    executionMode: body.executionMode ?? null,
    metadata: {},
    parentThreadId: null,
    parentToolCallId: null,
    createdAt: context.now,
  });
}

/** The fields that were given, by the names of a `run_started`. */
function startOf(body: RegisterRun): JsonObject {
  const agentId = agentOf(body);
  const { executionMode, leaseSeconds, metadata } = body;
  return {
    ...(agentId === null ? {} : { agentId }),
    ...(executionMode === undefined ? {} : { executionMode }),
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function agentOf({ agentId, agent }: RegisterRun): string | null {
  return agentId ?? agent ?? null;
}
