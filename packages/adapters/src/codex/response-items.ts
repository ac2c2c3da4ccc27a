/**
 * Response items (what the model saw and said) → message parts, calls and results. Pure; used for
 * the records of a rollout and for the items of a compaction's replacement history.
 */
import type { DurableType } from "@spool/protocol/durable-frames";
import type { JsonObject } from "@spool/protocol/json";
import { contentOf, foreignPart, imagePart, type Part, textPart } from "../content-parts.ts";
import { listOf, objectOf, present, restOf, textOf } from "../json-values.ts";

/** A call as an item has it; `id` null where the item carries none. */
export type ItemCall = {
  readonly id: string | null;
  readonly name: string;
  readonly input: unknown;
  readonly native: JsonObject | undefined;
};

/** A field of every newer item that repeats the turn's id. */
export const passthrough = "internal_chat_message_metadata_passthrough";

const injected = /^\s*(?:<[A-Za-z_]+[ >]|# AGENTS\.md instructions)/;

/** The parts of a message's content or of a call's output. */
export function partsOf(content: unknown): Part[] {
  if (typeof content === "string") return [textPart(content)];
  return listOf(content).flatMap((value) => {
    const item = objectOf(value);
    const text = item?.text;
    const type = item?.type;
    if (item !== null && typeof text === "string" && /^(?:input_|output_)?text$/i.test(`${type}`)) {
      return [textPart(text, restOf(item, ["type", "text"]))];
    }
    if (item !== null && type === "input_image") {
      const url = textOf(item.image_url);
      return url === null ? [] : [imagePart(url, restOf(item, ["type", "image_url"]))];
    }
    return [foreignPart(value)];
  });
}

/** The text of parts, joined as the model would read it. */
export function joinedText(parts: readonly Part[]): string {
  return parts
    .filter((part) => part.type === "text")
    .map((part) => String(part.text))
    .join("\n");
}

/** Whether a user item's text is context the agent put there, judged by how it begins. */
export function looksInjected(text: string): boolean {
  return injected.test(text);
}

/** The texts of a reasoning item: its summaries, then what it holds in the clear. */
export function thoughtsOf(item: JsonObject): { summaries: string[]; raw: string[] } {
  const texts = (list: unknown) =>
    listOf(list)
      .map((part) => textOf(part) ?? textOf(objectOf(part)?.text))
      .filter((text) => text !== null);
  return {
    summaries: texts(item.summary ?? item.summary_text),
    raw: texts(item.content ?? item.raw_content),
  };
}

/** A call item of any kind; null for other items. */
export function callOf(item: JsonObject): ItemCall | null {
  const kind = textOf(item.type) ?? "";
  if (!kind.endsWith("_call")) return null;
  const id = textOf(item.call_id);
  const known = ["type", "call_id", "name", "arguments", "input", "action", "metadata"];
  const native = restOf(item, [...known, passthrough]);
  if (kind === "function_call") {
    const { input, ...raw } = argumentsOf(item.arguments);
    const name = textOf(item.name) ?? "function";
    return { id, name, input, native: restOf({ ...native, ...raw }, []) };
  }
  if (kind === "custom_tool_call") {
    return { id, name: textOf(item.name) ?? "custom_tool", input: item.input ?? null, native };
  }
  const name = textOf(item.name) ?? kind.slice(0, -"_call".length);
  const input = item.action ?? item.arguments ?? item.input ?? null;
  return { id: id ?? textOf(item.id), name, input, native };
}

/** Arguments come as JSON text; the text stays beside the value where printing would change it. */
function argumentsOf(value: unknown): { input: unknown; arguments?: string } {
  if (typeof value !== "string") return { input: value ?? null };
  try {
    const input: unknown = JSON.parse(value);
    return JSON.stringify(input) === value ? { input } : { input, arguments: value };
  } catch {
    // Cut or free text: it is the input as it stands.
    return { input: value };
  }
}

/** What a call's output item gave: text as it is, lists as parts, a tool search's tools. */
export function outputOf(item: JsonObject): unknown {
  if (Array.isArray(item.output)) return partsOf(item.output);
  return item.output ?? item.tools ?? null;
}

/** One item of a replacement history as a frame type and its payload. */
export function replacementItem(value: unknown): { type: DurableType; payload: JsonObject } {
  const item = objectOf(value) ?? {};
  const kind = textOf(item.type) ?? "unknown";
  const keptAs = { type: "custom", payload: { name: `codex.${kind}`, data: value } } as const;
  if (kind === "message") {
    const parts = partsOf(item.content);
    const payload = present({ content: contentOf(parts), messageId: textOf(item.id) });
    if (item.role === "assistant") return { type: "assistant_message", payload };
    const isPrompt = item.role === "user" && !looksInjected(joinedText(parts));
    return isPrompt ? { type: "user_message", payload } : keptAs;
  }
  const call = callOf(item);
  if (call?.id) {
    const { id, name, input } = call;
    return { type: "tool_call", payload: { toolCallId: id, name, input } };
  }
  const answered = textOf(item.call_id);
  if (kind.endsWith("_output") && answered !== null) {
    return { type: "tool_result", payload: { toolCallId: answered, output: outputOf(item) } };
  }
  return keptAs;
}
