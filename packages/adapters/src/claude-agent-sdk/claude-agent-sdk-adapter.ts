/**
 * Messages of the Claude Agent SDK (also what `claude -p --output-format stream-json` prints) →
 * frames. API messages are read as in session files; around them the stream says clearly where a
 * turn begins and ends. Sub-agents' messages name the call that started them and become threads of
 * their own. Called line by line, mostly live.
 */
import { finishLinkedSubAgents, readNotification } from "../claude-code/agent-calls.ts";
import { readAssistantRow } from "../claude-code/assistant-rows.ts";
import { type ClaudeRow, firstTextOf, keepRow } from "../claude-code/claude-row.ts";
import {
  type ClaudeReader,
  type ClaudeState,
  readerOf,
  startClaude,
} from "../claude-code/claude-state.ts";
import { kindOfUserRow } from "../claude-code/prompts.ts";
import { threadOf } from "../claude-code/sidechains.ts";
import { beginTurn, closeRun } from "../claude-code/turns.ts";
import { emitPromptOf, readToolResult } from "../claude-code/user-rows.ts";
import type { AdapterOptions, LinePlace, Step } from "../frame.ts";
import { remember, textOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { recordsOf } from "../source-records.ts";
import { flushThread } from "../thread-log.ts";
import { sdkRow } from "./sdk-row.ts";
import { endBoundary, readBoundary, readInit, readResult, readStatus } from "./sdk-turns.ts";
import { readStreamEvent, type StreamedMessage } from "./stream-events.ts";
import { readTaskNotification } from "./task-notifications.ts";

/** The adapter's state: that of session files, and what is being streamed. */
export type SdkState = ClaudeState & { readonly streamed: Record<string, StreamedMessage> };

const earlyRowsMax = 1_000;

/** The adapter of the Agent SDK's messages. */
export const claudeAgentSdkAdapter: SessionAdapter<SdkState> = {
  format: "claude-agent-sdk",

  start(options: AdapterOptions = {}): SdkState {
    return { ...startClaude(options, "claude-agent-sdk"), streamed: {} };
  },

  push(state: SdkState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const { value, place: at } of records) readMessage(state, sdkRow(value, at, null), step);
    return step;
  },

  /** The process is over: a turn without its result was interrupted. */
  end(state: SdkState): Step {
    const step = emptyStep();
    finishLinkedSubAgents(state, state.options.links ?? [], step);
    for (const thread of Object.values(state.threads)) {
      const reader = readerOf(state, thread, step);
      const end = { line: 0, byteOffset: -1, time: thread.state.lastTime };
      flushThread(reader.log, end);
      const ending = { status: "interrupted", reason: "process_ended", synthetic: true } as const;
      closeRun(reader, ending, end);
    }
    return step;
  },
};

type Read = (reader: ClaudeReader, row: ClaudeRow) => void;

/** By message type; `system` by its subtype. */
const readers = new Map<string, Read>([
  ["user", readUserMessage],
  ["assistant", readAssistantMessage],
  ["result", readResult],
  ["system/init", readInit],
  ["system/status", readStatus],
  ["system/compact_boundary", readBoundary],
  ["system/task_notification", readTaskNotification],
]);

function readMessage(state: SdkState, row: ClaudeRow, step: Step): void {
  const isFirst = state.currentKey === null;
  const thread = threadOf(state, row);
  if (thread === null) {
    const { line, byteOffset } = row.moment;
    remember(state.early, { line, byteOffset, raw: row.record }, earlyRowsMax);
    return;
  }
  if (isFirst) {
    for (const { raw, ...place } of state.early.splice(0)) {
      readMessage(state, sdkRow(raw, place, null), step);
    }
  }
  const time = row.moment.time ?? thread.state.lastTime;
  thread.state.lastTime = time;
  const timed = { ...row, moment: { ...row.moment, time } };
  const reader = readerOf(state, thread, step);
  if (row.type === "stream_event") {
    readStreamEvent(reader, timed, state.streamed);
    return;
  }
  const key = row.type === "system" ? `system/${textOf(row.raw.subtype) ?? ""}` : row.type;
  (readers.get(key) ?? keepRow)(reader, timed);
}

function readAssistantMessage(reader: ClaudeReader, row: ClaudeRow): void {
  endBoundary(reader, row, null);
  readAssistantRow(reader, row);
}

function readUserMessage(reader: ClaudeReader, row: ClaudeRow): void {
  const results = row.blocks.filter((block) => block.type === "tool_result");
  const others = row.blocks.filter((block) => block.type !== "tool_result");
  for (const [index, block] of results.entries()) readToolResult(reader, row, { block, index });
  if (results.length > 0 && others.length === 0) return;
  const text = firstTextOf(row);
  if (reader.thread.boundary !== null && row.raw.isMeta === true) {
    endBoundary(reader, row, text);
    return;
  }
  endBoundary(reader, row, null);
  const kind = kindOfUserRow(row, others);
  if (kind === "prompt") {
    // A session's turns begin with `init`; a sub-agent's with its prompt.
    const { run, awaited } = reader.thread.state;
    if (reader.thread.agent !== "main" || (run === null && awaited === null)) {
      beginTurn(reader, row);
    }
    emitPromptOf(reader, row, others);
    return;
  }
  readNotification(reader, text, row.moment);
  keepRow(reader, row);
  if (kind !== "interruption") return;
  closeRun(reader, { status: "cancelled", reason: "user_interrupt" }, row.moment);
}
