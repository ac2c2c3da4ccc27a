/**
 * Assistant rows: one block each, usually, and the rows of one API message share its id. A text or
 * thinking block is an `assistant_message` of its own, `<message id>:<block>` in the group of the
 * message (PUB21); a tool use is a call.
 */
import type { JsonObject } from "@spool/protocol/json";
import { foreignPart, type Part, textPart } from "../content-parts.ts";
import { present, remember, restOf, textOf } from "../json-values.ts";
import { digestOf, payloadId } from "../source-ids.ts";
import { emit, emitCall, emitResult, freeMessageId, hasOpenCall } from "../thread-log.ts";
import { noteAgentCall } from "./agent-calls.ts";
import { type ClaudeRow, firstTextOf, keepRow, nativeOf } from "./claude-row.ts";
import type { ClaudeReader } from "./claude-state.ts";
import { countUsage } from "./run-usage.ts";
import { answeredEnding, closeRun } from "./turns.ts";

const messagesMax = 64;
const agentTools = new Set(["Task", "Agent"]);

/**
 * Reads one assistant row. An API error the agent wrote as a message fails the run; an answer that
 * ends the turn ends a sub-agent's run, since nothing else in its file would.
 */
export function readAssistantRow(reader: ClaudeReader, row: ClaudeRow): void {
  const { thread } = reader;
  countUsage(thread, row.message);
  if (row.blocks.length === 0) keepRow(reader, row);
  for (const block of row.blocks) readBlock(reader, row, block);
  const isLast = row.message.stop_reason === "end_turn" && row.blocks.at(-1)?.type === "text";
  thread.answered = isLast && !hasOpenCall(reader.log);
  if (thread.answered && thread.agent !== "main") closeRun(reader, answeredEnding, row.moment);
  if (row.raw.isApiErrorMessage !== true) return;
  const error = present({ message: firstTextOf(row), code: row.raw.error });
  closeRun(reader, { status: "failed", reason: "api_error", error }, row.moment);
}

function readBlock(reader: ClaudeReader, row: ClaudeRow, block: JsonObject): void {
  const { log } = reader;
  const message = messageFields(reader, row);
  const type = textOf(block.type) ?? "";
  if (type === "tool_use" || type === "server_tool_use" || type === "mcp_tool_use") {
    readToolUse(reader, row, { block, message });
  } else if (type.endsWith("_tool_result") && textOf(block.tool_use_id) !== null) {
    const toolCallId = textOf(block.tool_use_id) ?? "";
    const isError = block.is_error === true;
    const output = block.content ?? null;
    emitResult(log, { toolCallId, output, isError, ...nativeOf(row) }, row.moment);
  } else {
    const part = partOf(block);
    if (part === null) {
      keepRow(reader, row);
      return;
    }
    const messageId = freeMessageId(reader.thread.state, message.messageId, row.moment);
    const payload = { content: [part], ...message, messageId, ...nativeOf(row) };
    emit(log, "assistant_message", payload, row.moment);
  }
}

function readToolUse(
  reader: ClaudeReader,
  row: ClaudeRow,
  { block, message }: { block: JsonObject; message: MessageFields },
): void {
  const { log } = reader;
  const made = `call_${digestOf(`${row.uuid}:${row.moment.byteOffset}:${message.messageId}`)}`;
  const toolCallId = textOf(block.id) ?? made;
  const name = textOf(block.name) ?? "tool";
  const input = block.input ?? null;
  const native = nativeOf(row, restOf(block, ["type", "id", "name", "input"]));
  emitCall(log, { toolCallId, name, input, ...message, ...native }, row.moment);
  if (agentTools.has(name)) noteAgentCall(reader, toolCallId, input);
}

/** A block as a part; null for one without anything to show (thinking that is only signed). */
function partOf(block: JsonObject): Part | null {
  const { type, text, thinking } = block;
  if (type === "text" && typeof text === "string") {
    return textPart(text, restOf(block, ["type", "text"]));
  }
  if (type === "thinking") {
    const more = restOf(block, ["type", "thinking"]);
    return textOf(thinking) === null ? null : { ...more, type, text: thinking };
  }
  return type === "redacted_thinking" ? null : foreignPart(block);
}

type MessageFields = {
  readonly messageId: string;
  readonly groupId?: string;
  readonly model?: string;
  readonly stopReason?: string;
};

/** The block's place in its message; counts the block. */
function messageFields({ thread }: ClaudeReader, row: ClaudeRow): MessageFields {
  const model = textOf(row.message.model);
  const stopReason = textOf(row.message.stop_reason);
  const shared = {
    ...(model === null ? {} : { model: payloadId(model) }),
    ...(stopReason === null ? {} : { stopReason }),
  };
  const own = textOf(row.message.id);
  const id = own ?? row.uuid ?? digestOf(JSON.stringify(row.raw));
  const seen = thread.messages.find((message) => message.id === id);
  const index = seen?.blocks ?? 0;
  if (seen === undefined) remember(thread.messages, { id, blocks: 1 }, messagesMax);
  else seen.blocks += 1;
  const groupId = payloadId(id);
  return { messageId: `${groupId}:${index}`, groupId, ...shared };
}
