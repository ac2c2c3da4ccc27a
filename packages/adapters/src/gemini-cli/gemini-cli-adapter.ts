/**
 * Gemini CLI sessions → frames: `session-*.jsonl`, a log of records that replace each other, and the
 * older `session-*.json`, one document that the agent writes anew. Called line by line; a document
 * counts as one line.
 */

import type { JsonObject } from "@spool/protocol/json";
import { titleCharactersMax } from "@spool/protocol/limits";
import type { AdapterOptions, LinePlace, Step, ThreadHeader } from "../frame.ts";
import { listOf, objectOf, present, textOf, timeOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { digestOf, threadIdOf } from "../source-ids.ts";
import { sourceMetadata } from "../source-metadata.ts";
import { recordsOf } from "../source-records.ts";
import { changeHeader, flushThread, keep } from "../thread-log.ts";
import { type Moment, newThread, type ThreadState } from "../thread-state.ts";
import { closeTurn, readGeminiMessage } from "./gemini-messages.ts";
import type { GeminiReader, GeminiState } from "./gemini-state.ts";

/** The adapter of Gemini CLI sessions. */
export const geminiCliAdapter: SessionAdapter<GeminiState> = {
  format: "gemini-cli",

  start(options: AdapterOptions = {}): GeminiState {
    const empty = { thread: null, seen: [], answered: false, tokens: {} };
    return { format: "gemini-cli", options, ...empty };
  },

  push(state: GeminiState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const record of records) {
      const { messages, ...metadata } = record.value;
      readRecord(state, step, { value: metadata, moment: { ...record.place, time: null } });
      // A document's messages have no bytes of their own: their order tells them apart.
      for (const [index, message] of listOf(messages).entries()) {
        const byteOffset = record.place.byteOffset + index + 1;
        const moment = { line: record.place.line, byteOffset, time: null };
        readRecord(state, step, { value: objectOf(message) ?? { message }, moment });
      }
    }
    return step;
  },

  end(state: GeminiState): Step {
    const step = emptyStep();
    if (state.thread === null) return step;
    const reader = readerOf(state, state.thread, step);
    const end = { line: 0, byteOffset: -1, time: state.thread.lastTime };
    flushThread(reader.log, end);
    if (state.answered) closeTurn(reader, "end_turn", end);
    return step;
  },
};

type Entry = { readonly value: JsonObject; readonly moment: Moment };

function readRecord(state: GeminiState, step: Step, { value, moment }: Entry): void {
  state.thread ??= newThread(headerOf(state, value));
  const time = timeOf(value.timestamp) ?? timeOf(value.lastUpdated) ?? state.thread.lastTime;
  state.thread.lastTime = time;
  const reader = readerOf(state, state.thread, step);
  const timed = { ...moment, time };
  const patch = objectOf(value.$set);
  const summary = textOf((patch ?? value).summary)
    ?.trim()
    .slice(0, titleCharactersMax);
  if (summary && textOf(value.type) === null) changeHeader(reader.log, { title: summary });
  if (textOf(value.type) !== null) {
    readGeminiMessage(reader, value, timed);
    return;
  }
  const name = patch !== null ? "$set" : "$rewindTo" in value ? "$rewindTo" : "metadata";
  keep(reader.log, { name: `gemini-cli.${name}`, data: value }, timed);
}

function readerOf(state: GeminiState, thread: ThreadState, step: Step): GeminiReader {
  return { state, log: { thread, step, messagesOnly: state.options.messagesOnly === true } };
}

function headerOf({ options }: GeminiState, value: JsonObject): ThreadHeader {
  const made = `gemini-cli-${digestOf(JSON.stringify(value))}`;
  const sessionId = textOf(value.sessionId) ?? options.sourceId ?? made;
  const link = options.links?.findLast((one) => one.sessionId === sessionId);
  const folder = options.parentSessionId;
  const parent = link?.parentThreadId ?? (folder === undefined ? null : threadIdOf(folder));
  const [cwd] = listOf(value.directories);
  return {
    threadId: threadIdOf(sessionId),
    agentId: "gemini-cli",
    executionMode: "local",
    ...(parent === null ? {} : { parentThreadId: parent }),
    ...(link?.toolCallId ? { parentToolCallId: link.toolCallId } : {}),
    metadata: {
      ...sourceMetadata({ format: "gemini-cli", sessionId, cwd }),
      ...present({ kind: textOf(value.kind), projectHash: textOf(value.projectHash) }),
    },
  };
}
