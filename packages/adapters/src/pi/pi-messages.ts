/**
 * Messages of a Pi session → frames. Every part of an assistant message is a frame of its own,
 * `<message id>:<part>` in the message's group (PUB21). In a session file an answer that stops ends
 * its turn; a running agent's events say so themselves.
 */
import type { JsonObject } from "@spool/protocol/json";
import { contentOf, foreignPart, type Part, textPart } from "../content-parts.ts";
import { listOf, objectOf, present, restOf, textOf } from "../json-values.ts";
import { digestOf, payloadId } from "../source-ids.ts";
import {
  awaitTurn,
  completeRun,
  emit,
  emitCall,
  emitResult,
  freeMessageId,
  keep,
  type RunEnding,
} from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import type { PiReader } from "./pi-state.ts";

/** A message, its id (null where the source gives none) and the entry it stands in. */
export type PiMessage = {
  readonly message: JsonObject;
  readonly id: string | null;
  readonly entry: JsonObject;
  readonly moment: Moment;
};

/** Reads one message of any role. */
export function readPiMessage(reader: PiReader, said: PiMessage): void {
  const { role } = said.message;
  if (role === "user") readPrompt(reader, said);
  else if (role === "assistant") readAnswer(reader, said);
  else if (role === "toolResult") readResult(reader, said);
  else {
    const name = `pi.message.${textOf(role) ?? "unknown"}`;
    keep(reader.log, { name, data: said.entry }, said.moment);
  }
}

/** A prompt; one that comes while the agent is at work belongs to the open turn. */
function readPrompt({ state, log }: PiReader, { message, id, entry, moment }: PiMessage): void {
  if (log.thread.run === null && !state.live) {
    awaitTurn(log, { turnId: turnIdOf(log.thread.header.threadId, id, moment), moment });
  }
  const messageId = freeMessageId(log.thread, id, moment);
  const { content } = message;
  const parts = typeof content === "string" ? [textPart(content)] : partsOf(content);
  const native = nativeOf(entry, restOf(message, ["role", "content", "timestamp"]));
  emit(log, "user_message", { content: contentOf(parts), messageId, native }, moment);
}

/** Entry ids are short: only within their session does one name a turn. */
function turnIdOf(threadId: string, id: string | null, moment: Moment): string {
  return `${threadId.slice("thr_".length)}-${id ?? moment.byteOffset}`;
}

function readAnswer({ state, log }: PiReader, { message, id, entry, moment }: PiMessage): void {
  const groupId = payloadId(
    id ?? `msg_${digestOf(`${log.thread.header.threadId}:${moment.byteOffset}`)}`,
  );
  const known = ["role", "content", "timestamp", "model", "usage", "stopReason"];
  const native = nativeOf(entry, restOf(message, known));
  const { model, usage, stopReason } = message;
  const parts = listOf(message.content).map((part) => objectOf(part) ?? { type: "foreign" });
  const last = parts.length - 1;
  const shared = (index: number) =>
    present({
      groupId,
      model: textOf(model) === null ? null : payloadId(String(model)),
      // What is said of the whole message is said once, with its last part.
      ...(index === last ? { usage: objectOf(usage), stopReason: textOf(stopReason) } : {}),
    });
  if (parts.length === 0) keep(log, { name: "pi.message.assistant", data: entry }, moment);
  for (const [index, part] of parts.entries()) {
    const more = { ...shared(index), native };
    if (part.type === "toolCall") {
      const toolCallId = textOf(part.id) ?? `${groupId}:${index}`;
      const name = textOf(part.name) ?? "tool";
      emitCall(log, { toolCallId, name, input: part.arguments ?? null, ...more }, moment);
    } else {
      const messageId = freeMessageId(log.thread, `${groupId}:${index}`, moment);
      emit(log, "assistant_message", { content: [answerPart(part)], messageId, ...more }, moment);
    }
  }
  state.stopReason = textOf(stopReason);
  state.stopError = textOf(message.errorMessage);
  if (!state.live) endTurn({ state, log }, moment);
}

/** Ends the turn as its newest message says; nothing happens while that wants its tools run. */
export function endTurn({ state, log }: PiReader, moment: Moment): void {
  const ending = endings.get(state.stopReason ?? "");
  if (ending === undefined) return;
  const error = state.stopError === null ? {} : { error: { message: state.stopError } };
  completeRun(log, { ...ending, ...error }, moment);
  state.stopReason = null;
  state.stopError = null;
}

const endings = new Map<string, RunEnding>([
  ["stop", { status: "completed" }],
  ["length", { status: "completed", reason: "length" }],
  ["error", { status: "failed", reason: "error" }],
  ["aborted", { status: "cancelled", reason: "aborted" }],
]);

function readResult({ log }: PiReader, { message, entry, moment }: PiMessage): void {
  const toolCallId = textOf(message.toolCallId);
  if (toolCallId === null) {
    keep(log, { name: "pi.message.toolResult", data: entry }, moment);
    return;
  }
  const known = ["role", "toolCallId", "toolName", "content", "isError", "timestamp"];
  const native = nativeOf(entry, restOf(message, known));
  const isError = typeof message.isError === "boolean" ? message.isError : null;
  emitResult(log, { toolCallId, output: partsOf(message.content), isError, native }, moment);
}

function partsOf(content: unknown): Part[] {
  if (typeof content === "string") return [textPart(content)];
  return listOf(content).map((value) => {
    const part = objectOf(value);
    if (part?.type === "text" && typeof part.text === "string") {
      return textPart(part.text, restOf(part, ["type", "text"]));
    }
    const { data, mimeType } = part ?? {};
    if (part?.type !== "image" || typeof data !== "string") return foreignPart(value);
    return { type: "image", source: { type: "base64", media_type: mimeType ?? "image/png", data } };
  });
}

function answerPart(part: JsonObject): Part {
  if (part.type === "text" && typeof part.text === "string") {
    return textPart(part.text, restOf(part, ["type", "text"]));
  }
  if (part.type !== "thinking" || typeof part.thinking !== "string") return foreignPart(part);
  return { ...restOf(part, ["type", "thinking"]), type: "thinking", text: part.thinking };
}

function nativeOf({ id, parentId }: JsonObject, more: JsonObject | undefined): JsonObject {
  return present({ id, parentId, ...more });
}
