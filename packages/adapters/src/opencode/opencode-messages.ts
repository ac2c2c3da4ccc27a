/**
 * Messages of OpenCode with their parts → frames. Texts and thoughts are messages of their own in
 * their message's group (PUB21), a tool part is a call and, once it has ended, its result; parts that
 * are neither are kept. A message read again gives only the parts that are new.
 */
import type { JsonObject } from "@spool/protocol/json";
import { contentOf, foreignPart, imagePart, type Part, textPart } from "../content-parts.ts";
import { numberOf, objectOf, present, remember, restOf, textOf } from "../json-values.ts";
import { payloadId, threadIdOf } from "../source-ids.ts";
import {
  awaitTurn,
  completeCompaction,
  completeRun,
  concludedEnding,
  emit,
  emitCall,
  emitResult,
  freeMessageId,
  keep,
  startCompaction,
} from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import type { OpencodeReader } from "./opencode-state.ts";
import { timeOfCount } from "./opencode-times.ts";

/** A message with its parts, and where it stands. */
export type OpencodeMessage = {
  readonly info: JsonObject;
  readonly parts: readonly JsonObject[];
  readonly moment: Moment;
};

const partBase = ["id", "sessionID", "messageID", "type"];
const seenPartsMax = 5_000;

/** Reads one message of either role. */
export function readOpencodeMessage(reader: OpencodeReader, message: OpencodeMessage): void {
  const { role } = message.info;
  if (role === "user") readPrompt(reader, message);
  else if (role === "assistant") readAnswer(reader, message);
  else for (const part of message.parts) keepPart(reader, part, message.moment);
}

function readPrompt(reader: OpencodeReader, { info, parts, moment }: OpencodeMessage): void {
  const { log } = reader;
  const id = textOf(info.id) ?? `${moment.byteOffset}`;
  const fresh = parts.filter((part) => isNew(reader, part));
  if (fresh.length === 0) return;
  const said = fresh.filter((part) => part.synthetic !== true && isSaid(part));
  const compaction = fresh.find(({ type }) => type === "compaction");
  if (said.length > 0) {
    completeRun(log, concludedEnding(log, "next_prompt"), moment);
    const model = textOf(objectOf(info.model)?.modelID);
    const fields = {
      ...(model === null ? {} : { model: payloadId(model) }),
      metadata: present({ agent: info.agent, provider: objectOf(info.model)?.providerID }),
    };
    awaitTurn(log, { turnId: id, fields, moment });
    const messageId = freeMessageId(log.thread, id, moment);
    const rest = restOf(info, ["id", "sessionID", "role", "time", "agent", "model"]);
    const native = { partIds: said.map((part) => part.id ?? null), ...rest };
    emit(
      log,
      "user_message",
      { content: contentOf(said.map(saidPart)), messageId, native },
      moment,
    );
  }
  for (const part of fresh) {
    if (part !== compaction && !said.includes(part)) keepPart(reader, part, moment);
    noteSeen(reader, part);
  }
  if (compaction === undefined) return;
  const reason = compaction.auto === true ? "auto" : "manual";
  const rest = restOf(compaction, [...partBase, "auto"]);
  const native = present({ messageId: info.id, partId: compaction.id, ...rest });
  startCompaction(log, { reason, native }, moment);
  reader.state.compacting = true;
}

function isSaid({ type, text }: JsonObject): boolean {
  return type === "file" || (type === "text" && textOf(text) !== null);
}

function saidPart(part: JsonObject): Part {
  if (part.type === "text") return textPart(String(part.text), restOf(part, [...partBase, "text"]));
  const url = textOf(part.url);
  const isImage = textOf(part.mime)?.startsWith("image/") === true;
  if (!isImage || url === null) return foreignPart(restOf(part, partBase.slice(0, 3)) ?? part);
  return imagePart(url, present({ filename: part.filename }));
}

function readAnswer(reader: OpencodeReader, message: OpencodeMessage): void {
  const { info, parts, moment } = message;
  const isSummary = info.summary === true && reader.state.compacting;
  let reason: string | null = textOf(info.finish);
  for (const part of parts) {
    if (part.type === "step-finish") reason = textOf(part.reason) ?? reason;
    if (part.type === "tool") readTool(reader, part, message);
    else if (isNew(reader, part)) {
      const said = part.type === "text" || part.type === "reasoning";
      if (said && !isSummary && textOf(part.text) !== null) emitSaid(reader, part, message);
      else if (!(said && isSummary)) keepPart(reader, part, moment);
      noteSeen(reader, part);
    }
  }
  const isDone = numberOf(objectOf(info.time)?.completed) !== undefined;
  const isOver = isDone || objectOf(info.error) !== null;
  const over = { id: `over:${textOf(info.id) ?? moment.byteOffset}` };
  if (!isOver || !isNew(reader, over)) return;
  noteSeen(reader, over);
  if (isSummary) endCompaction(reader, message);
  endTurn(reader, message, reason);
}

function emitSaid({ log }: OpencodeReader, part: JsonObject, message: OpencodeMessage): void {
  const { info, moment } = message;
  const own = textOf(part.id);
  const messageId = freeMessageId(log.thread, own, moment);
  const type = part.type === "text" ? "text" : "thinking";
  const model = textOf(info.modelID);
  const fields = present({
    groupId: textOf(info.id) === null ? null : payloadId(String(info.id)),
    model: model === null ? null : payloadId(model),
    native: restOf(part, [...partBase, "text", "time"]),
  });
  const at = { ...moment, time: timeOfCount(objectOf(part.time)?.start) ?? moment.time };
  emit(
    log,
    "assistant_message",
    { content: [{ type, text: part.text }], messageId, ...fields },
    at,
  );
}

function readTool(
  { state, log }: OpencodeReader,
  part: JsonObject,
  message: OpencodeMessage,
): void {
  const tool = objectOf(part.state) ?? {};
  const toolCallId = textOf(part.callID) ?? textOf(part.id) ?? `${message.moment.byteOffset}`;
  const { openCalls, answeredCalls } = log.thread;
  if (answeredCalls.includes(toolCallId)) return;
  const time = objectOf(tool.time);
  const begun = { ...message.moment, time: timeOfCount(time?.start) ?? message.moment.time };
  if (!openCalls.some(({ id }) => id === toolCallId)) {
    const groupId = textOf(message.info.id);
    const more = present({
      groupId: groupId === null ? null : payloadId(groupId),
      native: present({ partId: part.id }),
    });
    const name = textOf(part.tool) ?? "tool";
    emitCall(log, { toolCallId, name, input: tool.input ?? null, ...more }, begun);
  }
  const isError = tool.status === "error";
  if (!isError && tool.status !== "completed") return;
  const metadata = objectOf(tool.metadata);
  const child = part.tool === "task" ? textOf(metadata?.sessionId) : null;
  const known = ["status", "input", "output", "error", "time", "raw"];
  const childThreadId = child === null ? null : threadIdOf(child);
  const more = present({ structured: restOf(tool, known), childThreadId });
  const done = { ...begun, time: timeOfCount(time?.end) ?? begun.time };
  const output = (isError ? tool.error : tool.output) ?? "";
  emitResult(log, { toolCallId, output, isError, ...more }, done);
  remember(state.seenParts, textOf(part.id) ?? toolCallId, seenPartsMax);
  if (child === null) return;
  log.step.links.push({
    sessionId: child,
    agentId: null,
    promptDigest: null,
    parentThreadId: log.thread.header.threadId,
    toolCallId: payloadId(toolCallId),
  });
}

function endCompaction({ state, log }: OpencodeReader, { info, parts, moment }: OpencodeMessage) {
  const texts = parts.filter(({ type }) => type === "text").map(({ text }) => textOf(text) ?? "");
  state.compacting = false;
  const native = { messageId: info.id, partIds: parts.map(({ id }) => id ?? null) };
  completeCompaction(log, { summary: texts.join("\n"), native }, moment);
}

/** A message that is done and did not stop for its tools ends the turn. */
function endTurn(
  { log }: OpencodeReader,
  { info, moment }: OpencodeMessage,
  reason: string | null,
) {
  const error = objectOf(info.error);
  const at = { ...moment, time: timeOfCount(objectOf(info.time)?.completed) ?? moment.time };
  const usage = objectOf(info.tokens);
  const costUsd = numberOf(info.cost);
  if (error !== null) {
    const isAbort = error.name === "MessageAbortedError";
    const status = isAbort ? "cancelled" : "failed";
    completeRun(log, { status, reason: textOf(error.name) ?? "error", error, usage, costUsd }, at);
  } else if (reason !== null && reason !== "tool-calls" && info.summary !== true) {
    completeRun(log, { status: "completed", reason, usage, costUsd }, at);
  }
}

function isNew({ state }: OpencodeReader, part: JsonObject): boolean {
  const id = textOf(part.id);
  return id === null || !state.seenParts.includes(id);
}

function noteSeen({ state }: OpencodeReader, part: JsonObject): void {
  const id = textOf(part.id);
  if (id !== null) remember(state.seenParts, id, seenPartsMax);
}

function keepPart({ log }: OpencodeReader, part: JsonObject, moment: Moment): void {
  keep(log, { name: `opencode.${textOf(part.type) ?? "unknown"}`, data: part }, moment);
}
