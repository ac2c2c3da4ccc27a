/**
 * Pi sessions → frames: its session files (`<timestamp>_<uuid>.jsonl`, a tree of entries) and what
 * `pi --mode json` prints, which begins with the same header. A running agent's thread is another
 * than that of its file, so that both may be published. Called line by line.
 */

import type { JsonObject } from "@spool/protocol/json";
import { titleCharactersMax } from "@spool/protocol/limits";
import type { AdapterOptions, LinePlace, Step, ThreadHeader } from "../frame.ts";
import { numberOf, objectOf, present, restOf, textOf, timeOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { digestOf, threadIdOf } from "../source-ids.ts";
import { shortText, sourceMetadata } from "../source-metadata.ts";
import { recordsOf } from "../source-records.ts";
import {
  changeHeader,
  completeCompaction,
  completeRun,
  flushThread,
  keep,
  startCompaction,
} from "../thread-log.ts";
import { type Moment, newThread, type ThreadState } from "../thread-state.ts";
import { isPiEvent, readPiEvent } from "./pi-events.ts";
import { readPiMessage } from "./pi-messages.ts";
import { type PiReader, type PiState, startPi } from "./pi-state.ts";

/** The adapter of Pi sessions. */
export const piAdapter: SessionAdapter<PiState> = {
  format: "pi",

  start(options: AdapterOptions = {}): PiState {
    return startPi(options);
  },

  push(state: PiState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const record of records) {
      state.thread ??= newThread(headerOf(state, record.value));
      const time = timeOfRecord(record.value) ?? state.thread.lastTime;
      state.thread.lastTime = time;
      readEntry(readerOf(state, state.thread, step), record.value, { ...record.place, time });
    }
    return step;
  },

  /** A running agent that is gone has left its turn; a file's open turn stays open. */
  end(state: PiState): Step {
    const step = emptyStep();
    if (state.thread === null) return step;
    const { log } = readerOf(state, state.thread, step);
    const end = { line: 0, byteOffset: -1, time: state.thread.lastTime };
    flushThread(log, end);
    const ending = { status: "interrupted", reason: "process_ended", synthetic: true } as const;
    if (state.live) completeRun(log, ending, end);
    return step;
  },
};

function readerOf(state: PiState, thread: ThreadState, step: Step): PiReader {
  return { state, log: { thread, step, messagesOnly: state.options.messagesOnly === true } };
}

/** An entry's own time, else that of its message, which counts milliseconds. */
function timeOfRecord(value: JsonObject): string | null {
  const counted = numberOf(objectOf(value.message)?.timestamp);
  const made = counted === undefined ? Number.NaN : new Date(counted).getTime();
  return timeOf(value.timestamp) ?? (made > 0 ? timeOf(new Date(made).toISOString()) : null);
}

function headerOf({ options }: PiState, value: JsonObject): ThreadHeader {
  const own = value.type === "session" ? textOf(value.id) : null;
  const sessionId = own ?? options.sourceId ?? `pi-${digestOf(JSON.stringify(value))}`;
  const source = { formatVersion: value.version, sessionId, cwd: value.cwd };
  return {
    threadId: threadIdOf(sessionId),
    agentId: "pi",
    executionMode: "local",
    metadata: {
      ...sourceMetadata({ format: "pi", ...source }),
      ...present({ forkedFrom: shortText(value.parentSession ?? value.branchedFrom) }),
    },
  };
}

function readEntry(reader: PiReader, value: JsonObject, moment: Moment): void {
  const { state, log } = reader;
  const type = textOf(value.type) ?? "";
  if (isPiEvent(type) && !state.live && !log.thread.announced) {
    state.live = true;
    const { threadId } = log.thread.header;
    changeHeader(log, { threadId: threadIdOf(`${threadId.slice("thr_".length)}-live`) });
  }
  if (state.live && isPiEvent(type)) {
    readPiEvent(reader, { value, moment });
    return;
  }
  const message = type === "message" ? objectOf(value.message) : null;
  if (message !== null) {
    readPiMessage(reader, { message, id: textOf(value.id), entry: value, moment });
  } else if (type === "compaction" && textOf(value.summary) !== null) {
    readCompaction(reader, value, moment);
  } else {
    const title = type === "session_info" ? textOf(value.name)?.trim() : undefined;
    if (title) changeHeader(log, { title: title.slice(0, titleCharactersMax) });
    keep(log, { name: `pi.${type || "unknown"}`, data: value }, moment);
  }
}

/** A compaction, of which the file has the end only: both frames are made from it. */
function readCompaction({ log }: PiReader, value: JsonObject, moment: Moment): void {
  const tokensBefore = numberOf(value.tokensBefore);
  startCompaction(log, { tokensBefore, synthetic: true }, moment);
  const native = restOf(value, ["type", "timestamp", "summary", "tokensBefore"]);
  completeCompaction(log, { summary: value.summary, tokensBefore, native }, moment);
}
