/**
 * Writes one thread's frames: opens and closes its runs, numbers what lies between, keeps what has
 * no frame of its own. One run at a time; every frame belongs to one; a run is closed only by a
 * record that says or proves so. All adapters write through here and nothing else makes frames.
 *
 *   record:   settings   turn begins   settings      prompt                          turn ends
 *   frames:   (waits)    (awaited)     (waits)       run_started custom custom       run_completed
 *                                                    user_message
 */

import type { DurableType, RunCompletedStatus } from "@spool/protocol/durable-frames";
import type { JsonObject } from "@spool/protocol/json";
import type { TransientType } from "@spool/protocol/transient-frames";
import { fitPayload } from "./fit-payload.ts";
import type { Step, ThreadHeader } from "./frame.ts";
import { present, remember } from "./json-values.ts";
import { digestOf, payloadId, runIdOf } from "./source-ids.ts";
import {
  type Moment,
  type RunOrigin,
  type RunState,
  rememberedMax,
  type ThreadState,
  waitingMax,
} from "./thread-state.ts";

/** A thread being written to, and the step that takes what comes of it. */
export type ThreadLog = {
  readonly thread: ThreadState;
  readonly step: Step;
  readonly messagesOnly: boolean;
  /** What a run that no record begins runs with, as far as it is known. */
  readonly runFields?: JsonObject;
};

/** How a run ended. `synthetic` when it was concluded from a later record. */
export type RunEnding = {
  readonly status: RunCompletedStatus;
  readonly reason?: string;
  readonly synthetic?: boolean;
  readonly [field: string]: unknown;
};

/** A call's payload; its id and name may be longer than a payload allows (PUB22). */
export type ToolCall = {
  readonly toolCallId: string;
  readonly name: string;
  readonly input: unknown;
  readonly [field: string]: unknown;
};
/** A result's payload, likewise; `isError` is null where the source does not say. */
export type ToolResult = {
  readonly toolCallId: string;
  readonly output: unknown;
  readonly isError: boolean | null;
  readonly [field: string]: unknown;
};

/** Changes the header; given out again when the thread was already announced. */
export function changeHeader(log: ThreadLog, fields: Partial<ThreadHeader>): void {
  log.thread.header = { ...log.thread.header, ...fields };
  if (log.thread.announced) log.step.threads.push(log.thread.header);
}

/** The source begins a turn. The run starts with its first frame, so `fields` may still grow. */
export function awaitTurn(
  log: ThreadLog,
  turn: { turnId: string; fields?: JsonObject; moment: Moment },
): void {
  log.thread.awaited = { ...turn, fields: turn.fields ?? {} };
}

/** The open run; started first where there is none: the awaited turn, else an implicit run. */
export function ensureRun(
  log: ThreadLog,
  moment: Moment,
  origin: RunOrigin = "implicit",
): RunState {
  const { thread } = log;
  if (thread.run !== null) return thread.run;
  const { awaited } = thread;
  thread.awaited = null;
  if (awaited !== null) return startRun(log, awaited.moment, { ...awaited, origin: "turn" });
  const fields = { ...log.runFields, synthetic: true, reason: "outside_turn" };
  return startRun(log, moment, { turnId: null, origin, fields });
}

function startRun(
  log: ThreadLog,
  moment: Moment,
  { turnId, origin, fields }: { turnId: string | null; origin: RunOrigin; fields: JsonObject },
): RunState {
  const { thread } = log;
  const runId = freeRunId(thread, turnId, moment);
  const run = { runId, turnId, origin, sequence: 0, active: false, compacting: false };
  thread.run = run;
  remember(thread.usedRunIds, runId, rememberedMax);
  if (!thread.announced) {
    thread.announced = true;
    log.step.threads.push(thread.header);
  }
  const { agentId, executionMode, parentThreadId, parentToolCallId } = thread.header;
  const header = { agentId, executionMode, parentThreadId, parentToolCallId };
  emit(log, "run_started", present({ ...header, ...fields }), moment);
  for (const { name, data, moment: then } of thread.waiting.splice(0)) {
    emit(log, "custom", { name, data }, then);
  }
  return run;
}

/** The turn's own run id, or one made from the place where that one is taken or there is none. */
function freeRunId(thread: ThreadState, turnId: string | null, moment: Moment): string {
  const own = turnId === null ? null : runIdOf(turnId);
  if (own !== null && !thread.usedRunIds.includes(own)) return own;
  for (let attempt = 0; ; attempt += 1) {
    const source = `${thread.header.threadId}:${moment.byteOffset}:${attempt}`;
    const made = runIdOf(digestOf(source));
    if (!thread.usedRunIds.includes(made)) return made;
  }
}

/** Adds a frame to the open run, which is started first where there is none. */
export function emit(log: ThreadLog, type: DurableType, payload: JsonObject, moment: Moment): void {
  const run = ensureRun(log, moment);
  run.sequence += 1;
  if (type === "assistant_message" || type === "tool_call" || type === "tool_result") {
    run.active = true;
  }
  const fitted = fitPayload(payload);
  if (fitted.truncated === true && payload.truncated !== true) {
    const problem = `is too large for one frame: its ${type} is cut in the middle`;
    log.step.problems.push({ line: moment.line, byteOffset: moment.byteOffset, problem });
  }
  log.step.frames.push({
    threadId: log.thread.header.threadId,
    runId: run.runId,
    type,
    payload: fitted,
    ...(moment.time === null ? {} : { occurredAt: moment.time }),
    runSequence: run.sequence,
  });
}

/** Shows something unfinished to watchers; only inside an open run (PUB17). */
export function emitLive(log: ThreadLog, type: TransientType, payload: JsonObject): void {
  const { header, run } = log.thread;
  if (run === null) return;
  log.step.live.push({ threadId: header.threadId, runId: run.runId, type, payload });
}

/** Keeps a record without a frame of its own: in the open run, else with the next one. */
export function keep(
  log: ThreadLog,
  { name, data }: { name: string; data: JsonObject },
  moment: Moment,
): void {
  if (log.messagesOnly) return;
  const named = { name: payloadId(name), data };
  const { thread } = log;
  if (thread.run === null && thread.waiting.length < waitingMax) {
    thread.waiting.push({ ...named, moment });
    return;
  }
  emit(log, "custom", named, moment);
}

/** A tool call; unanswered until `emitResult`. */
export function emitCall(
  log: ThreadLog,
  { toolCallId, name, ...fields }: ToolCall,
  moment: Moment,
): void {
  const call = { toolCallId: payloadId(toolCallId), name: payloadId(name) };
  emit(log, "tool_call", { ...call, ...fields }, moment);
  const runId = log.thread.run?.runId ?? "";
  remember(log.thread.openCalls, { id: toolCallId, name, runId }, rememberedMax);
}

/** The result of a call, whether the call itself was seen or not. */
export function emitResult(
  log: ThreadLog,
  { toolCallId, ...fields }: ToolResult,
  moment: Moment,
): void {
  emit(log, "tool_result", { toolCallId: payloadId(toolCallId), ...fields }, moment);
  const { thread } = log;
  thread.openCalls = thread.openCalls.filter((call) => call.id !== toolCallId);
  remember(thread.answeredCalls, toolCallId, rememberedMax);
}

/** The message id as the source has it, or one made from the place where it is taken (PUB21). */
export function freeMessageId(thread: ThreadState, own: string | null, moment: Moment): string {
  for (let attempt = -1; ; attempt += 1) {
    const source = `${thread.header.threadId}:${moment.byteOffset}:${attempt}`;
    const id = attempt === -1 && own !== null ? payloadId(own) : `msg_${digestOf(source)}`;
    if (thread.usedMessageIds.includes(id)) continue;
    remember(thread.usedMessageIds, id, rememberedMax);
    return id;
  }
}

/**
 * Closes the open run; nothing happens without one. A compaction without its result is closed as
 * failed, and when the run was cancelled so are its calls without a result.
 */
export function completeRun(log: ThreadLog, ending: RunEnding, moment: Moment): void {
  const { run } = log.thread;
  if (run === null) return;
  if (run.compacting) failCompaction(log, "the run ended before the compaction did", moment);
  if (ending.status === "cancelled") cancelCalls(log, run, moment);
  emit(log, "run_completed", present(ending), moment);
  log.thread.run = null;
}

function cancelCalls(log: ThreadLog, run: RunState, moment: Moment): void {
  for (const { id, runId } of [...log.thread.openCalls]) {
    if (runId !== run.runId) continue;
    const cancelled = { output: "", isError: null, status: "cancelled", synthetic: true };
    emitResult(log, { toolCallId: id, ...cancelled }, moment);
  }
}

/**
 * How the open run ended where a later record shows that it is over, though nothing said so:
 * completed when the agent had answered and no call was waiting, else interrupted.
 */
export function concludedEnding(log: ThreadLog, reason: string): RunEnding {
  const done = log.thread.run?.active === true && !hasOpenCall(log);
  const status = done ? "completed" : "interrupted";
  return { status, reason, synthetic: true };
}

/** Whether a call of the open run has no result yet. */
export function hasOpenCall({ thread: { run, openCalls } }: ThreadLog): boolean {
  return openCalls.some((call) => call.runId === run?.runId);
}

/** Begins a compaction, in a run of its own when none is open. */
export function startCompaction(log: ThreadLog, payload: JsonObject, moment: Moment): void {
  const run = ensureRun(log, moment, "bracket");
  if (run.compacting) failCompaction(log, "another compaction began", moment);
  emit(log, "compaction_started", present(payload), moment);
  run.compacting = true;
}

function failCompaction(log: ThreadLog, message: string, moment: Moment): void {
  const payload = { status: "failed", error: { message }, synthetic: true };
  emit(log, "compaction_completed", payload, moment);
}

/** Ends it; a run that was made for the compaction alone ends with it. */
export function completeCompaction(log: ThreadLog, payload: JsonObject, moment: Moment): void {
  const run = ensureRun(log, moment, "bracket");
  emit(log, "compaction_completed", present(payload), moment);
  run.compacting = false;
  if (run.origin === "bracket") {
    completeRun(log, { status: "completed", reason: "compaction", synthetic: true }, moment);
  }
}

/** For a file that will not grow: gives out the turn and the records that still wait for a run. */
export function flushThread(log: ThreadLog, end: Moment): void {
  const { thread } = log;
  if (thread.run !== null) return;
  if (thread.awaited !== null) {
    ensureRun(log, end);
    return;
  }
  const first = thread.waiting[0];
  if (first === undefined) return;
  ensureRun(log, first.moment, "bracket");
  completeRun(log, { status: "completed", reason: "end_of_source", synthetic: true }, end);
}
