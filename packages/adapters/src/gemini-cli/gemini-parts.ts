/**
 * Gemini's content (a text, a part or a list of parts) → message parts and tool outputs. Pure.
 */
import type { JsonObject } from "@spool/protocol/json";
import { foreignPart, type Part, textPart } from "../content-parts.ts";
import { objectOf, restOf, textOf } from "../json-values.ts";

/** The parts of a message's content. */
export function partsOf(content: unknown): Part[] {
  if (content === undefined || content === null || content === "") return [];
  if (Array.isArray(content)) return content.flatMap(partsOf);
  if (typeof content === "string") return [textPart(content)];
  const part = objectOf(content);
  if (part !== null && typeof part.text === "string") {
    const more = restOf(part, ["text"]);
    return part.text === "" ? [] : [{ ...more, type: "text", text: part.text }];
  }
  const inline = objectOf(part?.inlineData);
  const data = textOf(inline?.data);
  const mediaType = textOf(inline?.mimeType);
  if (data !== null && mediaType?.startsWith("image/")) {
    return [{ type: "image", source: { type: "base64", media_type: mediaType, data } }];
  }
  return [foreignPart(content)];
}

/** A tool's output: the text of its only response where it is one, else as it stands. */
export function outputOf(result: unknown): unknown {
  const list: unknown[] = Array.isArray(result) ? result : [result];
  const [only] = list;
  const response = objectOf(objectOf(objectOf(only)?.functionResponse)?.response);
  const output = response?.output ?? response?.error;
  const isAll = response !== null && Object.keys(response).length === 1;
  return list.length === 1 && isAll && typeof output === "string" ? output : (result ?? null);
}

/** A thought as a part. */
export function thoughtPart(value: unknown): Part {
  const thought: JsonObject = objectOf(value) ?? { description: value };
  const { subject, description } = thought;
  const lines = [subject, description].filter((line) => textOf(line) !== null);
  const more = restOf(thought, ["subject", "description"]);
  return { ...more, type: "thinking", text: lines.join("\n") };
}
