/**
 * Where turns begin and end in a Claude Code file. A turn begins with a prompt (or a command or a
 * notification that the model answers); its end is written only sometimes, so the next turn's
 * begin ends it as well.
 */
import type { JsonObject } from "@spool/protocol/json";
import { listOf, numberOf, present, textOf } from "../json-values.ts";
import {
  awaitTurn,
  completeRun,
  concludedEnding,
  hasOpenCall,
  type RunEnding,
} from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import { finishInlineSubAgents } from "./agent-calls.ts";
import { type ClaudeRow, keepRow } from "./claude-row.ts";
import type { ClaudeReader } from "./claude-state.ts";
import { runUsage } from "./run-usage.ts";

/** The end of a run whose last words were the end of its turn, where no row says more. */
export const answeredEnding: RunEnding = {
  status: "completed",
  reason: "end_turn",
  synthetic: true,
};

/** A prompt: begins a turn, unless it belongs to the open one (the same prompt id). */
export function beginTurn(reader: ClaudeReader, row: ClaudeRow): void {
  const { thread, log } = reader;
  const { run } = thread.state;
  if (run !== null) {
    if (row.promptId !== null && row.promptId === thread.promptId) return;
    closeRun(reader, concludedEnding(log, "next_prompt"), row.moment);
  }
  awaitRow(reader, row);
}

/**
 * A user row that is no prompt but may show that another turn has begun: by its prompt id, or
 * because it `starts` one. The open run is left alone while a call in it has no result.
 */
export function noteTurn(reader: ClaudeReader, row: ClaudeRow, starts: boolean): void {
  const { thread, log } = reader;
  const { run } = thread.state;
  if (run === null) {
    const isNew = row.promptId !== null && row.promptId !== thread.promptId;
    if (isNew || (starts && row.promptId === null)) awaitRow(reader, row);
    return;
  }
  const waiting = hasOpenCall(log);
  const knows = thread.promptId !== null && row.promptId !== null;
  const leaves = knows ? row.promptId !== thread.promptId : starts;
  if (!leaves || waiting) return;
  closeRun(reader, concludedEnding(log, "next_turn"), row.moment);
  awaitRow(reader, row);
}

function awaitRow({ thread, log }: ClaudeReader, row: ClaudeRow): void {
  // A sub-agent's rows carry the prompt id of the turn that started it.
  const own = thread.agent === "main" ? (row.promptId ?? row.uuid) : row.uuid;
  const turnId = own ?? `${row.moment.byteOffset}`;
  thread.promptId = row.promptId;
  awaitTurn(log, { turnId, fields: { metadata: settingsOf(row) }, moment: row.moment });
}

function settingsOf({ raw, promptId }: ClaudeRow): JsonObject {
  return present({
    promptId,
    cwd: textOf(raw.cwd),
    version: textOf(raw.version),
    gitBranch: textOf(raw.gitBranch),
    entrypoint: textOf(raw.entrypoint),
    permissionMode: textOf(raw.permissionMode),
  });
}

/** Closes the open run, and the runs of sub-agents inside it, with the tokens told or counted. */
export function closeRun(reader: ClaudeReader, ending: RunEnding, moment: Moment): void {
  const { thread, log } = reader;
  if (thread.state.run === null) return;
  if (thread.agent === "main") finishInlineSubAgents(reader, log.step, moment);
  const counted = runUsage(thread);
  completeRun(log, { ...ending, usage: ending.usage ?? counted }, moment);
}

/** `turn_duration` ends the turn; so does a summary of stop hooks none of which objected. */
export function readTurnEnd(reader: ClaudeReader, row: ClaudeRow): void {
  const { thread } = reader;
  const isDuration = row.raw.subtype === "turn_duration";
  if (!isDuration || thread.state.run === null) keepRow(reader, row);
  if (!isDuration && listOf(row.raw.hookErrors).length > 0) return;
  const durationMs = numberOf(row.raw.durationMs);
  closeRun(reader, { status: "completed", durationMs }, row.moment);
}
