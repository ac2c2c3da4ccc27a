/**
 * Which format a session is in, judged by what its first lines hold and never by its name.
 * Called before an adapter is chosen.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { FormatId } from "./frame.ts";
import { listOf, objectOf, textOf } from "./json-values.ts";
import { recordsOf } from "./source-records.ts";

const codexTypes = new Set([
  "session_meta",
  "turn_context",
  "response_item",
  "event_msg",
  "compacted",
  "world_state",
]);
const claudeTypes = new Set([
  "user",
  "assistant",
  "system",
  "attachment",
  "progress",
  "queue-operation",
  "permission-mode",
  "mode",
  "last-prompt",
  "ai-title",
  "custom-title",
  "agent-name",
]);

/** The format whose records the lines hold, or null where they are nobody's known. */
export function recognise(lines: Iterable<string>): FormatId | null {
  for (const line of lines) {
    for (const { value } of recordsOf(line, { line: 0, byteOffset: 0 }).records) {
      if (isCodex(value)) return "codex";
      if (isClaudeCode(value)) return "claude-code";
    }
  }
  return null;
}

function isCodex(record: JsonObject): boolean {
  const type = textOf(record.type);
  if (type !== null && codexTypes.has(type)) return objectOf(record.payload) !== null;
  // The oldest rollouts: a first line without a type, then bare response items.
  if (type === "message") return textOf(record.role) !== null && listOf(record.content).length > 0;
  return type === null && textOf(record.id) !== null && "instructions" in record;
}

function isClaudeCode(record: JsonObject): boolean {
  const type = textOf(record.type) ?? "";
  if (claudeTypes.has(type)) return textOf(record.sessionId) !== null;
  if (type === "summary") return textOf(record.leafUuid) !== null;
  return type === "file-history-snapshot" && objectOf(record.snapshot) !== null;
}
