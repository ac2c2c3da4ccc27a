/**
 * Which format a session is in, judged by what its first lines hold and never by its name.
 * Called before an adapter is chosen.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { FormatId } from "./frame.ts";
import { listOf, objectOf, textOf, timeOf } from "./json-values.ts";
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
const execTypes = /^(?:thread\.started|turn\.(?:started|completed|failed)|item\.\w+)$/;
const sdkTypes = new Set(["system", "user", "assistant", "result", "stream_event"]);
const geminiTypes = new Set(["user", "gemini", "info", "error", "warning"]);

/** In this order: the first format that a record fits. */
const tests: readonly (readonly [FormatId, (record: JsonObject, type: string) => boolean])[] = [
  ["codex", isCodex],
  ["codex-exec", isCodexExec],
  ["claude-code", isClaudeCode],
  ["claude-agent-sdk", isAgentSdk],
  ["pi", isPi],
  ["gemini-cli", isGemini],
  ["opencode", isOpencode],
];

/** The format whose records the lines hold, or null where they are nobody's known. */
export function recognise(lines: Iterable<string>): FormatId | null {
  for (const line of lines) {
    for (const { value } of recordsOf(line, { line: 0, byteOffset: 0 }).records) {
      const type = textOf(value.type) ?? "";
      const found = tests.find(([, fits]) => fits(value, type));
      if (found !== undefined) return found[0];
    }
  }
  return null;
}

function isCodex(record: JsonObject, type: string): boolean {
  if (codexTypes.has(type)) return objectOf(record.payload) !== null;
  // The oldest rollouts: a first line without a type, then bare response items.
  if (type === "message" && textOf(record.role) !== null) return listOf(record.content).length > 0;
  return type === "" && textOf(record.id) !== null && "instructions" in record;
}

function isCodexExec(record: JsonObject, type: string): boolean {
  if (!execTypes.test(type)) return false;
  return textOf(record.thread_id) !== null || !("session_id" in record || "sessionId" in record);
}

function isClaudeCode(record: JsonObject, type: string): boolean {
  if (claudeTypes.has(type)) return textOf(record.sessionId) !== null;
  if (type === "summary") return textOf(record.leafUuid) !== null;
  return type === "file-history-snapshot" && objectOf(record.snapshot) !== null;
}

function isAgentSdk(record: JsonObject, type: string): boolean {
  return sdkTypes.has(type) && textOf(record.session_id) !== null;
}

function isPi(record: JsonObject, type: string): boolean {
  if (type === "session") return textOf(record.id) !== null && textOf(record.cwd) !== null;
  const isEntry = type === "message" && textOf(record.id) !== null;
  return isEntry && textOf(objectOf(record.message)?.role) !== null;
}

function isGemini(record: JsonObject, type: string): boolean {
  if (textOf(record.projectHash) !== null) return textOf(record.sessionId) !== null;
  const isMessage = geminiTypes.has(type) && textOf(record.id) !== null && "content" in record;
  return isMessage && timeOf(record.timestamp) !== null;
}

function isOpencode(record: JsonObject): boolean {
  const info = objectOf(record.info);
  const session = textOf(info?.role) === null ? info?.id : info?.sessionID;
  return textOf(session)?.startsWith("ses") === true;
}
