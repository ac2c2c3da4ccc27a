/**
 * The rules of publishing: who may, what is a duplicate, which run and rollout take the frames,
 * in the contract's order thread → duplicates → run → rollout → busy (WIRE9). Pure.
 */
import { DomainError } from "@spool/protocol/errors";
import type { PublishAnswer } from "@spool/protocol/publish";
import type {
  DurableFrame,
  PublishRequest,
  TransientPublish,
} from "@spool/protocol/publish-parser";
import { accessTo } from "../auth/access.ts";
import type { RunRow } from "../store/rows.ts";
import type { DecideContext, Decision } from "./command.ts";
import type { Draft } from "./draft.ts";
import {
  notOwner,
  outOfOrder,
  rolloutNotActive,
  runFenced,
  runNotActive,
  threadBusy,
  threadDeleted,
  threadIdTaken,
  threadNotFound,
} from "./refusals.ts";
import { closeOpenCompaction, draftNow, reopenRun } from "./run-rules.ts";
import type { ThreadState } from "./state.ts";
import { FinishedItems, type TransientMemory } from "./transient-memory.ts";

/** One request being decided: the draft, what was counted, what transient frames came before. */
type Pass = {
  readonly state: ThreadState;
  readonly request: PublishRequest;
  readonly context: DecideContext;
  readonly draft: Draft;
  /** The active rollout before the request; frames may name only this one (RUN12). */
  readonly rolloutBefore: string;
  readonly seen: TransientMemory;
  highestTransient: number;
  /** Items that had their last frame in this request (PUB16); null where one frame is all. */
  readonly finishedHere: FinishedItems | null;
  /** Ids of run-less messages of this request (PUB11), likewise. */
  readonly messageIdsHere: Set<string> | null;
  appended: number;
  duplicates: number;
  delivered: number;
};

/** Decides a request as a whole. Throws the DomainError of the first frame that is refused. */
export function decidePublish(
  state: ThreadState,
  request: PublishRequest,
  context: DecideContext,
  seen: TransientMemory,
): Decision {
  const draft = draftNow(state, context);
  if (state.head === null) createFromRun(draft, request, context);
  else refuseForeign(state, request, context);
  const hasMore = request.frames.length > 1;
  const pass: Pass = {
    state,
    request,
    context,
    draft,
    rolloutBefore: draft.head.thread.activeRolloutId,
    seen,
    highestTransient: request.runId === null ? 0 : seen.highest(request.runId),
    finishedHere: hasMore ? new FinishedItems() : null,
    messageIdsHere: hasMore ? new Set() : null,
    appended: 0,
    duplicates: 0,
    delivered: 0,
  };
  if (request.frames.length === 0) heartbeat(pass);
  for (const frame of request.frames) {
    if (!frame.durable) publishTransient(pass, frame);
    else if (request.runId === null) publishRunless(pass, frame);
    else publishDurable(pass, frame, request.runId);
  }
  if (pass.appended + pass.delivered > 0 && draft.head.run?.runId === request.runId) {
    draft.renewLease(pass.appended > 0 ? "event" : "sign of life");
  }
  return draft.finish(answerOf(pass));
}

/** RUN9, RUN14, RUN15: an empty batch renews the run's lease, or opens the run again. */
function heartbeat(pass: Pass): void {
  reopenIfLapsed(pass);
  requireActiveRun(pass);
  requireRollout(pass);
  pass.draft.renewLease("sign of life");
}

/** RUN1: the `run_started` that makes its thread where the id is unknown; any other frame needs it. */
function startOf({ frames }: PublishRequest): DurableFrame | null {
  const first = frames.find((frame) => frame.durable);
  return first?.type === "run_started" ? first : null;
}

function createFromRun(draft: Draft, request: PublishRequest, context: DecideContext): void {
  const start = startOf(request);
  if (start === null) throw threadNotFound(request.threadId);
  const { payload } = start;
  draft.change({
    kind: "thread_created",
    ownerUserId: context.principal.userId,
    rolloutId: request.rolloutId ?? context.newId("rol"),
    agentId: null,
    title: null,
    executionMode: null,
    metadata: {},
    parentThreadId: (payload.parentThreadId as string | undefined) ?? null,
    parentToolCallId: (payload.parentToolCallId as string | undefined) ?? null,
    createdAt: context.now,
  });
}

/** ORG3, ORG4, ORG8, DEL4: only its owner publishes into a thread. */
function refuseForeign(state: ThreadState, request: PublishRequest, context: DecideContext): void {
  const thread = state.head?.thread;
  if (thread === undefined) return;
  const access = accessTo(context.principal, thread);
  const { threadId, deletedAt } = thread;
  if (access === "owner") {
    if (deletedAt !== null) throw threadDeleted(threadId);
    return;
  }
  if (access === "metadata" && deletedAt === null) throw notOwner("publish into it");
  throw startOf(request) === null ? threadNotFound(threadId) : threadIdTaken(threadId);
}

function publishDurable(pass: Pass, frame: DurableFrame, runId: string): void {
  const { draft } = pass;
  const run = draft.run(runId);
  if (isDuplicate(draft, frame, run)) {
    pass.duplicates += 1;
    return;
  }
  if (frame.type !== "run_started") {
    reopenIfLapsed(pass);
    requireActiveRun(pass);
  } else if (run !== null && !isLapsed(pass)) throw endedRun(run);
  requireRollout(pass);
  const runSequence = (run?.runSequence ?? 0) + 1;
  if (frame.runSequence !== null && frame.runSequence !== runSequence) {
    throw outOfOrder(runSequence);
  }
  requireFree(pass, frame);
  appendOwn(pass, frame, runSequence);
}

/** RUN15: whether the run's lease has ended and nothing has begun since. */
function isLapsed({ draft, request }: Pass): boolean {
  return request.runId !== null && draft.head.lapsed?.runId === request.runId;
}

function reopenIfLapsed(pass: Pass): void {
  if (isLapsed(pass)) reopenRun(pass.draft, pass.request.runId as string);
}

/** PUB4: a number the run already holds, or the start of the run that is already active. */
function isDuplicate(draft: Draft, frame: DurableFrame, run: RunRow | null): boolean {
  if (run === null) return false;
  if (frame.runSequence !== null && frame.runSequence <= run.runSequence) return true;
  return frame.type === "run_started" && draft.head.run?.runId === run.runId;
}

/** RUN2, ROL10: a run starts when nothing is under way, a compaction when no other is. */
function requireFree({ draft: { head }, ...pass }: Pass, { type }: DurableFrame): void {
  const starts = type === "run_started";
  if (!starts && type !== "compaction_started") return;
  if (head.thread.compaction !== null || (starts && head.run !== null)) {
    throw threadBusy(head, pass.state.lease?.expiresAt ?? null);
  }
}

/** ROL13: while a requested compaction is under way nothing else is added. */
function requireNoRequestedCompaction({ draft: { head } }: Pass): void {
  const { compaction } = head.thread;
  if (compaction !== null && compaction.runId === null) throw threadBusy(head, null);
}

function appendOwn(pass: Pass, frame: DurableFrame, runSequence: number): void {
  const { draft, request } = pass;
  const { runId } = request;
  const event = { type: frame.type, runId, runSequence, occurredAt: frame.occurredAt };
  switch (frame.type) {
    case "run_started":
      if (isLapsed(pass)) {
        // Its own reopening has a number only where its publisher counted it (RUN15).
        const counted = frame.runSequence === null ? null : runSequence;
        const payload = { ...frame.payload, resumed: true };
        draft.append({ ...event, runSequence: counted, payload });
      } else draft.append({ ...event, payload: frame.payload });
      break;
    case "compaction_started":
      startCompaction(pass, frame, runSequence);
      break;
    case "compaction_completed":
      completeCompaction(pass, frame, runSequence);
      break;
    case "run_completed":
      closeOpenCompaction(draft, "the run ended before the compaction did");
      draft.append({ ...event, payload: frame.payload });
      break;
    default:
      draft.append({ ...event, payload: frame.payload });
  }
  pass.finishedHere?.add(frame);
  pass.appended += 1;
}

/** ROL9: the server fills in the compaction's id. */
function startCompaction(pass: Pass, frame: DurableFrame, runSequence: number): void {
  const { draft, context, request } = pass;
  const compactionId = frame.payload.compactionId ?? context.newId("cmp");
  draft.append({
    type: frame.type,
    runId: request.runId,
    runSequence,
    occurredAt: frame.occurredAt,
    payload: { ...frame.payload, compactionId },
  });
}

/** ROL1, ROL5, ROL8: a completed one is the first event of the next rollout, a failed one is not. */
function completeCompaction(pass: Pass, frame: DurableFrame, runSequence: number): void {
  const { draft, context, request } = pass;
  const given = frame.payload.compactionId as string | undefined;
  if (draft.head.thread.compaction === null) {
    const compactionId = given ?? context.newId("cmp");
    const payload = { compactionId };
    draft.append({ type: "compaction_started", runId: request.runId, runSequence: null, payload });
  }
  const compactionId = draft.head.thread.compaction?.compactionId;
  if (given !== undefined && given !== compactionId) {
    const index = request.frames.indexOf(frame);
    const problem = `is not the open compaction ${compactionId}`;
    throw new DomainError("INVALID_FRAME", `Frame ${index}: /payload/compactionId ${problem}.`, {
      details: { index, path: "/payload/compactionId", problem },
    });
  }
  draft.append({
    type: frame.type,
    runId: request.runId,
    runSequence,
    occurredAt: frame.occurredAt,
    payload: { ...frame.payload, compactionId },
    rolloutId: frame.payload.status === "failed" ? null : context.newId("rol"),
  });
}

/** PUB10: frames between runs, or beside one. */
function publishRunless(pass: Pass, frame: DurableFrame): void {
  const { messageId } = frame.payload;
  if (frame.type === "user_message" && typeof messageId === "string") {
    if (pass.state.messageIds?.has(messageId) || pass.messageIdsHere?.has(messageId)) {
      pass.duplicates += 1;
      return;
    }
    pass.messageIdsHere?.add(messageId);
  }
  requireRollout(pass);
  requireNoRequestedCompaction(pass);
  pass.draft.append({
    type: frame.type,
    runId: null,
    runSequence: null,
    occurredAt: frame.occurredAt,
    payload: frame.payload,
  });
  pass.appended += 1;
}

/** PUB13 to PUB17: an active run first, then duplicates, then the rollout (WIRE9). */
function publishTransient(pass: Pass, frame: TransientPublish): void {
  const { run } = pass.draft.head;
  if (run === null || run.runId !== pass.request.runId) throw runNotActive(pass.request.runId);
  const finished = pass.finishedHere?.has(frame) || pass.seen.isFinished(run.runId, frame);
  if (finished || frame.sequenceNumber <= pass.highestTransient) {
    pass.duplicates += 1;
    return;
  }
  requireRollout(pass);
  pass.highestTransient = frame.sequenceNumber;
  pass.draft.transient({
    kind: "transient",
    type: frame.type,
    runId: run.runId,
    rolloutId: pass.draft.head.thread.activeRolloutId,
    sequenceNumber: frame.sequenceNumber,
    occurredAt: frame.occurredAt,
    payload: frame.payload,
  });
  pass.delivered += 1;
}

/** RUN5, RUN6: the run must be the active one. */
function requireActiveRun({ draft, request }: Pass): RunRow {
  const { run } = draft.head;
  if (run !== null && run.runId === request.runId) return run;
  const named = request.runId === null ? null : draft.run(request.runId);
  throw named === null ? runNotActive(request.runId) : endedRun(named);
}

function endedRun(run: RunRow): DomainError {
  return run.endedBy === "server" ? runFenced(run) : runNotActive(run.runId);
}

function requireRollout({ request, rolloutBefore }: Pass): void {
  if (request.rolloutId !== null && request.rolloutId !== rolloutBefore) {
    throw rolloutNotActive(request.rolloutId, rolloutBefore);
  }
}

function answerOf(pass: Pass): PublishAnswer {
  const { draft, request } = pass;
  const { thread } = draft.head;
  return {
    threadId: thread.threadId,
    runId: request.runId,
    rolloutId: thread.activeRolloutId,
    sequence: thread.sequence,
    runSequence: request.runId === null ? null : (draft.run(request.runId)?.runSequence ?? null),
    appended: pass.appended,
    duplicates: pass.duplicates,
    delivered: pass.delivered,
  };
}
