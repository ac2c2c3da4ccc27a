/**
 * Codex rollout files (`rollout-*.jsonl`) → frames: which record goes to which reader, and when
 * held records are let go. Lossless: what has no frame of its own is kept as a `custom` frame
 * named `codex.<type>`. Called line by line, by whoever reads or follows a file.
 */
import type { AdapterOptions, LinePlace, Step, ThreadHeader } from "../frame.ts";
import { objectOf, textOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { digestOf, threadIdOf } from "../source-ids.ts";
import { sourceMetadata } from "../source-metadata.ts";
import { recordsOf, type SourceRecord } from "../source-records.ts";
import { flushThread } from "../thread-log.ts";
import { type Moment, newThread, type ThreadState } from "../thread-state.ts";
import { callEndOf } from "./call-ends.ts";
import { type CodexRecord, codexRecord } from "./codex-record.ts";
import { type CodexReader, type CodexState, type HeldRecord, startCodex } from "./codex-state.ts";
import { keepRecord } from "./held-records.ts";
import { endInherited, readInherited } from "./inherited-history.ts";
import * as messages from "./messages.ts";
import { joinedText, looksInjected, partsOf } from "./response-items.ts";
import { headerOf } from "./session-meta.ts";
import { withSpawningCall } from "./spawned-agents.ts";
import * as tools from "./tools.ts";
import * as turns from "./turns.ts";
import { saysAsMuch } from "./twin-ledger.ts";

/** The adapter of Codex rollouts. */
export const codexAdapter: SessionAdapter<CodexState> = {
  format: "codex",

  start(options: AdapterOptions = {}): CodexState {
    return startCodex(options);
  },

  push(state: CodexState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const record of records) readRecord(state, record, step);
    return step;
  },

  end(state: CodexState): Step {
    const step = emptyStep();
    if (state.thread === null) return step;
    const reader = readerOf(state, state.thread, step);
    releaseHeld(reader, null);
    if (state.inherited !== null) endInherited(reader, endOf(state.thread));
    const end = endOf(state.thread);
    tools.resultsFromEnds(reader, end);
    flushThread(reader.log, end);
    return step;
  },
};

function endOf({ lastTime }: ThreadState): Moment {
  return { line: 0, byteOffset: -1, time: lastTime };
}

type Read = (reader: CodexReader, record: CodexRecord) => void;

/** By record type and kind; `item_completed` also by the item's type. */
const readers = new Map<string, Read>([
  ["session_meta", turns.readSessionMeta],
  ["turn_context", turns.readTurnContext],
  ["response_item/message", messages.readMessageItem],
  ["response_item/reasoning", messages.readThoughtItem],
  ["response_item/web_search_call", tools.readSearchItem],
  ["response_item/image_generation_call", tools.readImageItem],
  ["event_msg/task_started", turns.readTurnStarted],
  ["event_msg/turn_started", turns.readTurnStarted],
  ["event_msg/task_complete", turns.readTurnComplete],
  ["event_msg/turn_complete", turns.readTurnComplete],
  ["event_msg/turn_aborted", turns.readTurnAborted],
  ["event_msg/token_count", turns.readTokenCount],
  ["event_msg/thread_name_updated", turns.readThreadName],
  ["event_msg/user_message", messages.readPromptEvent],
  ["event_msg/agent_message", messages.readAnswerEvent],
  ["event_msg/agent_reasoning", messages.readThoughtEvent],
  ["event_msg/agent_reasoning_raw_content", messages.readThoughtEvent],
  ["event_msg/web_search_end", tools.readSearchEnd],
  ["event_msg/image_generation_end", tools.readImageEnd],
  ["event_msg/dynamic_tool_call_request", tools.readCallRequest],
  ["item_completed/UserMessage", messages.readPromptEvent],
  ["item_completed/AgentMessage", messages.readAnswerEvent],
  ["item_completed/Reasoning", messages.readThoughtItem],
  ["item_completed/Extension", tools.readSearchEnd],
  ["item_completed/WebSearch", tools.readSearchEnd],
]);

function readRecord(state: CodexState, { value, place }: SourceRecord, step: Step): void {
  const previousTime = state.thread?.lastTime ?? null;
  const record = codexRecord(value, place, previousTime);
  state.thread ??= newThread(firstHeader(state, record));
  state.thread.lastTime = record.moment.time;
  const reader = readerOf(state, state.thread, step);
  if (readInherited(reader, record)) return;
  releaseHeld(reader, record);
  if (record.type === "compacted") turns.readCompacted(reader, record, previousTime);
  else readFor(record)(reader, record);
}

function readFor(record: CodexRecord): Read {
  const known = readers.get(keyOf(record));
  if (known !== undefined) return known;
  if (record.type === "response_item") {
    if (record.kind.endsWith("_call")) return tools.readCallItem;
    if (record.kind.endsWith("_output")) return tools.readOutputItem;
  }
  return callEndOf(record) === null ? keepRecord : tools.readCallEnd;
}

function keyOf({ type, kind, payload }: CodexRecord): string {
  if (kind === "item_completed") return `${kind}/${textOf(objectOf(payload.item)?.type) ?? ""}`;
  return type === "response_item" || type === "event_msg" ? `${type}/${kind}` : type;
}

function firstHeader(state: CodexState, record: CodexRecord): ThreadHeader {
  const header = headerOf(record) ?? headerWithoutMeta(state, record);
  return withSpawningCall(header, state.options.links);
}

/** A file without a `session_meta` at its head is named by the caller, or by its first record. */
function headerWithoutMeta(state: CodexState, record: CodexRecord) {
  const sourceId = state.options.sourceId ?? `codex-${digestOf(JSON.stringify(record.raw))}`;
  return {
    threadId: threadIdOf(sourceId),
    agentId: "codex",
    executionMode: "local",
    metadata: sourceMetadata({ format: "codex", sessionId: sourceId }),
  } as const;
}

function readerOf(state: CodexState, thread: ThreadState, step: Step): CodexReader {
  const messagesOnly = state.options.messagesOnly === true;
  return { state, log: { thread, step, messagesOnly, runFields: { model: state.model } } };
}

/**
 * Lets go of the held records that `next` is not the twin of; of all of them when `next` is null,
 * at the end of a file that will not grow.
 */
function releaseHeld(reader: CodexReader, next: CodexRecord | null): void {
  const { state } = reader;
  const released = state.held.filter((held) => next === null || !awaits(held, next));
  if (released.length === 0) return;
  state.held = state.held.filter((held) => !released.includes(held));
  for (const held of released) release(reader, held, next === null);
}

/** Whether the record behind a held one may be its twin, or belongs to the same group. */
function awaits(held: HeldRecord, next: CodexRecord): boolean {
  const key = keyOf(next);
  switch (held.role) {
    case "prompt":
      return isPromptEvent(key) && saysAsMuch(held.text, textOfNext(next));
    case "answer": {
      const isAnswer =
        key === "item_completed/AgentMessage" ||
        key === "event_msg/agent_message" ||
        (key === "response_item/message" && next.payload.role === "assistant");
      return isAnswer && saysAsMuch(textOfNext(next), held.text);
    }
    case "thought":
      return /\/(?:reasoning|Reasoning|agent_reasoning|agent_reasoning_raw_content)$/.test(key);
    case "search":
      return /\/(?:web_search_call|web_search_end|Extension|WebSearch)$/.test(key);
    case "image":
      return /\/image_generation_(?:call|end)$/.test(key);
  }
}

function isPromptEvent(key: string): boolean {
  return key === "event_msg/user_message" || key === "item_completed/UserMessage";
}

function textOfNext({ payload }: CodexRecord): string {
  const message = textOf(payload.message);
  if (message !== null) return message;
  const content = objectOf(payload.item)?.content ?? payload.content;
  return joinedText(partsOf(content));
}

function release(reader: CodexReader, held: HeldRecord, isLast: boolean): void {
  const record = codexRecord(held.raw, held.moment, held.moment.time);
  switch (held.role) {
    case "prompt":
      if (isLast && !looksInjected(held.text)) messages.emitPromptItem(reader, record);
      else keepRecord(reader, record);
      return;
    case "answer":
      messages.releaseAnswer(reader, record);
      return;
    case "thought":
      messages.releaseThought(reader, record);
      return;
    case "search":
      tools.releaseSearch(reader, record);
      return;
    case "image":
      tools.releaseImage(reader, record);
      return;
  }
}
