/**
 * `stream_event` messages (the API's own stream) → live frames. What they say comes again in the
 * finished message, so nothing of them is kept. Ids are those of the durable frames to come: block
 * `n` of a message is `<message id>:<n>`.
 */
import type { ClaudeRow } from "../claude-code/claude-row.ts";
import type { ClaudeReader } from "../claude-code/claude-state.ts";
import { numberOf, objectOf, textOf } from "../json-values.ts";
import { payloadId } from "../source-ids.ts";
import { emitLive, ensureRun } from "../thread-log.ts";

/** The message being streamed in a thread, and how many UTF-16 units of each block were shown. */
export type StreamedMessage = {
  readonly id: string;
  /** By block index and kind. */
  readonly units: Record<string, number>;
};

/** Reads one event; `streamed` is by thread id and changed. */
export function readStreamEvent(
  reader: ClaudeReader,
  row: ClaudeRow,
  streamed: Record<string, StreamedMessage>,
): void {
  const event = objectOf(row.raw.event) ?? {};
  const { state } = reader.thread;
  if (reader.thread.agent === "main") ensureRun(reader.log, row.moment);
  if (state.run === null) return;
  const { threadId } = state.header;
  const id = textOf(objectOf(event.message)?.id);
  if (event.type === "message_start" && id !== null) streamed[threadId] = { id, units: {} };
  const message = streamed[threadId];
  const index = numberOf(event.index);
  if (message === undefined || index === undefined) return;
  const block = objectOf(event.content_block);
  if (event.type === "content_block_start" && block !== null) showCall(reader, block);
  const delta = objectOf(event.delta);
  if (event.type === "content_block_delta" && delta !== null) {
    showDelta(reader, message, { index, delta });
  }
}

function showCall(
  { thread, log }: ClaudeReader,
  block: { readonly [field: string]: unknown },
): void {
  const id = textOf(block.id);
  const name = textOf(block.name);
  const isCall = block.type === "tool_use" || block.type === "server_tool_use";
  if (!isCall || id === null || name === null) return;
  const { openCalls, answeredCalls } = thread.state;
  if (openCalls.some((call) => call.id === id) || answeredCalls.includes(id)) return;
  emitLive(log, "tool_call_started", { toolCallId: payloadId(id), name: payloadId(name) });
}

function showDelta(
  { thread, log }: ClaudeReader,
  { id, units }: StreamedMessage,
  { index, delta }: { index: number; delta: { readonly [field: string]: unknown } },
): void {
  const messageId = `${payloadId(id)}:${index}`;
  if (thread.state.usedMessageIds.includes(messageId)) return;
  const show = (type: "assistant_message_delta" | "assistant_thinking_delta", text: unknown) => {
    if (typeof text !== "string" || text === "") return;
    const kind = `${type}:${index}`;
    const offset = units[kind] ?? 0;
    units[kind] = offset + text.length;
    emitLive(log, type, { messageId, delta: text, offset });
  };
  if (delta.type === "text_delta") show("assistant_message_delta", delta.text);
  if (delta.type === "thinking_delta") show("assistant_thinking_delta", delta.thinking);
  if (delta.type === "citations_delta" && delta.citation !== undefined) {
    emitLive(log, "assistant_message_source", { messageId, source: delta.citation });
  }
}
