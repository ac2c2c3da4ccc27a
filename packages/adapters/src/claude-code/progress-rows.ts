/**
 * `progress` rows: what a command has printed so far, written while it runs. Watchers are shown what
 * is new of it; the row itself is kept like any other without a frame of its own.
 */
import { objectOf, remember, textOf } from "../json-values.ts";
import { payloadId } from "../source-ids.ts";
import { emitLive } from "../thread-log.ts";
import { type ClaudeRow, keepRow } from "./claude-row.ts";
import type { ClaudeReader } from "./claude-state.ts";

const shownMax = 50;

/** Reads one progress row; only a command's output is shown, and only while its call is open. */
export function readProgress(reader: ClaudeReader, row: ClaudeRow): void {
  keepRow(reader, row);
  const data = objectOf(row.raw.data);
  const callId = textOf(row.raw.parentToolUseID);
  const output = textOf(data?.fullOutput);
  const { thread, log } = reader;
  if (data?.type !== "bash_progress" || callId === null || output === null) return;
  if (!thread.state.openCalls.some((call) => call.id === callId)) return;
  const shown = thread.shown.find((known) => known.callId === callId) ?? { callId, units: 0 };
  if (!thread.shown.includes(shown)) remember(thread.shown, shown, shownMax);
  if (output.length <= shown.units) return;
  const delta = output.slice(shown.units);
  const toolCallId = payloadId(callId);
  emitLive(log, "tool_output_delta", { toolCallId, delta, offset: shown.units });
  shown.units = output.length;
}
