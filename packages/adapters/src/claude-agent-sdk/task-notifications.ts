/**
 * `task_notification`: a sub-agent that worked on in the background has come to its end. It names
 * the call that started the sub-agent, under which its thread is known here.
 */
import { closeSubAgent, endings } from "../claude-code/agent-calls.ts";
import { type ClaudeRow, keepRow } from "../claude-code/claude-row.ts";
import { type ClaudeReader, keyOf, readerOf } from "../claude-code/claude-state.ts";
import { textOf } from "../json-values.ts";

/** Closes the sub-agent's run; the message itself is kept. */
export function readTaskNotification(reader: ClaudeReader, row: ClaudeRow): void {
  const { state, thread, log } = reader;
  keepRow(reader, row);
  const callId = textOf(row.raw.tool_use_id);
  const ended = endings.get(textOf(row.raw.status) ?? "");
  const child = callId === null ? undefined : state.threads[keyOf(thread.sessionId, callId)];
  if (child === undefined || ended === undefined || child === thread) return;
  closeSubAgent(readerOf(state, child, log.step), ended, row.moment);
}
