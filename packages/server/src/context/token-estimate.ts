/**
 * How many tokens a conversation is, roughly: a model's own count needs its tokenizer, and no one
 * tokenizer fits all. Four UTF-16 units are one token, an image is 1,600, a message adds 4 (CTX8).
 * Deterministic, never below 0, and additive over messages. Pure.
 */
import type { ContextMessage, ContextPart } from "@spool/protocol/context";
import { isCall, isText, isThinking, outputParts } from "./content.ts";
import type { Conversation } from "./conversation.ts";

const unitsPerToken = 4;
const messageTokens = 4;
const imageTokens = 1_600;
/** What frames a call and its result. */
const callTokens = 8;

/** Of summary and messages. */
export function tokensOf({ summary, turns }: Conversation): number {
  const messages = turns.flat().reduce((sum, message) => sum + tokensOfMessage(message), 0);
  return messages + tokensOfSummary(summary);
}

/** Of the summary's message; 0 without one. */
export function tokensOfSummary(summary: string | null): number {
  return summary === null ? 0 : messageTokens + tokensOfText(summary);
}

/** Of one message with the results of its calls. */
export function tokensOfMessage({ parts }: Pick<ContextMessage, "parts">): number {
  return parts.reduce((sum, part) => sum + tokensOfPart(part), messageTokens);
}

/** Of one part, of a call with its result. */
export function tokensOfPart(part: ContextPart): number {
  if (isText(part) || isThinking(part)) return tokensOfText(part.text);
  if (isCall(part)) {
    const { name, input, result } = part;
    const given = outputParts(result?.output).reduce((sum, one) => sum + tokensOfPart(one), 0);
    return callTokens + tokensOfText(name ?? "") + tokensOfJson(input) + given;
  }
  return imageTypes.has(part.type) ? imageTokens : tokensOfJson(part);
}

/** Of text alone. */
export function tokensOfText(text: string): number {
  return Math.ceil(text.length / unitsPerToken);
}

const imageTypes: ReadonlySet<string> = new Set(["image", "image_url"]);

function tokensOfJson(value: unknown): number {
  return tokensOfText(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}
