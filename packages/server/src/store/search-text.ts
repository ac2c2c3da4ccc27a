/**
 * What of an event is searched: text of messages and summaries, no thinking, no tool output. Pure;
 * used by whoever fills an index (FIND1).
 */
import type { JsonObject } from "@spool/protocol/json";

/** UTF-16 units of one event's text that are searched; what is behind them is not found. */
const textUnitsMax = 64 * 1024;

const searchedTypes = new Set(["user_message", "assistant_message", "compaction_completed"]);

/** Whether events of this type can hold text that is searched. */
export function isSearched(type: string): boolean {
  return searchedTypes.has(type);
}

/** The text of an event that is searched, well formed; null for none. */
export function searchedText(type: string, payload: JsonObject): string | null {
  if (!isSearched(type)) return null;
  const content = type === "compaction_completed" ? payload.summary : payload.content;
  const text = textOf(content).slice(0, textUnitsMax).toWellFormed().replaceAll("\0", " ");
  return text.trim() === "" ? null : text;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.flatMap(textOfPart).join("\n");
}

function textOfPart(part: unknown): string[] {
  const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
  return type === "text" && typeof text === "string" ? [text] : [];
}
