/**
 * Claude Code session files (`<session>.jsonl`, `agent-<id>.jsonl`) → frames: which row goes to
 * which thread and reader. Order is the file's, not the times', which may go back. Lossless: what
 * has no frame of its own is kept as a `custom` frame named `claude-code.<type>`. Called line by
 * line, by whoever reads or follows a file.
 */
import { titleCharactersMax } from "@spool/protocol/limits";
import type { AdapterOptions, LinePlace, Place, Step, SubAgentLink } from "../frame.ts";
import { remember, textOf } from "../json-values.ts";
import { emptyStep, type SessionAdapter } from "../session-adapter.ts";
import { recordsOf } from "../source-records.ts";
import { changeHeader, flushThread } from "../thread-log.ts";
import { finishLinkedSubAgents } from "./agent-calls.ts";
import { readAssistantRow } from "./assistant-rows.ts";
import { type ClaudeRow, claudeRow, keepRow } from "./claude-row.ts";
import { type ClaudeReader, type ClaudeState, readerOf, startClaude } from "./claude-state.ts";
import { readCompactBoundary } from "./compactions.ts";
import { readProgress } from "./progress-rows.ts";
import { threadOf } from "./sidechains.ts";
import { answeredEnding, closeRun, readTurnEnd } from "./turns.ts";
import { readUserRow } from "./user-rows.ts";

/** Rows that may come before the first one that names the session. */
const earlyRowsMax = 1_000;

/** The adapter of Claude Code sessions. */
export const claudeCodeAdapter: SessionAdapter<ClaudeState> = {
  format: "claude-code",

  start(options: AdapterOptions = {}): ClaudeState {
    return startClaude(options);
  },

  push(state: ClaudeState, line: string, place: LinePlace): Step {
    const step = emptyStep();
    const { records, problems } = recordsOf(line, place);
    step.problems.push(...problems);
    for (const { value, place: at } of records) readRow(state, claudeRow(value, at, null), step);
    return step;
  },

  end(state: ClaudeState, links: readonly SubAgentLink[] = []): Step {
    const step = emptyStep();
    for (const thread of Object.values(state.threads)) {
      const reader = readerOf(state, thread, step);
      const end = { line: 0, byteOffset: -1, time: thread.state.lastTime };
      flushThread(reader.log, end);
      if (thread.answered) closeRun(reader, answeredEnding, end);
    }
    finishLinkedSubAgents(state, [...(state.options.links ?? []), ...links], step);
    return step;
  },
};

type Read = (reader: ClaudeReader, row: ClaudeRow) => void;

/** By row type; `system` by its subtype. */
const readers = new Map<string, Read>([
  ["user", readUserRow],
  ["assistant", readAssistantRow],
  ["system/compact_boundary", readCompactBoundary],
  ["system/turn_duration", readTurnEnd],
  ["system/stop_hook_summary", readTurnEnd],
  ["progress", readProgress],
  ["summary", readTitle],
  ["ai-title", readTitle],
  ["custom-title", readTitle],
]);

function readRow(state: ClaudeState, row: ClaudeRow, step: Step): void {
  const isFirst = state.currentKey === null;
  const thread = threadOf(state, row);
  if (thread === null) {
    const { line, byteOffset } = row.moment;
    remember(state.early, { line, byteOffset, raw: row.raw }, earlyRowsMax);
    return;
  }
  if (isFirst) readEarlyRows(state, step);
  const time = row.moment.time ?? thread.state.lastTime;
  thread.state.lastTime = time;
  const timed = { ...row, moment: { ...row.moment, time } };
  const key = row.type === "system" ? `system/${textOf(row.raw.subtype) ?? ""}` : row.type;
  (readers.get(key) ?? keepRow)(readerOf(state, thread, step), timed);
}

function readEarlyRows(state: ClaudeState, step: Step): void {
  for (const { raw, ...place } of state.early.splice(0)) {
    readRow(state, claudeRow(raw, place satisfies Place, null), step);
  }
}

/** A title: one a person gave goes over one the agent made, that over an old summary. */
function readTitle(reader: ClaudeReader, row: ClaudeRow): void {
  const { customTitle, aiTitle, summary } = row.raw;
  const ranked = { "custom-title": customTitle, "ai-title": aiTitle, summary };
  const rank = ["summary", "ai-title", "custom-title"].indexOf(row.type) + 1;
  const text = textOf(ranked[row.type as keyof typeof ranked]);
  const title = text?.trim().slice(0, titleCharactersMax);
  if (title && rank >= reader.thread.titleRank) {
    reader.thread.titleRank = rank;
    if (title !== reader.log.thread.header.title) changeHeader(reader.log, { title });
  }
  keepRow(reader, row);
}
