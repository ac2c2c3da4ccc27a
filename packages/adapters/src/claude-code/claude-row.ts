/**
 * A row of a Claude Code session file in one shape. Rows are the agent's internals: only `type`,
 * and mostly `uuid` and `timestamp`, can be relied on; everything else is looked at with care.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { FormatId, Place } from "../frame.ts";
import { listOf, objectOf, present, textOf, timeOf } from "../json-values.ts";
import { keep, type ThreadLog } from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";

/** One row. */
export type ClaudeRow = {
  readonly format: FormatId;
  readonly type: string;
  readonly sessionId: string | null;
  /** The sub-agent the row belongs to, where it names one. */
  readonly agentId: string | null;
  /** The call that started that sub-agent, where the row names it. */
  readonly startedBy: string | null;
  /** The row's own id, null for the metadata rows that have none. */
  readonly uuid: string | null;
  readonly parentUuid: string | null;
  readonly promptId: string | null;
  readonly isSidechain: boolean;
  /** The API message of user and assistant rows; empty for others. */
  readonly message: JsonObject;
  /** The message's blocks; a text is one block. */
  readonly blocks: readonly JsonObject[];
  /** The row's fields, by the names of session files. */
  readonly raw: JsonObject;
  /** The whole row as it stood in its source. */
  readonly record: JsonObject;
  readonly moment: Moment;
};

/** The row; `lastTime` stands in where it has no usable time of its own. */
export function claudeRow(raw: JsonObject, place: Place, lastTime: string | null): ClaudeRow {
  const time = timeOf(raw.timestamp) ?? lastTime;
  const message = objectOf(raw.message) ?? {};
  return {
    format: "claude-code",
    type: textOf(raw.type) ?? "",
    sessionId: textOf(raw.sessionId),
    agentId: textOf(raw.agentId),
    startedBy: null,
    uuid: textOf(raw.uuid),
    parentUuid: textOf(raw.parentUuid),
    promptId: textOf(raw.promptId),
    isSidechain: raw.isSidechain === true,
    message,
    blocks: blocksOf(message.content),
    raw,
    record: raw,
    moment: { line: place.line, byteOffset: place.byteOffset, time },
  };
}

/** The blocks of a message's content; a text is one block. */
export function blocksOf(content: unknown): JsonObject[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return listOf(content)
    .map((block) => (typeof block === "string" ? { type: "text", text: block } : objectOf(block)))
    .filter((block) => block !== null);
}

/** The text of a message's first text block; empty where there is none. */
export function firstTextOf({ blocks }: ClaudeRow): string {
  return textOf(blocks.find((block) => block.type === "text")?.text) ?? "";
}

/** Keeps a row as a `custom` frame, named after its format and type. */
export function keepRow({ log }: { log: ThreadLog }, row: ClaudeRow): void {
  keep(log, { name: `${row.format}.${row.type || "unknown"}`, data: row.record }, row.moment);
}

/** The `native` field of a row's frame: its place in the file's tree of rows, and `more`. */
export function nativeOf(
  { uuid, parentUuid, raw }: ClaudeRow,
  more: JsonObject = {},
): { native: JsonObject } {
  return { native: present({ uuid, parentUuid, requestId: textOf(raw.requestId), ...more }) };
}
