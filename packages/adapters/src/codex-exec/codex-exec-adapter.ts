/**
 * What `codex exec --json` prints → frames. The stream has no times, no turn ids and no prompt: runs
 * are numbered within the process, which the option `streamId` tells from others of the thread, and
 * the option `prompt` gives the first turn its user message. Its thread is another than that of the
 * rollout the same process writes, so that both may be published. Called line by line.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { AdapterOptions, LinePlace, Step } from "../frame.ts";
import { numberOf, objectOf, textOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { digestOf, threadIdOf } from "../source-ids.ts";
import { sourceMetadata } from "../source-metadata.ts";
import { recordsOf } from "../source-records.ts";
import {
  awaitTurn,
  completeRun,
  emit,
  emitCall,
  emitResult,
  ensureRun,
  flushThread,
  freeMessageId,
  keep,
  type ThreadLog,
} from "../thread-log.ts";
import { type Moment, newThread, type ThreadState } from "../thread-state.ts";
import { execCallOf, execNativeOf, execOutcomeOf } from "./exec-items.ts";

/** The adapter's state. */
export type ExecState = {
  readonly format: "codex-exec";
  readonly options: AdapterOptions;
  thread: ThreadState | null;
  /** Turns begun in this stream. */
  turns: number;
  /** A turn has begun whose first record is not read yet. */
  beginning: boolean;
  /** The thread's tokens at the last turn's end. */
  tokens: JsonObject | null;
};

/** The adapter of `codex exec --json`. */
export const codexExecAdapter: SessionAdapter<ExecState> = {
  format: "codex-exec",

  start(options: AdapterOptions = {}): ExecState {
    const empty = { thread: null, turns: 0, beginning: false, tokens: null };
    return { format: "codex-exec", options, ...empty };
  },

  push(state: ExecState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const record of records) {
      readEvent(state, step, { value: record.value, moment: { ...record.place, time: null } });
    }
    return step;
  },

  /** The process is over: a turn without an end was interrupted, which it says nothing about. */
  end(state: ExecState): Step {
    const step = emptyStep();
    if (state.thread === null) return step;
    const log = logOf(state, state.thread, step);
    const moment = { line: 0, byteOffset: -1, time: null };
    if (state.beginning) beginTurn(state, log, { value: {}, moment });
    flushThread(log, moment);
    completeRun(log, { status: "cancelled", reason: "process_ended", synthetic: true }, moment);
    return step;
  },
};

type ExecEvent = { readonly value: JsonObject; readonly moment: Moment };

function readEvent(state: ExecState, step: Step, event: ExecEvent): void {
  const { value, moment } = event;
  const type = textOf(value.type) ?? "";
  const threadId = type === "thread.started" ? textOf(value.thread_id) : null;
  if (state.thread === null || threadId !== null) state.thread = threadFor(state, event, threadId);
  const log = logOf(state, state.thread, step);
  if (type === "turn.started") {
    completeRun(log, { status: "interrupted", reason: "next_turn", synthetic: true }, moment);
    state.turns += 1;
    state.beginning = true;
    return;
  }
  if (state.beginning) beginTurn(state, log, event);
  const item = objectOf(value.item);
  if (/^turn\.(?:completed|failed)$/.test(type) && log.thread.awaited !== null) {
    ensureRun(log, moment);
  }
  if (type === "turn.completed") {
    completeRun(log, { status: "completed", usage: usageOf(state, value) }, moment);
  } else if (type === "turn.failed") {
    completeRun(log, { status: "failed", error: value.error ?? null }, moment);
  } else if (item === null || !readItem(log, { type, item, moment })) {
    const name = item === null ? type : `${type}.${textOf(item.type) ?? "unknown"}`;
    keep(log, { name: `codex-exec.${name || "unknown"}`, data: value }, moment);
  }
}

/** The thread of a stream; a stream that names the same thread again goes on with it. */
function threadFor(state: ExecState, { value }: ExecEvent, threadId: string | null): ThreadState {
  const made = `codex-exec-${digestOf(JSON.stringify(value))}`;
  const sessionId = threadId ?? state.options.sourceId ?? made;
  const header = {
    threadId: threadIdOf(`${sessionId}-live`),
    agentId: "codex",
    executionMode: "local",
    metadata: sourceMetadata({ format: "codex-exec", sessionId }),
  } as const;
  const known = state.thread?.header.threadId === header.threadId ? state.thread : null;
  return known ?? newThread(header);
}

function logOf({ options }: ExecState, thread: ThreadState, step: Step): ThreadLog {
  return { thread, step, messagesOnly: options.messagesOnly === true };
}

/** Without a `streamId` the turn's first record tells the process from others. */
function beginTurn(state: ExecState, log: ThreadLog, { value, moment }: ExecEvent): void {
  const { streamId, prompt } = state.options;
  state.beginning = false;
  const process = digestOf(streamId ?? JSON.stringify(value), 12);
  const turnId = `${log.thread.header.threadId.slice("thr_".length)}-${process}-${state.turns}`;
  awaitTurn(log, { turnId, moment });
  if (prompt === undefined || state.turns !== 1) return;
  const messageId = freeMessageId(log.thread, ownId(log, "prompt", moment), moment);
  emit(log, "user_message", { content: prompt, messageId, synthetic: true }, moment);
}

/** The tokens of the turn that ends, where the stream has told the total before it. */
function usageOf(state: ExecState, { usage }: JsonObject): JsonObject | null {
  const before = state.tokens;
  const after = objectOf(usage);
  state.tokens = after ?? before;
  if (after === null || before === null) return after;
  const used = Object.entries(after).map(([name, total]) => {
    return [name, (numberOf(total) ?? 0) - (numberOf(before[name]) ?? 0)];
  });
  return Object.fromEntries(used);
}

type ItemEvent = { type: string; item: JsonObject; moment: Moment };

/** Reads an item; false for one without a frame of its own. */
function readItem(log: ThreadLog, { type, item, moment }: ItemEvent): boolean {
  const isDone = type === "item.completed";
  const call = execCallOf(item);
  if (call !== null) return readCall(log, { type, item, moment });
  const text = textOf(item.text);
  const isAnswer = item.type === "agent_message";
  if (!isDone || text === null || !(isAnswer || item.type === "reasoning")) return false;
  const messageId = freeMessageId(log.thread, ownId(log, textOf(item.id), moment), moment);
  const content = [{ type: isAnswer ? "text" : "thinking", text }];
  const native = execNativeOf(item);
  emit(log, "assistant_message", { content, messageId, native }, moment);
  return true;
}

function readCall(log: ThreadLog, { type, item, moment }: ItemEvent): boolean {
  const call = execCallOf(item);
  const isStart = type === "item.started";
  if (call === null || !(isStart || type === "item.completed")) return false;
  const toolCallId = ownId(log, textOf(item.id), moment);
  const native = execNativeOf(item);
  const isOpen = log.thread.openCalls.some(({ id }) => id === toolCallId);
  if (isStart || !isOpen) emitCall(log, { toolCallId, ...call, native }, moment);
  if (!isStart) emitResult(log, { toolCallId, ...execOutcomeOf(item), native }, moment);
  return true;
}

/** Item ids count from 0 in every process; a run is of one process and turn. */
function ownId(log: ThreadLog, itemId: string | null, moment: Moment): string {
  const { runId } = ensureRun(log, moment);
  return `${runId.slice("run_".length)}/${itemId ?? moment.line}`;
}
