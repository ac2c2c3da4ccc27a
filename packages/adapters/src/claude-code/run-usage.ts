/**
 * Counts the tokens of a Claude Code run: every row of a message repeats the message's usage, so
 * each message counts once, with its last row.
 */
import type { JsonObject } from "@spool/protocol/json";
import { numberOf, objectOf, textOf } from "../json-values.ts";
import type { ClaudeThread } from "./claude-state.ts";

const counted = [
  "input_tokens",
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "output_tokens",
];

/** Notes an assistant row's usage. */
export function countUsage({ usage }: ClaudeThread, message: JsonObject): void {
  const reported = objectOf(message.usage);
  if (reported === null) return;
  const id = textOf(message.id);
  if (id === null || id !== usage.messageId) addMessage(usage);
  usage.messageId = id;
  const tokens = counted.map((name) => [name, numberOf(reported[name])] as const);
  usage.message = Object.fromEntries(tokens.filter((entry) => entry[1] !== undefined)) as Record<
    string,
    number
  >;
}

/** What the run has used so far, and begins counting anew; null when no row told. */
export function runUsage({ usage }: ClaudeThread): JsonObject | null {
  addMessage(usage);
  const { total } = usage;
  usage.messageId = null;
  usage.total = {};
  return Object.keys(total).length === 0 ? null : total;
}

function addMessage(usage: ClaudeThread["usage"]): void {
  for (const [name, tokens] of Object.entries(usage.message)) {
    usage.total[name] = (usage.total[name] ?? 0) + tokens;
  }
  usage.message = {};
}
