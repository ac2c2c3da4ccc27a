/**
 * User rows: tool results, prompts, the summary of a compaction, and everything else that Claude
 * Code writes under this type, which is kept as `custom`.
 */
import type { JsonObject } from "@spool/protocol/json";
import { contentOf, foreignPart, type Part, textPart } from "../content-parts.ts";
import { objectOf, present, restOf, textOf } from "../json-values.ts";
import { emit, emitResult, freeMessageId } from "../thread-log.ts";
import { finishSubAgent, readNotification } from "./agent-calls.ts";
import { type ClaudeRow, firstTextOf, keepRow, nativeOf } from "./claude-row.ts";
import type { ClaudeReader } from "./claude-state.ts";
import { readCompactSummary } from "./compactions.ts";
import { kindOfUserRow, typedCommand } from "./prompts.ts";
import { beginTurn, closeRun, noteTurn } from "./turns.ts";

/** Reads one user row. */
export function readUserRow(reader: ClaudeReader, row: ClaudeRow): void {
  reader.thread.answered = false;
  if (row.raw.isCompactSummary === true) {
    readCompactSummary(reader, row);
    return;
  }
  const results = row.blocks.filter((block) => block.type === "tool_result");
  const others = row.blocks.filter((block) => block.type !== "tool_result");
  for (const [index, block] of results.entries()) readToolResult(reader, row, { block, index });
  if (results.length > 0 && others.length === 0) return;
  switch (kindOfUserRow(row, others)) {
    case "prompt":
      readPrompt(reader, row, others);
      return;
    case "turn_start":
      noteTurn(reader, row, true);
      readNotification(reader, firstTextOf(row), row.moment);
      keepRow(reader, row);
      return;
    case "interruption":
      keepRow(reader, row);
      closeRun(reader, { status: "cancelled", reason: "user_interrupt" }, row.moment);
      return;
    case "other":
      noteTurn(reader, row, false);
      keepRow(reader, row);
  }
}

/** One tool result of a row; the first one has the row's structured twin. */
export function readToolResult(
  reader: ClaudeReader,
  row: ClaudeRow,
  { block, index }: { block: JsonObject; index: number },
): void {
  const toolCallId = textOf(block.tool_use_id);
  if (toolCallId === null) {
    keepRow(reader, row);
    return;
  }
  // The structured twin is the row's; a row with several results cannot say whose it is.
  const structured = index === 0 ? row.raw.toolUseResult : undefined;
  const isError = block.is_error === true;
  const agentId = textOf(objectOf(structured)?.agentId);
  const isLaunch = objectOf(structured)?.status === "async_launched";
  const child = { callId: toolCallId, agentId, isError, isLaunch };
  const childThreadId = finishSubAgent(reader, child, row.moment);
  const output = block.content ?? "";
  const fields = present({ structured, childThreadId, ...nativeOf(row) });
  emitResult(reader.log, { toolCallId, output, isError, ...fields }, row.moment);
}

function readPrompt(reader: ClaudeReader, row: ClaudeRow, blocks: readonly JsonObject[]): void {
  beginTurn(reader, row);
  emitPromptOf(reader, row, blocks);
}

/** The user message of a prompt, in the turn that is open or awaited. */
export function emitPromptOf(
  reader: ClaudeReader,
  row: ClaudeRow,
  blocks: readonly JsonObject[],
): void {
  const text = firstTextOf(row);
  const typed = typedCommand(text);
  const content = typed ?? contentOf(blocks.map(promptPart));
  const messageId = freeMessageId(reader.thread.state, row.uuid, row.moment);
  const { origin, promptSource } = row.raw;
  const command = typed === null ? undefined : text;
  const native = nativeOf(row, { origin, promptSource, command });
  emit(reader.log, "user_message", { content, messageId, ...native }, row.moment);
}

function promptPart(block: JsonObject): Part {
  if (block.type !== "text" || typeof block.text !== "string") return foreignPart(block);
  return textPart(block.text, restOf(block, ["type", "text"]));
}
