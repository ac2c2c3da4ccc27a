/**
 * Prompts, answers and thoughts of a Codex rollout. Answers and thoughts are taken from the
 * response items, prompts from the events (a user item without an event is context the agent put
 * there); where only the other way of saying it exists, that one is taken, so nothing is lost.
 * Rule for thoughts: each reasoning record with text is an `assistant_message` of its own that
 * holds only `thinking` parts.
 */
import type { JsonObject } from "@spool/protocol/json";
import {
  contentOf,
  foreignPart,
  imageFilePart,
  imagePart,
  type Part,
  textPart,
} from "../content-parts.ts";
import { listOf, objectOf, present, restOf, textOf } from "../json-values.ts";
import { concludedEnding, emit, freeMessageId } from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import { closeTurn } from "./close-turn.ts";
import { type CodexRecord, codexRecord } from "./codex-record.ts";
import type { CodexReader } from "./codex-state.ts";
import { hold, keepRecord, takeHeld } from "./held-records.ts";
import { joinedText, looksInjected, partsOf, passthrough, thoughtsOf } from "./response-items.ts";
import { isTwin, saysAsMuch, type Way } from "./twin-ledger.ts";

/** A user message as an event tells it. */
type Prompt = {
  readonly text: string;
  readonly parts: readonly Part[];
  readonly id: string | null;
  readonly more: JsonObject | undefined;
};

/** A message item: an answer, a prompt's twin or injected context, or another role's words. */
export function readMessageItem(reader: CodexReader, record: CodexRecord): void {
  const parts = partsOf(record.payload.content);
  const text = joinedText(parts);
  if (record.payload.role === "assistant") {
    readAnswerItem(reader, record, parts);
  } else if (record.payload.role !== "user") {
    keepRecord(reader, record);
  } else if (record.bare) {
    if (looksInjected(text)) keepRecord(reader, record);
    else emitPromptItem(reader, record);
  } else if (isTwin(reader.state.twins, { role: "prompt", text, way: "item" }, false)) {
    if (parts.some((part) => part.type !== "text")) keepRecord(reader, record);
  } else {
    hold(reader, { role: "prompt", text }, record);
  }
}

function readAnswerItem(reader: CodexReader, record: CodexRecord, parts: Part[]): void {
  const text = joinedText(parts);
  const twin = isTwin(reader.state.twins, { role: "answer", text, way: "item" });
  const held = takeHeld(reader, "answer", (event) => saysAsMuch(text, event));
  // Its event was let go already, so the answer is out: only what the item has beyond it is kept.
  if (twin && held === undefined) {
    keepRecord(reader, record);
    return;
  }
  const event = objectOf(held?.raw.payload) ?? {};
  const phase = textOf(record.payload.phase) ?? textOf(event.phase);
  const memoryCitation = event.memory_citation;
  const native = restOf(record.payload, ["type", "role", "content", "phase", "id", passthrough]);
  const more = { phase, memoryCitation, native };
  emitAnswer(reader, { content: parts, id: textOf(record.payload.id), more }, record.moment);
}

/** An answer as an event or a completed item tells it: held, since its item usually follows. */
export function readAnswerEvent(reader: CodexReader, record: CodexRecord): void {
  const text = answerText(record);
  if (!isTwin(reader.state.twins, { role: "answer", text, way: "event" })) {
    hold(reader, { role: "answer", text }, record);
  } else if (objectOf(record.payload.memory_citation) !== null) {
    keepRecord(reader, record);
  }
}

function answerText({ kind, payload }: CodexRecord): string {
  if (kind === "agent_message") return textOf(payload.message) ?? "";
  return joinedText(partsOf(objectOf(payload.item)?.content));
}

/** An answer whose item never came. */
export function releaseAnswer(reader: CodexReader, record: CodexRecord): void {
  const text = answerText(record);
  const item = objectOf(record.payload.item) ?? record.payload;
  const more = { phase: textOf(item.phase), memoryCitation: item.memory_citation };
  emitAnswer(reader, { content: [textPart(text)], id: textOf(item.id), more }, record.moment);
}

/** A turn's last words as its end repeats them, where no message of the turn has said them. */
export function readLastAnswer(reader: CodexReader, record: CodexRecord): void {
  const text = textOf(record.payload.last_agent_message);
  if (text === null || reader.state.twins.some((twin) => twin.role === "answer")) return;
  const content = [textPart(text)];
  emitAnswer(reader, { content, id: null, more: { synthetic: true } }, record.moment);
}

function emitAnswer(
  { state, log }: CodexReader,
  { content, id, more }: { content: readonly Part[]; id: string | null; more: JsonObject },
  moment: Moment,
): void {
  const messageId = freeMessageId(log.thread, id, moment);
  const fields = present({ messageId, model: state.model, ...more });
  emit(log, "assistant_message", { content, ...fields }, moment);
}

/** A prompt as an event (`user_message`) or a completed item (`UserMessage`) tells it. */
export function readPromptEvent(reader: CodexReader, record: CodexRecord): void {
  const isEvent = record.kind === "user_message";
  const prompt = isEvent ? promptOfEvent(record.payload) : promptOfItem(record.payload);
  leaveImplicitRun(reader, record.moment);
  const { twins } = reader.state;
  const held = takeHeld(reader, "prompt", (item) => saysAsMuch(item, prompt.text));
  isTwin(twins, { role: "prompt", text: prompt.text, way: "event" });
  if (held !== undefined) isTwin(twins, { role: "prompt", text: prompt.text, way: "item" }, false);
  const item = objectOf(held?.raw.payload) ?? {};
  if (held !== undefined && held.text.trim() !== prompt.text.trim()) {
    keepRecord(reader, codexRecord(held.raw, held.moment, held.moment.time));
  }
  const images = partsOf(item.content).filter((part) => part.type === "image");
  const own = prompt.parts.filter((part) => part.type === "image");
  const others = prompt.parts.filter((part) => part.type !== "image");
  const parts = [...others, ...(images.length >= own.length ? images : own)];
  const id = prompt.id ?? textOf(item.id);
  emitPrompt(reader, { ...prompt, parts, id }, record.moment);
}

function promptOfEvent(payload: JsonObject): Prompt {
  const text = textOf(payload.message) ?? "";
  const urls = listOf(payload.images).filter((url) => typeof url === "string");
  const files = listOf(payload.local_images).filter((path) => typeof path === "string");
  const images = [...urls.map((url) => imagePart(url)), ...files.map(imageFilePart)];
  const known = ["type", "message", "images", "client_id"];
  const more = restOf(payload, known);
  return { text, parts: [textPart(text), ...images], id: textOf(payload.client_id), more };
}

function promptOfItem(payload: JsonObject): Prompt {
  const item = objectOf(payload.item) ?? {};
  const parts = listOf(item.content).map((value) => {
    const part = objectOf(value) ?? {};
    const url = textOf(part.image_url) ?? textOf(part.url);
    if (typeof part.text === "string") {
      return textPart(part.text, restOf(part, ["type", "text"]));
    }
    if (url !== null) return imagePart(url);
    const path = textOf(part.path);
    return path === null ? foreignPart(value) : imageFilePart(path);
  });
  const id = textOf(item.client_id) ?? textOf(item.id);
  return { text: joinedText(parts), parts, id, more: undefined };
}

/** A user item that is a prompt of its own right: in a file without events, or as its last word. */
export function emitPromptItem(reader: CodexReader, record: CodexRecord): void {
  const parts = partsOf(record.payload.content);
  const prompt = { text: joinedText(parts), parts, id: textOf(record.payload.id), more: undefined };
  leaveImplicitRun(reader, record.moment);
  emitPrompt(reader, prompt, record.moment);
}

function emitPrompt({ log }: CodexReader, prompt: Prompt, moment: Moment): void {
  const messageId = freeMessageId(log.thread, prompt.id, moment);
  const content = contentOf(prompt.parts);
  emit(log, "user_message", present({ content, messageId, native: prompt.more }), moment);
}

/** Outside of named turns, a prompt behind the agent's work begins the next turn. */
function leaveImplicitRun(reader: CodexReader, moment: Moment): void {
  const { run } = reader.log.thread;
  if (run?.origin !== "implicit" || !run.active) return;
  closeTurn(reader, concludedEnding(reader.log, "next_prompt"), moment);
}

/** A reasoning item or completed item; its texts that came out before are left out. */
export function readThoughtItem(reader: CodexReader, record: CodexRecord): void {
  const item = objectOf(record.payload.item) ?? record.payload;
  const way: Way = record.kind === "item_completed" ? "event" : "item";
  const { summaries, raw } = thoughtsOf(item);
  const isNew = (text: string) => {
    const held = takeHeld(reader, "thought", (event) => event === text) !== undefined;
    return !isTwin(reader.state.twins, { role: "thought", text, way }) || held;
  };
  const parts = [
    ...summaries.filter(isNew).map((text) => ({ type: "thinking", text })),
    ...raw.filter(isNew).map((text) => ({ type: "thinking", text, raw: true })),
  ];
  if (parts.length === 0) {
    // Encrypted, empty, or said before: the record itself is all there is to keep.
    keepRecord(reader, record);
    return;
  }
  const known = ["type", "id", "summary", "content", "summary_text", "raw_content", passthrough];
  const native = restOf(item, known);
  emitAnswer(reader, { content: parts, id: textOf(item.id), more: { native } }, record.moment);
}

/** A thought as an event tells it: held, since its item usually follows. */
export function readThoughtEvent(reader: CodexReader, record: CodexRecord): void {
  const text = textOf(record.payload.text);
  if (text === null) keepRecord(reader, record);
  else if (!isTwin(reader.state.twins, { role: "thought", text, way: "event" })) {
    hold(reader, { role: "thought", text }, record);
  }
}

/** A thought whose item never came. */
export function releaseThought(reader: CodexReader, record: CodexRecord): void {
  const text = textOf(record.payload.text) ?? "";
  const raw = record.kind === "agent_reasoning_raw_content" ? { raw: true } : {};
  const content = [{ type: "thinking", text, ...raw }];
  emitAnswer(reader, { content, id: null, more: {} }, record.moment);
}
