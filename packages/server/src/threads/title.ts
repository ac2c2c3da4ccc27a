/** The title a thread takes from its first user message when nobody gave it one (THR4). Pure. */
import type { JsonObject } from "@spool/protocol/json";
import { derivedTitleCharactersMax } from "@spool/protocol/limits";

/** The first line's words of the message's text, at most 80 characters; null without any text. */
export function titleFromMessage(payload: JsonObject): string | null {
  const words = textOf(payload.content)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (words === "") return null;
  const characters = [...words.slice(0, derivedTitleCharactersMax * 2)];
  if (characters.length <= derivedTitleCharactersMax) return wellFormed(characters.join(""));
  return wellFormed(
    `${characters
      .slice(0, derivedTitleCharactersMax - 1)
      .join("")
      .trimEnd()}…`,
  );
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content.slice(0, 4_096);
  if (!Array.isArray(content)) return "";
  for (const part of content) {
    if (part?.type === "text" && part.text.trim() !== "") return part.text.slice(0, 4_096);
  }
  return "";
}

/** A lone surrogate in a title would be no text to the tables. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}
