/**
 * Compactions of a Claude Code session: a boundary row, written when the compaction is done, and
 * right behind it a user row with the summary, which is no message of the user.
 */
import type { JsonObject } from "@spool/protocol/json";
import { numberOf, objectOf, restOf, textOf } from "../json-values.ts";
import { completeCompaction, startCompaction } from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import { type ClaudeRow, nativeOf } from "./claude-row.ts";
import type { ClaudeReader } from "./claude-state.ts";

/** The boundary: the compaction's begin, set back by its duration where the row tells that. */
export function readCompactBoundary(reader: ClaudeReader, row: ClaudeRow): void {
  const metadata = objectOf(row.raw.compactMetadata) ?? {};
  reader.thread.boundary = metadata;
  startFrom(reader, { row, metadata });
}

/** The summary; in a slice that begins with it, the compaction's begin is made from it as well. */
export function readCompactSummary(reader: ClaudeReader, row: ClaudeRow): void {
  const { thread, log } = reader;
  if (thread.state.run?.compacting !== true) startFrom(reader, { row, metadata: {} });
  const metadata = thread.boundary ?? {};
  thread.boundary = null;
  const payload = {
    summary: row.blocks.map((block) => textOf(block.text) ?? "").join("\n"),
    tokensBefore: numberOf(metadata.preTokens),
    tokensAfter: numberOf(metadata.postTokens),
    ...nativeOf(row, restOf(metadata, ["preTokens", "postTokens"])),
  };
  completeCompaction(log, payload, row.moment);
}

function startFrom(
  { log }: ClaudeReader,
  { row, metadata }: { row: ClaudeRow; metadata: JsonObject },
): void {
  const payload = {
    reason: textOf(metadata.trigger),
    tokensBefore: numberOf(metadata.preTokens),
    synthetic: true,
    ...nativeOf(row),
  };
  startCompaction(log, payload, earlier(row.moment, numberOf(metadata.durationMs)));
}

function earlier(moment: Moment, milliseconds: number | undefined): Moment {
  const end = Date.parse(moment.time ?? "");
  const begin = end - (milliseconds ?? 0);
  if (milliseconds === undefined || !(begin >= 0)) return moment;
  return { ...moment, time: new Date(begin).toISOString() };
}
