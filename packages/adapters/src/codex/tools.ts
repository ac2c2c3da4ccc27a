/**
 * Calls and results of a Codex rollout. An event about a call's end enriches the call's result
 * when it comes before the output, is kept as it is when it comes later, and stands as a call of
 * its own (nested in the open one) when no item tells of that call. Searches and images are a call
 * and its result at once.
 */
import type { JsonObject } from "@spool/protocol/json";
import { imagePart } from "../content-parts.ts";
import { objectOf, present, remember, textOf } from "../json-values.ts";
import { digestOf } from "../source-ids.ts";
import { emitCall, emitResult, type ThreadLog } from "../thread-log.ts";
import { type Moment, rememberedMax } from "../thread-state.ts";
import { type CallEnd, callEndOf, outcomeOfOutput } from "./call-ends.ts";
import { type CodexRecord, codexRecord } from "./codex-record.ts";
import type { BufferedEnd, CodexReader } from "./codex-state.ts";
import { hold, keepRecord, takeHeld } from "./held-records.ts";
import { callOf, outputOf } from "./response-items.ts";
import { agentInOutput, linkSpawned } from "./spawned-agents.ts";
import { isTwin } from "./twin-ledger.ts";

/** A call item other than a search or an image. */
export function readCallItem(reader: CodexReader, record: CodexRecord): void {
  const call = callOf(record.payload);
  if (call === null) {
    keepRecord(reader, record);
    return;
  }
  const toolCallId = call.id ?? madeId(reader, record.moment);
  const { name, input, native } = call;
  emitCall(reader.log, { toolCallId, name, input, ...present({ native }) }, record.moment);
}

/** A call's output item, with what events told about it before. */
export function readOutputItem(reader: CodexReader, record: CodexRecord): void {
  const toolCallId = textOf(record.payload.call_id);
  if (toolCallId === null) {
    keepRecord(reader, record);
    return;
  }
  const ends = takeEnds(reader, toolCallId);
  const said = outcomeOfOutput(record.payload);
  const outcome = ends.find((end) => end.isError !== null) ?? said;
  const more = enrichment(ends, { exitCode: said.exitCode, ...outcome });
  const output = outputOf(record.payload);
  const status = textOf(record.payload.status) ?? undefined;
  const fields = present({ status, ...more });
  const isError = outcome.isError;
  linkSpawned(reader, toolCallId, agentInOutput(output));
  emitResult(reader.log, { toolCallId, output, isError, ...fields }, record.moment);
}

function enrichment(ends: readonly CallEnd[], outcome: { exitCode?: number | undefined }) {
  const structured = ends.map((end) => end.structured);
  return {
    exitCode: outcome.exitCode,
    durationMs: ends.find((end) => end.durationMs !== undefined)?.durationMs,
    structured: structured.length > 1 ? structured : structured[0],
  };
}

function takeEnds({ state }: CodexReader, callId: string): CallEnd[] {
  const taken = state.ends.filter((end) => end.callId === callId);
  if (taken.length > 0) state.ends = state.ends.filter((end) => end.callId !== callId);
  return taken.map(endAgain).filter((end) => end !== null);
}

function endAgain({ raw, moment }: BufferedEnd): CallEnd | null {
  return callEndOf(codexRecord(raw, moment, moment.time));
}

/** An event about a call's end. */
export function readCallEnd(reader: CodexReader, record: CodexRecord): void {
  const end = callEndOf(record);
  const { state, log } = reader;
  if (end !== null) linkSpawned(reader, end.id ?? "", textOf(end.structured.new_thread_id));
  if (end === null || end.id === null || log.thread.answeredCalls.includes(end.id)) {
    keepRecord(reader, record);
  } else if (state.eventCalls.includes(end.id)) {
    emitEnd(reader, end, record.moment);
  } else if (log.thread.openCalls.some((call) => call.id === end.id)) {
    const { raw, moment } = record;
    remember(state.ends, { callId: end.id, raw, moment }, rememberedMax);
  } else {
    emitNestedCall(reader, end, record.moment);
    emitEnd(reader, end, record.moment);
  }
}

/** The request of a client's own tool, known from events alone where no item tells of it. */
export function readCallRequest(reader: CodexReader, record: CodexRecord): void {
  const { payload, moment } = record;
  const id = textOf(payload.call_id) ?? textOf(payload.callId);
  const known = reader.log.thread.openCalls.some((call) => call.id === id);
  if (id === null || known || reader.log.thread.answeredCalls.includes(id)) {
    keepRecord(reader, record);
    return;
  }
  remember(reader.state.eventCalls, id, rememberedMax);
  const name = textOf(payload.tool) ?? "dynamic";
  emitNestedCall(reader, { id, name, input: payload.arguments ?? null }, moment);
}

function emitNestedCall(
  { log }: CodexReader,
  { id, name, input }: Pick<CallEnd, "id" | "name" | "input">,
  moment: Moment,
): void {
  emitCall(log, { toolCallId: id ?? "", name, input, ...nestedIn(log) }, moment);
}

/** A call that no item tells of was made inside the open one. */
function nestedIn({ thread }: ThreadLog): JsonObject {
  const enclosing = thread.openCalls.findLast((call) => call.runId === thread.run?.runId);
  return present({ parentToolCallId: enclosing?.id, synthetic: true });
}

function emitEnd({ log }: CodexReader, end: CallEnd, moment: Moment): void {
  const { id, output, isError, exitCode, durationMs, structured } = end;
  const fields = present({ exitCode, durationMs, structured, synthetic: true });
  emitResult(log, { toolCallId: id ?? "", output, isError, ...fields }, moment);
}

/** At a turn's end: a call whose output never came has its result from the event about its end. */
export function resultsFromEnds(reader: CodexReader, moment: Moment): void {
  for (const buffered of reader.state.ends.splice(0)) {
    const end = endAgain(buffered);
    if (end !== null) emitEnd(reader, end, { ...buffered.moment, time: moment.time });
  }
}

/** A finished search as an event (with results) or a completed item tells it: its item follows. */
export function readSearchEnd(reader: CodexReader, record: CodexRecord): void {
  const body = objectOf(record.payload.item) ?? record.payload;
  const isSearch = body.action !== undefined || body.query !== undefined;
  const text = searchText(body);
  if (!isSearch || isTwin(reader.state.twins, { role: "search", text, way: "event" }))
    keepRecord(reader, record);
  else hold(reader, { role: "search", text }, record);
}

/** A search item, which has no call id of its own; the event held before it has. */
export function readSearchItem(reader: CodexReader, record: CodexRecord): void {
  const text = searchText(record.payload);
  const twin = isTwin(reader.state.twins, { role: "search", text, way: "item" });
  const held = takeHeld(reader, "search", (other) => other === text) ?? takeHeld(reader, "search");
  if (twin && held === undefined) {
    keepRecord(reader, record);
    return;
  }
  emitSearch(reader, { item: record.payload, end: held?.raw, moment: record.moment });
}

/** A search whose item never came. */
export function releaseSearch(reader: CodexReader, record: CodexRecord): void {
  emitSearch(reader, { item: null, end: record.raw, moment: record.moment });
}

function emitSearch(
  reader: CodexReader,
  { item, end, moment }: { item: JsonObject | null; end: JsonObject | undefined; moment: Moment },
): void {
  const body = item ?? {};
  const nested: JsonObject = item === null ? nestedIn(reader.log) : {};
  const payload = objectOf(end?.payload) ?? {};
  const event = objectOf(payload.item) ?? payload;
  const id = textOf(event.call_id) ?? textOf(event.id) ?? textOf(body.id);
  const toolCallId = id ?? madeId(reader, moment);
  const input = body.action ?? event.action ?? present({ query: event.query });
  emitCall(reader.log, { toolCallId, name: "web_search", input, ...nested }, moment);
  const status = textOf(body.status) ?? "completed";
  const result = { output: event.results ?? null, isError: status === "failed", status };
  const { synthetic } = nested;
  emitResult(reader.log, { toolCallId, ...result, ...present({ synthetic }) }, moment);
}

function searchText(body: JsonObject): string {
  const action = objectOf(body.action) ?? {};
  return textOf(action.query) ?? textOf(action.url) ?? textOf(body.query) ?? "";
}

/** An image as an event tells it (with the file it was saved to): its item follows. */
export function readImageEnd(reader: CodexReader, record: CodexRecord): void {
  const text = textOf(record.payload.call_id) ?? "";
  if (isTwin(reader.state.twins, { role: "image", text, way: "event" })) keepRecord(reader, record);
  else hold(reader, { role: "image", text }, record);
}

/** An image item. */
export function readImageItem(reader: CodexReader, record: CodexRecord): void {
  const text = textOf(record.payload.id) ?? "";
  const twin = isTwin(reader.state.twins, { role: "image", text, way: "item" });
  const held = takeHeld(reader, "image", (other) => other === text) ?? takeHeld(reader, "image");
  if (twin && held === undefined) {
    keepRecord(reader, record);
    return;
  }
  const event = objectOf(held?.raw.payload) ?? {};
  const body = { ...event, ...record.payload };
  emitImage(reader, { body, nested: {} }, record.moment);
}

/** An image whose item never came. */
export function releaseImage(reader: CodexReader, record: CodexRecord): void {
  const nested = nestedIn(reader.log);
  emitImage(reader, { body: record.payload, nested }, record.moment);
}

function emitImage(
  reader: CodexReader,
  { body, nested }: { body: JsonObject; nested: JsonObject },
  moment: Moment,
): void {
  const toolCallId = textOf(body.call_id) ?? textOf(body.id) ?? madeId(reader, moment);
  const input = present({ prompt: body.revised_prompt });
  emitCall(reader.log, { toolCallId, name: "image_generation", input, ...nested }, moment);
  const data = textOf(body.result);
  const output = data === null ? null : [imagePart(`data:image/png;base64,${data}`)];
  const { synthetic } = nested;
  const fields = present({ status: body.status, savedPath: body.saved_path, synthetic });
  const isError = body.status === "failed";
  emitResult(reader.log, { toolCallId, output, isError, ...fields }, moment);
}

function madeId({ log }: CodexReader, moment: Moment): string {
  return `call_${digestOf(`${log.thread.header.threadId}:${moment.byteOffset}`)}`;
}
