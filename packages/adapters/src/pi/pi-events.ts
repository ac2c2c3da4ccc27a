/**
 * What `pi --mode json` prints besides finished messages: where turns begin and end, compactions,
 * and the message being written, which watchers are shown. What a finished message says again is
 * not kept.
 */
import type { JsonObject } from "@spool/protocol/json";
import { numberOf, objectOf, restOf, textOf } from "../json-values.ts";
import { digestOf, payloadId } from "../source-ids.ts";
import {
  awaitTurn,
  completeCompaction,
  completeRun,
  concludedEnding,
  emitLive,
  ensureRun,
  keep,
  startCompaction,
} from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import { endTurn, readPiMessage } from "./pi-messages.ts";
import type { PiReader } from "./pi-state.ts";

type Event = { readonly value: JsonObject; readonly moment: Moment };

const handlers: Record<string, (reader: PiReader, event: Event) => void> = {
  agent_start({ state, log }, { moment }) {
    completeRun(log, concludedEnding(log, "next_turn"), moment);
    Object.assign(state, { beginning: true, turns: state.turns + 1, messages: 0 });
  },
  agent_end(reader, { moment }) {
    endTurn(reader, moment);
    completeRun(reader.log, concludedEnding(reader.log, "agent_end"), moment);
  },
  turn_start: () => {},
  turn_end: () => {},
  message_start: ({ state }) => {
    state.shown = {};
  },
  message_update: showUpdate,
  message_end(reader, { value, moment }) {
    const message = objectOf(value.message);
    if (message === null) {
      keepEvent(reader, { value, moment });
      return;
    }
    readPiMessage(reader, { message, id: messageIdOf(reader), entry: value, moment });
    reader.state.messages += 1;
  },
  tool_execution_start: () => {},
  tool_execution_update: showOutput,
  tool_execution_end: () => {},
  auto_compaction_start: beginCompaction,
  compaction_start: beginCompaction,
  auto_compaction_end: endCompaction,
  compaction_end: endCompaction,
};

/** Whether a record of this type is an event of a running agent. */
export function isPiEvent(type: string): boolean {
  return Object.hasOwn(handlers, type);
}

/** Reads one event. */
export function readPiEvent(reader: PiReader, event: Event): void {
  const type = textOf(event.value.type) ?? "";
  if (reader.state.beginning && objectOf(event.value.message) !== null) beginTurn(reader, event);
  (handlers[type] ?? keepEvent)(reader, event);
}

function keepEvent({ log }: PiReader, { value, moment }: Event): void {
  keep(log, { name: `pi.${textOf(value.type) ?? "unknown"}`, data: value }, moment);
}

/** Messages carry no ids: one is named after its turn and its place in it. */
function messageIdOf({ state, log }: PiReader): string {
  return `msg_${digestOf(`${log.thread.run?.runId ?? log.thread.awaited?.turnId}:${state.messages}`)}`;
}

function beginTurn({ state, log }: PiReader, { value, moment }: Event): void {
  state.beginning = false;
  const process = digestOf(state.options.streamId ?? JSON.stringify(value.message), 12);
  const thread = log.thread.header.threadId.slice("thr_".length);
  awaitTurn(log, { turnId: `${thread}-${process}-${state.turns}`, moment });
  ensureRun(log, moment);
}

function showUpdate(reader: PiReader, { value }: Event): void {
  const { state, log } = reader;
  const update = objectOf(value.assistantMessageEvent);
  const index = numberOf(update?.contentIndex);
  const delta = textOf(update?.delta);
  if (index === undefined || delta === null || log.thread.run === null) return;
  const type =
    update?.type === "text_delta"
      ? "assistant_message_delta"
      : update?.type === "thinking_delta"
        ? "assistant_thinking_delta"
        : null;
  const messageId = `${messageIdOf(reader)}:${index}`;
  if (type === null || log.thread.usedMessageIds.includes(messageId)) return;
  const key = `${type}:${index}`;
  const offset = state.shown[key] ?? 0;
  state.shown[key] = offset + delta.length;
  emitLive(log, type, { messageId, delta, offset });
}

/** A running tool's output so far, as a whole: what is new at its end is shown. */
function showOutput({ state, log }: PiReader, { value }: Event): void {
  const toolCallId = textOf(value.toolCallId);
  const content = objectOf(value.partialResult)?.content;
  const output = Array.isArray(content) ? textOf(objectOf(content[0])?.text) : null;
  if (toolCallId === null || output === null) return;
  if (!log.thread.openCalls.some(({ id }) => id === toolCallId)) return;
  const key = `output:${toolCallId}`;
  const offset = state.shown[key] ?? 0;
  if (output.length <= offset) return;
  state.shown[key] = output.length;
  const delta = output.slice(offset);
  emitLive(log, "tool_output_delta", { toolCallId: payloadId(toolCallId), delta, offset });
}

function beginCompaction({ log }: PiReader, { value, moment }: Event): void {
  startCompaction(log, { reason: textOf(value.reason) }, moment);
}

function endCompaction({ log }: PiReader, { value, moment }: Event): void {
  const result = objectOf(value.result);
  const summary = textOf(result?.summary);
  if (summary === null) {
    const message = value.aborted === true ? "was aborted" : textOf(value.errorMessage);
    const error = { message: message ?? "gave no summary" };
    completeCompaction(log, { status: "failed", error }, moment);
    return;
  }
  const tokensBefore = numberOf(result?.tokensBefore);
  const native = restOf(result ?? {}, ["summary", "tokensBefore"]);
  completeCompaction(log, { summary, tokensBefore, native }, moment);
}
