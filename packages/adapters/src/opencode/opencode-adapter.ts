/**
 * OpenCode sessions → frames: what `opencode export` prints, one document `{info, messages}`, and
 * the same as lines, one `{info}` for the session and one `{info, parts}` per message (what a reader
 * of its database or its JSON files makes of them). Called line by line; a document counts as one.
 */

import type { JsonObject } from "@spool/protocol/json";
import { titleCharactersMax } from "@spool/protocol/limits";
import type { AdapterOptions, LinePlace, Step, ThreadHeader } from "../frame.ts";
import { listOf, objectOf, present, textOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { digestOf, threadIdOf } from "../source-ids.ts";
import { shortText, sourceMetadata } from "../source-metadata.ts";
import { recordsOf } from "../source-records.ts";
import { changeHeader, flushThread, keep } from "../thread-log.ts";
import { type Moment, newThread, type ThreadState } from "../thread-state.ts";
import { readOpencodeMessage } from "./opencode-messages.ts";
import type { OpencodeReader, OpencodeState } from "./opencode-state.ts";
import { timeOfCount } from "./opencode-times.ts";

/** The adapter of OpenCode sessions. */
export const opencodeAdapter: SessionAdapter<OpencodeState> = {
  format: "opencode",

  start(options: AdapterOptions = {}): OpencodeState {
    return { format: "opencode", options, thread: null, seenParts: [], compacting: false };
  },

  push(state: OpencodeState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const record of records) {
      const { messages, ...own } = record.value;
      readRecord(state, step, { value: own, moment: { ...record.place, time: null } });
      // A document's messages have no bytes of their own: their order tells them apart.
      for (const [index, message] of listOf(messages).entries()) {
        const byteOffset = record.place.byteOffset + index + 1;
        const moment = { line: record.place.line, byteOffset, time: null };
        readRecord(state, step, { value: objectOf(message) ?? { message }, moment });
      }
    }
    return step;
  },

  end(state: OpencodeState): Step {
    const step = emptyStep();
    if (state.thread === null) return step;
    const { log } = readerOf(state, state.thread, step);
    flushThread(log, { line: 0, byteOffset: -1, time: state.thread.lastTime });
    return step;
  },
};

type Entry = { readonly value: JsonObject; readonly moment: Moment };

function readRecord(state: OpencodeState, step: Step, { value, moment }: Entry): void {
  const info = objectOf(value.info) ?? {};
  state.thread ??= newThread(headerOf(state, info, value));
  const time = timeOfCount(objectOf(info.time)?.created) ?? state.thread.lastTime;
  state.thread.lastTime = time;
  const reader = readerOf(state, state.thread, step);
  const timed = { ...moment, time };
  if (textOf(info.role) !== null) {
    const parts = listOf(value.parts).map((part) => objectOf(part) ?? { part });
    readOpencodeMessage(reader, { info, parts, moment: timed });
    return;
  }
  const title = textOf(info.title)?.trim().slice(0, titleCharactersMax);
  if (title) changeHeader(reader.log, { title });
  const name = objectOf(value.info) === null ? "unknown" : "session";
  keep(reader.log, { name: `opencode.${name}`, data: value }, timed);
}

function readerOf(state: OpencodeState, thread: ThreadState, step: Step): OpencodeReader {
  return { state, log: { thread, step, messagesOnly: state.options.messagesOnly === true } };
}

function headerOf({ options }: OpencodeState, info: JsonObject, value: JsonObject): ThreadHeader {
  const own = textOf(info.role) === null ? textOf(info.id) : textOf(info.sessionID);
  const sessionId = own ?? options.sourceId ?? `opencode-${digestOf(JSON.stringify(value))}`;
  const link = options.links?.findLast((one) => one.sessionId === sessionId);
  const named = textOf(info.parentID);
  const isSession = textOf(info.role) === null;
  const parent = link?.parentThreadId ?? (isSession && named !== null ? threadIdOf(named) : null);
  const source = { formatVersion: info.version, sessionId, cwd: info.directory };
  return {
    threadId: threadIdOf(sessionId),
    agentId: "opencode",
    executionMode: "local",
    ...(parent === null ? {} : { parentThreadId: parent }),
    ...(link?.toolCallId ? { parentToolCallId: link.toolCallId } : {}),
    metadata: {
      ...sourceMetadata({ format: "opencode", ...source }),
      ...present({ projectId: shortText(info.projectID) }),
    },
  };
}
