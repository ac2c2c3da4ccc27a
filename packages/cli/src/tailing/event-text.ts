/**
 * What a terminal shows of one durable event: a word, a short line, and the text below it. Pure;
 * the content comes out printable. Used by `frame-printer.ts`.
 */
import type { Event } from "@spool/protocol/resources";
import { printable, printableLine } from "../printable-text.ts";

/** How an event is told from others by colour. */
export type Tone = "user" | "assistant" | "tool" | "good" | "bad" | "quiet";

/** The parts of an event's rendering. */
export type EventText = {
  readonly word: string;
  readonly tone: Tone;
  /** Behind the word, on the same line; may be empty. */
  readonly summary: string;
  /** Below, with newlines; may be empty. */
  readonly body: string;
  /** Lines of the body that are shown; null for all. */
  readonly bodyLinesMax: number | null;
};

type Fields = { readonly [name: string]: unknown };

/** Lines of a result, a summary, or another side matter that are shown. */
export const foldedLinesMax = 8;
const summaryCharactersMax = 400;

const readers: Readonly<Record<string, (payload: Fields) => Partial<EventText>>> = {
  run_started: (payload) => ({
    word: payload.resumed === true ? "run resumed" : "run started",
    summary: wordsOf(payload.agentId, payload.model),
  }),
  run_completed: runCompleted,
  user_message: (payload) => ({
    word: "user",
    tone: "user",
    body: contentText(payload.content),
    bodyLinesMax: null,
  }),
  assistant_message: (payload) => ({
    word: "assistant",
    tone: "assistant",
    body: contentText(payload.content),
    bodyLinesMax: null,
  }),
  tool_call: (payload) => ({
    word: "tool call",
    tone: "tool",
    summary: `${line(payload.name)} ${compact(payload.input)}`,
  }),
  tool_result: (payload) => ({
    word: "tool result",
    tone: payload.isError === true ? "bad" : "quiet",
    summary: payload.isError === true ? "failed" : "",
    body: outputText(payload.output),
  }),
  custom: (payload) => ({
    word: "custom",
    summary: `${line(payload.name)} ${compact(payload.data)}`,
  }),
  compaction_started: (payload) => ({ summary: wordsOf(payload.reason) }),
  compaction_completed: compactionCompleted,
};

/** The rendering of an event; of an unknown type, its payload as JSON. */
export function eventText(event: Pick<Event, "type" | "payload">): EventText {
  const read = readers[event.type];
  const text = read?.(event.payload) ?? { summary: compact(event.payload) };
  return {
    word: line(event.type).replaceAll("_", " "),
    tone: "quiet",
    summary: "",
    body: "",
    bodyLinesMax: foldedLinesMax,
    ...text,
  };
}

/** A message's text as its deltas gave it: its text parts, one behind the other, unescaped. */
export function messageText(content: unknown): string {
  if (typeof content === "string") return content;
  const texts = listOf(content).map((part) => (part ?? {}) as Fields);
  return texts.map(({ type, text }) => (type === "text" ? String(text) : "")).join("");
}

/** A value as printable JSON on one line, cut. */
export function compact(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return line(text);
}

function runCompleted(payload: Fields): Partial<EventText> {
  const { status, reason, error } = payload;
  return {
    word: `run ${line(status)}`,
    tone: status === "completed" ? "good" : "bad",
    summary: wordsOf(reasonOf(reason), error === undefined ? undefined : compact(error)),
  };
}

/** What ended a run, where the server did (RUN13). */
function reasonOf(reason: unknown): unknown {
  return reason === "lease_expired" ? "lease expired" : reason;
}

function compactionCompleted(payload: Fields): Partial<EventText> {
  if (payload.status === "failed") {
    return { word: "compaction failed", tone: "bad", summary: compact(payload.error) };
  }
  const { tokensBefore, tokensAfter } = payload;
  const known = typeof tokensBefore === "number" && typeof tokensAfter === "number";
  return {
    word: "compacted",
    summary: known ? `${tokensBefore} to ${tokensAfter} tokens` : "",
    body: typeof payload.summary === "string" ? printable(payload.summary) : "",
  };
}

function contentText(content: unknown): string {
  if (typeof content === "string") return printable(content);
  return listOf(content).map(partText).join("\n");
}

function partText(part: unknown): string {
  const { type, text } = (part ?? {}) as Fields;
  if (type === "text") return printable(String(text));
  if (type === "thinking") return printable(`(thinking) ${text}`);
  return `[${line(type)}]`;
}

/** A tool's output: text as it is, the text parts of a list, else JSON. */
function outputText(output: unknown): string {
  if (typeof output === "string") return printable(output);
  const parts = listOf(output);
  const isContent =
    parts.length > 0 && parts.every((part) => typeof (part as Fields)?.type === "string");
  if (isContent) return parts.map(partText).join("\n");
  return printable(JSON.stringify(output, null, 2) ?? "");
}

function wordsOf(...values: unknown[]): string {
  return values
    .filter((value) => typeof value === "string" && value !== "")
    .map(line)
    .join(" · ");
}

function line(value: unknown): string {
  const text = printableLine(String(value ?? "").slice(0, 4 * summaryCharactersMax));
  return text.length > summaryCharactersMax ? `${text.slice(0, summaryCharactersMax)}…` : text;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
