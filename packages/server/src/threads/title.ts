/**
 * The title a thread takes from its first user message when nobody gave it one (THR4). Pure;
 * called for each user message of a thread without a title.
 */
import type { JsonObject } from "@spool/protocol/json";
import { derivedTitleCharactersMax } from "@spool/protocol/limits";

/** UTF-16 units of a message's text that are looked at. */
const readUnitsMax = 4_096;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * The message's text on one line, cut to 80 characters (code points) without tearing what is seen
 * as one; null where there is nothing to see.
 */
export function titleFromMessage(payload: JsonObject): string | null {
  const line = textOf(payload.content).replace(unseen, "").replace(blanks, " ").trim();
  if (!visible.test(line)) return null;
  // A lone surrogate would be no text to the tables.
  return cut(line).toWellFormed();
}

/** Marks that turn the direction of what follows, which in a list would be the next column. */
const unseen = /[\u202a-\u202e\u2066-\u2069\ufeff]/g;
const blanks = /[\s\p{Cc}]+/gu;
const visible = /[^\s\p{Cc}\p{Cf}\p{M}]/u;

function cut(line: string): string {
  if (charactersOf(line) <= derivedTitleCharactersMax) return line;
  let title = "";
  let characters = 0;
  for (const { segment } of graphemes.segment(line)) {
    characters += charactersOf(segment);
    // The last character is the ellipsis.
    if (characters >= derivedTitleCharactersMax) break;
    title += segment;
  }
  // One letter under more marks than that is cut all the same.
  if (title === "") title = [...line].slice(0, derivedTitleCharactersMax - 1).join("");
  return `${title.trimEnd()}…`;
}

function charactersOf(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function textOf(content: unknown): string {
  if (typeof content === "string") return beginning(content);
  if (!Array.isArray(content)) return "";
  for (const part of content) {
    const text = part?.type === "text" ? beginning(part.text) : "";
    if (visible.test(text)) return text;
  }
  return "";
}

function beginning(text: string): string {
  return text.trimStart().slice(0, readUnitsMax);
}
