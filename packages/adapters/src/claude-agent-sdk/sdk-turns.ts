/**
 * Turns and compactions of the Agent SDK's stream: `init` begins a turn, `result` ends it; a
 * compaction is announced, and its summary comes in the next synthetic message where it comes at
 * all.
 */
import type { JsonObject } from "@spool/protocol/json";
import { type ClaudeRow, keepRow, nativeOf } from "../claude-code/claude-row.ts";
import type { ClaudeReader } from "../claude-code/claude-state.ts";
import { closeRun } from "../claude-code/turns.ts";
import { numberOf, objectOf, present, restOf, textOf } from "../json-values.ts";
import { payloadId } from "../source-ids.ts";
import {
  awaitTurn,
  completeCompaction,
  concludedEnding,
  ensureRun,
  type RunEnding,
  startCompaction,
} from "../thread-log.ts";

/** A turn begins. One still open, in which the agent was at work, is over without its result. */
export function readInit(reader: ClaudeReader, row: ClaudeRow): void {
  const { log } = reader;
  const { run } = log.thread;
  if (run?.active === true) closeRun(reader, concludedEnding(log, "next_turn"), row.moment);
  if (log.thread.run === null) {
    const model = textOf(row.raw.model);
    const { cwd, permissionMode, claude_code_version: version } = row.raw;
    const fields = {
      ...(model === null ? {} : { model: payloadId(model) }),
      metadata: present({ cwd, version, permissionMode }),
    };
    awaitTurn(log, { turnId: row.uuid ?? `${row.moment.byteOffset}`, fields, moment: row.moment });
  }
  keepRow(reader, row);
}

const resultFields = [
  ["type", "subtype", "session_id", "uuid", "result", "is_error", "usage", "errors"],
  ["num_turns", "duration_ms", "total_cost_usd", "terminal_reason", "timestamp"],
].flat();

/** A turn's end, with what it used and cost. */
export function readResult(reader: ClaudeReader, row: ClaudeRow): void {
  const { record } = row;
  const { thread } = reader.log;
  if (thread.run === null && thread.awaited !== null) ensureRun(reader.log, row.moment);
  const { run } = thread;
  if (run === null) {
    keepRow(reader, row);
    return;
  }
  endBoundary(reader, row, null);
  const native = restOf(record, resultFields);
  // What the agent said is in its messages; a local command's words are here only.
  const result = run.active ? undefined : (textOf(record.result) ?? undefined);
  const ending = {
    ...outcomeOf(record),
    durationMs: numberOf(record.duration_ms),
    costUsd: numberOf(record.total_cost_usd),
    modelTurns: numberOf(record.num_turns),
    usage: objectOf(record.usage),
    native: present({ uuid: row.uuid, subtype: record.subtype, ...native, result }),
  };
  closeRun(reader, ending, row.moment);
}

function outcomeOf(record: JsonObject): RunEnding {
  const terminal = textOf(record.terminal_reason);
  const subtype = textOf(record.subtype);
  const reason = terminal ?? subtype ?? "unknown";
  if (terminal?.startsWith("aborted")) return { status: "cancelled", reason };
  if (subtype === "success" && record.is_error !== true) return { status: "completed", reason };
  const message = textOf(record.result);
  const error = present({ code: subtype, message, errors: record.errors });
  return { status: "failed", reason, error };
}

/** `status`: a compaction begins, or has failed. Anything else it says is only kept. */
export function readStatus(reader: ClaudeReader, row: ClaudeRow): void {
  const { log } = reader;
  keepRow(reader, row);
  if (row.raw.status === "compacting") startCompaction(log, nativeOf(row), row.moment);
  if (row.raw.compact_result !== "failed" || log.thread.run?.compacting !== true) return;
  const message = textOf(row.raw.compact_error) ?? "the compaction failed";
  completeCompaction(log, { status: "failed", error: { message } }, row.moment);
}

/** The compaction is done; its end waits for the message that may hold the summary. */
export function readBoundary(reader: ClaudeReader, row: ClaudeRow): void {
  const { thread, log } = reader;
  const metadata = objectOf(row.raw.compactMetadata) ?? {};
  endBoundary(reader, row, null);
  if (log.thread.run?.compacting !== true) {
    const reason = textOf(metadata.trigger);
    startCompaction(log, { reason, synthetic: true, ...nativeOf(row) }, row.moment);
  }
  thread.boundary = { ...metadata, boundaryUuid: row.uuid };
}

/** Ends a compaction that waits for its summary, if there is one. */
export function endBoundary(reader: ClaudeReader, row: ClaudeRow, summary: string | null): void {
  const { thread, log } = reader;
  const { boundary } = thread;
  if (boundary === null) return;
  thread.boundary = null;
  const payload = {
    summary: summary ?? "",
    tokensBefore: numberOf(boundary.preTokens),
    tokensAfter: numberOf(boundary.postTokens),
    ...(summary === null ? { synthetic: true } : {}),
    native: present({ uuid: row.uuid, ...restOf(boundary, ["preTokens", "postTokens"]) }),
  };
  completeCompaction(log, payload, row.moment);
}
