/**
 * Makes a conversation fit a number of estimated tokens (CTX8): the oldest turns go first, and go
 * whole; of a newest turn that is too large itself, the oldest messages go, then the oldest parts,
 * and what is left is shortened in its middle. A call never loses its result. Pure.
 */
import type { ContextMessage, ContextPart, ToolCallPart } from "@spool/protocol/context";
import { isCall } from "./content.ts";
import type { Conversation, Turn } from "./conversation.ts";
import { cutMiddle } from "./cut-text.ts";
import { tokensOf, tokensOfMessage, tokensOfPart, tokensOfSummary } from "./token-estimate.ts";

/** A conversation that fits, and whether it lost something for that. */
export type Fitted = { readonly conversation: Conversation; readonly truncated: boolean };

/** Below so many tokens nothing is shortened any further: it would say nothing. */
const tokensMin = 16;
/** UTF-16 units a string keeps at least when it is shortened. */
const stringUnitsMin = 32;

/**
 * The newest part of the conversation within `tokensMax`, summary included. The summary stays as
 * it is; the newest message stays in some form even where the summary alone is over the limit.
 */
export function fitTokens(conversation: Conversation, tokensMax: number): Fitted {
  const { summary, turns } = conversation;
  let left = Math.max(tokensMin, tokensMax - tokensOfSummary(summary));
  if (tokensOf({ summary: null, turns }) <= left) return { conversation, truncated: false };
  let first = turns.length;
  while (first > 0) {
    const tokens = tokensOfTurn(turns[first - 1] as Turn);
    if (tokens > left) break;
    left -= tokens;
    first -= 1;
  }
  const kept = turns.slice(first);
  if (kept.length === 0) kept.push(fitTurn(turns.at(-1) as Turn, left));
  return { conversation: { summary, turns: kept }, truncated: true };
}

function tokensOfTurn(turn: Turn): number {
  return turn.reduce((sum, message) => sum + tokensOfMessage(message), 0);
}

/** The user's message stays as long as it leaves half of the room for what came of it. */
function fitTurn(turn: Turn, tokensMax: number): Turn {
  const [first, ...rest] = turn as readonly [ContextMessage, ...ContextMessage[]];
  const tokens = tokensOfMessage(first);
  if (first.role !== "user" || rest.length === 0 || tokens > tokensMax / 2) {
    return newestMessages(turn, tokensMax);
  }
  return [first, ...newestMessages(rest, tokensMax - tokens)];
}

function newestMessages(messages: Turn, tokensMax: number): Turn {
  const kept = newest(messages, tokensMax, tokensOfMessage);
  if (kept.length > 0) return kept;
  const last = messages.at(-1) as ContextMessage;
  const room = tokensMax - tokensOfMessage({ parts: [] });
  const parts = newest(last.parts, room, tokensOfPart);
  if (parts.length > 0) return [{ ...last, parts }];
  return [{ ...last, parts: [shortened(last.parts.at(-1) as ContextPart, room)] }];
}

function newest<T>(items: readonly T[], tokensMax: number, tokensOfItem: (item: T) => number): T[] {
  let left = tokensMax;
  let first = items.length;
  while (first > 0) {
    left -= tokensOfItem(items[first - 1] as T);
    if (left < 0) break;
    first -= 1;
  }
  return items.slice(first);
}

/** The part with its long strings cut until it fits, or as short as makes sense. */
function shortened(part: ContextPart, tokensMax: number): ContextPart {
  let short = part;
  for (let units = tokensMax * 4; tokensOfPart(short) > tokensMax; units = units >> 1) {
    if (units < stringUnitsMin) return bare(part);
    short = isCall(part) ? shortenedCall(part, units) : (cutStrings(part, units) as ContextPart);
  }
  return short;
}

function shortenedCall(part: ToolCallPart, units: number): ToolCallPart {
  const { input, result } = part;
  const output = result === null ? null : { ...result, output: cutStrings(result.output, units) };
  return { ...part, input: cutStrings(input, units), result: output };
}

/** What is made of many small strings cannot be shortened: only that it was there remains. */
function bare(part: ContextPart): ContextPart {
  if (!isCall(part)) return { type: "text", text: `[${part.type.slice(0, 32)} left out]` };
  const { result } = part;
  const output = "[left out]";
  return { ...part, input: {}, result: result === null ? null : { ...result, output } };
}

/** A value with its strings cut. A string that says what a part is stays. */
function cutStrings(value: unknown, units: number): unknown {
  if (typeof value === "string") return cutMiddle(value, units);
  if (Array.isArray(value)) return value.map((item) => cutStrings(item, units));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([name, field]) => [name, name === "type" ? field : cutStrings(field, units)]),
  );
}
