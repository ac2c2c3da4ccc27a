/**
 * Content of messages and outputs of tools → parts, whatever was stored: a replacement's payloads
 * are not checked when they are published. Pure; used by the conversation and every format.
 */
import type {
  ContentPart,
  ContextPart,
  ContextText,
  ContextThinking,
  ToolCallPart,
} from "@spool/protocol/context";
import type { JsonObject } from "@spool/protocol/json";

/** The parts of a message's content. Empty texts are left out. */
export function contentParts(content: unknown): ContentPart[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  if (content === undefined || content === null) return [];
  if (!Array.isArray(content)) return [foreign(content)];
  return content.map(partOf).filter((part) => !isEmpty(part));
}

/**
 * The parts of a tool's output: text as it is, a list of content parts as such, anything else as
 * JSON text. Null and empty text give none.
 */
export function outputParts(output: unknown): ContentPart[] {
  if (output === null || output === undefined) return [];
  if (typeof output === "string") return contentParts(output);
  if (Array.isArray(output) && output.some(isContent)) return contentParts(output);
  return [{ type: "text", text: JSON.stringify(output) }];
}

/** A tool's output as text alone: of its parts the texts, in lines, and `note` of the others. */
export function outputText(output: unknown, note: (part: ContentPart) => string): string {
  if (typeof output === "string") return output;
  return outputParts(output)
    .map((part) => (isText(part) ? part.text : note(part)))
    .join("\n");
}

/** Whether a part is text. */
export function isText(part: ContextPart): part is ContextText {
  return part.type === "text";
}

/** Whether a part is a thought. */
export function isThinking(part: ContextPart): part is ContextThinking {
  return part.type === "thinking";
}

/** Whether a part is a call with its result. */
export function isCall(part: ContextPart): part is ToolCallPart {
  return part.type === "tool_call";
}

const contentTypes: ReadonlySet<unknown> = new Set(["text", "image", "image_url", "document"]);

function isContent(item: unknown): boolean {
  return typeof item === "object" && contentTypes.has((item as JsonObject | null)?.type);
}

function partOf(item: unknown): ContentPart {
  if (typeof item === "string") return { type: "text", text: item };
  const part = (item ?? {}) as JsonObject;
  const { type, text } = part;
  if (typeof type !== "string" || type === "" || type.startsWith("tool_")) return foreign(item);
  if ((type === "text" || type === "thinking") && typeof text !== "string") return foreign(item);
  return part as ContentPart;
}

function foreign(data: unknown): ContentPart {
  return { type: "foreign", data };
}

/** Nothing a model could read; a thought may be empty and yet be signed. */
function isEmpty(part: ContentPart): boolean {
  if (isText(part)) return part.text === "";
  return isThinking(part) && part.text === "" && part.signature === undefined;
}
