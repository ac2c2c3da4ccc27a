/**
 * A thread's events as text for a model to read: who said what, what was called and what came back.
 * Long texts lose their middle, images are named and not sent, thinking is left out (ROL18). Pure;
 * one event at a time, so that nothing larger than it is in memory.
 */
import type { Event } from "@spool/protocol/resources";

/** Characters one event may take, its heading besides. */
export type TextCaps = {
  /** Of messages. */
  readonly message: number;
  /** Of what tools are given and give back, and of custom events. */
  readonly tool: number;
};

/** Characters a heading may take. */
export const headingCharactersMax = 640;

/** An event as text that ends with an empty line; "" for one that a summary has no use for. */
export function textOfEvent(event: Pick<Event, "type" | "payload">, caps: TextCaps): string {
  const { type, payload } = event;
  switch (type) {
    case "user_message":
      return entry("user", textOfContent(payload.content, caps.message));
    case "assistant_message":
      return entry("assistant", textOfContent(payload.content, caps.message));
    case "tool_call":
      return entry(
        `tool call ${word(payload.name)} (${word(payload.toolCallId)})`,
        textOfValue(payload.input, caps.tool),
      );
    case "tool_result": {
      const outcome = payload.isError === true ? "tool error" : "tool result";
      return entry(
        `${outcome} (${word(payload.toolCallId)})`,
        textOfValue(payload.output, caps.tool),
      );
    }
    case "custom":
      return entry(`note ${word(payload.name)}`, textOfValue(payload.data, caps.tool));
    case "run_completed":
      if (payload.status === "completed") return "";
      return entry(`run ${word(payload.status)}`, textOfValue(payload.error, caps.tool));
    case "compaction_completed":
      return textOfReplacement(payload.replacement, caps);
    default:
      return "";
  }
}

/** Whether a text of this event counts as a message's. */
export function isMessage({ type }: Pick<Event, "type">): boolean {
  // What a compaction kept are whole turns.
  return type === "user_message" || type === "assistant_message" || type === "compaction_completed";
}

/** The text with its middle left out where it is longer than `max`; says how much is missing. */
export function trimMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const room = Math.max(0, max - 50);
  const head = Math.ceil(room * 0.6);
  const tail = room - head;
  const missing = text.length - room;
  return `${text.slice(0, head)}\n[… ${missing} characters left out …]\n${text.slice(text.length - tail)}`;
}

function entry(heading: string, body: string): string {
  return `[${heading}]\n${body}\n\n`;
}

/** An id or name for a heading. */
function word(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 256) : "?";
}

/** A message's content: text, or parts in order. */
function textOfContent(content: unknown, max: number): string {
  if (!isParts(content)) return textOfValue(content, max);
  return trimMiddle(content.map((part) => textOfPart(part, max)).join("\n"), max);
}

type Part = { readonly type: string; readonly [name: string]: unknown };

function isParts(value: unknown): value is Part[] {
  const isPart = (part: unknown) => typeof (part as Part | null)?.type === "string";
  return Array.isArray(value) && value.length > 0 && value.every(isPart);
}

function textOfPart(part: Part, max: number): string {
  const { type, text } = part;
  if (type === "thinking") return "[thinking left out]";
  if (typeof text === "string") return trimMiddle(text, max);
  const about = [part.name, part.filename, part.title, part.mediaType, part.mimeType];
  const named = about.filter((value) => typeof value === "string").map((value) => word(value));
  return `[${[word(type), ...named].join(" ")}]`;
}

/** What a tool takes or gives: text, parts, or JSON whose long texts are trimmed first. */
function textOfValue(value: unknown, max: number): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return trimMiddle(value, max);
  if (isParts(value)) return textOfContent(value, max);
  const json = JSON.stringify(value, (_key, inner: unknown) => {
    return typeof inner === "string" ? withoutData(inner, max) : inner;
  });
  return trimMiddle(json, max);
}

/** Encoded bytes tell a model nothing: they are named by their length. */
function withoutData(text: string, max: number): string {
  const isData = text.length > 512 && /^(data:[^,]{0,128},)?[A-Za-z0-9+/_=-]{256}/.test(text);
  return isData ? `[${text.length} characters of data]` : trimMiddle(text, max);
}

/** What a compaction kept beside its summary. */
function textOfReplacement(replacement: unknown, caps: TextCaps): string {
  if (!Array.isArray(replacement)) return "";
  const kept = replacement.map((event: Pick<Event, "type" | "payload">) =>
    textOfEvent(event, caps),
  );
  return trimMiddle(kept.join(""), caps.message);
}
