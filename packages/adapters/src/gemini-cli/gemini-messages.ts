/**
 * Message records of Gemini CLI → frames. A later record with the same id replaces the earlier one,
 * usually by growing: only what is new in it becomes frames, so that a call is out before its result
 * is there. A text that changed is said again, as a message that names the one it replaces.
 */
import type { JsonObject } from "@spool/protocol/json";
import { contentOf } from "../content-parts.ts";
import { listOf, numberOf, objectOf, present, remember, restOf, textOf } from "../json-values.ts";
import { digestOf, payloadId, threadIdOf } from "../source-ids.ts";
import {
  awaitTurn,
  completeRun,
  concludedEnding,
  emit,
  emitCall,
  emitResult,
  freeMessageId,
  keep,
  type ThreadLog,
} from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import { outputOf, partsOf, thoughtPart } from "./gemini-parts.ts";
import type { GeminiReader, SeenMessage } from "./gemini-state.ts";

const seenMax = 300;

/** Reads one message record. */
export function readGeminiMessage(reader: GeminiReader, value: JsonObject, moment: Moment): void {
  const type = textOf(value.type) ?? "";
  const id = textOf(value.id);
  if (type === "user") readPrompt(reader, value, moment);
  else if (type === "gemini") readAnswer(reader, value, moment);
  else keep(reader.log, { name: `gemini-cli.${type || "unknown"}`, data: value }, moment);
  if (type === "user" || id === null) reader.state.answered = false;
}

function seenOf({ state }: GeminiReader, id: string): SeenMessage {
  const known = state.seen.find((message) => message.id === id);
  if (known !== undefined) return known;
  const made: SeenMessage = { id, text: null, messageId: null, thoughts: 0, tokens: null };
  remember(state.seen, made, seenMax);
  return made;
}

function idOf(value: JsonObject, moment: Moment): string {
  return textOf(value.id) ?? `${moment.byteOffset}`;
}

function readPrompt(reader: GeminiReader, value: JsonObject, moment: Moment): void {
  const { log } = reader;
  const parts = partsOf(value.content);
  const id = idOf(value, moment);
  const seen = seenOf(reader, id);
  const text = digestOf(JSON.stringify(parts));
  if (seen.text === text) return;
  if (seen.text === null) {
    closeTurn(reader, "next_prompt", moment);
    awaitTurn(log, { turnId: `${log.thread.header.threadId.slice("thr_".length)}-${id}`, moment });
  }
  const messageId = freeMessageId(log.thread, id, moment);
  const native = nativeOf(value, ["content"], seen);
  emit(log, "user_message", { content: contentOf(parts), messageId, native }, moment);
  Object.assign(seen, { text, messageId });
}

/** Closes the open run with the tokens that its messages told. */
export function closeTurn({ state, log }: GeminiReader, reason: string, moment: Moment): void {
  const usage = Object.keys(state.tokens).length === 0 ? null : state.tokens;
  completeRun(log, { ...concludedEnding(log, reason), usage }, moment);
  state.tokens = {};
}

function readAnswer(reader: GeminiReader, value: JsonObject, moment: Moment): void {
  const { state, log } = reader;
  const seen = seenOf(reader, idOf(value, moment));
  const content = partsOf(value.content);
  const text = content.length === 0 ? null : digestOf(JSON.stringify(content));
  const thoughts = listOf(value.thoughts).slice(seen.thoughts).map(thoughtPart);
  const isNew = text !== null && text !== seen.text;
  if (isNew || thoughts.length > 0) {
    const messageId = freeMessageId(log.thread, seen.id, moment);
    const model = textOf(value.model);
    const payload = {
      content: [...thoughts, ...(isNew ? content : [])],
      messageId,
      ...present({
        model: model === null ? null : payloadId(model),
        usage: objectOf(value.tokens),
      }),
      native: nativeOf(value, ["content", "thoughts", "toolCalls", "tokens", "model"], seen),
    };
    emit(log, "assistant_message", payload, moment);
    if (isNew) Object.assign(seen, { text, messageId });
    seen.thoughts += thoughts.length;
  }
  const calls = listOf(value.toolCalls).map(objectOf);
  for (const [index, call] of calls.entries()) {
    if (call !== null) readCall(log, call, { message: seen.id, index, moment });
  }
  countTokens(reader, seen, value);
  state.answered = text !== null && calls.length === 0;
}

function nativeOf(value: JsonObject, known: readonly string[], seen: SeenMessage): JsonObject {
  const rest = restOf(value, ["type", "timestamp", ...known]);
  return present({ ...rest, replaces: seen.messageId });
}

/** The newest count of a message's tokens stands for it. */
function countTokens({ state }: GeminiReader, seen: SeenMessage, { tokens }: JsonObject): void {
  const told = objectOf(tokens);
  if (told === null) return;
  for (const [name, value] of Object.entries(told)) {
    const grown = (numberOf(value) ?? 0) - (numberOf(seen.tokens?.[name]) ?? 0);
    state.tokens[name] = (state.tokens[name] ?? 0) + grown;
  }
  seen.tokens = told;
}

const outcomes = new Map([
  ["success", false],
  ["error", true],
  ["cancelled", null],
]);

function readCall(
  log: ThreadLog,
  call: JsonObject,
  { message, index, moment }: { message: string; index: number; moment: Moment },
): void {
  const groupId = payloadId(message);
  const toolCallId = textOf(call.id) ?? `${groupId}:${index}`;
  const { openCalls, answeredCalls } = log.thread;
  if (answeredCalls.includes(toolCallId)) return;
  const name = textOf(call.name) ?? "tool";
  const known = ["id", "name", "args", "result", "status", "timestamp", "resultDisplay", "agentId"];
  const native = restOf(call, known);
  if (!openCalls.some(({ id }) => id === toolCallId)) {
    const input = call.args ?? null;
    emitCall(log, { toolCallId, name, input, groupId, ...present({ native }) }, moment);
  }
  const isError = outcomes.get(textOf(call.status) ?? "");
  if (isError === undefined) return;
  const agent = textOf(call.agentId);
  const more = present({
    status: call.status === "cancelled" ? "cancelled" : null,
    structured: call.resultDisplay,
    childThreadId: agent === null ? null : threadIdOf(agent),
  });
  emitResult(log, { toolCallId, output: outputOf(call.result), isError, ...more }, moment);
  if (agent === null) return;
  log.step.links.push({
    sessionId: agent,
    agentId: null,
    promptDigest: null,
    parentThreadId: log.thread.header.threadId,
    toolCallId: payloadId(toolCallId),
  });
}
