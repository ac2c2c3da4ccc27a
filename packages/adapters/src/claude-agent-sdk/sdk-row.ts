/**
 * A message of the Claude Agent SDK (`claude -p --output-format stream-json`) in the shape of a
 * session file's row: the same API messages, other names around them. What it says stays as it is.
 */
import type { JsonObject } from "@spool/protocol/json";
import { blocksOf, type ClaudeRow } from "../claude-code/claude-row.ts";
import type { Place } from "../frame.ts";
import { objectOf, textOf, timeOf } from "../json-values.ts";

/** The row; `lastTime` stands in where the message has no usable time of its own. */
export function sdkRow(record: JsonObject, place: Place, lastTime: string | null): ClaudeRow {
  const message = objectOf(record.message) ?? {};
  const startedBy = textOf(record.parent_tool_use_id);
  return {
    format: "claude-agent-sdk",
    type: textOf(record.type) ?? "",
    sessionId: textOf(record.session_id),
    // A sub-agent goes by the call that started it: its messages always name that one.
    agentId: startedBy,
    startedBy,
    uuid: textOf(record.uuid),
    parentUuid: null,
    promptId: null,
    isSidechain: startedBy !== null,
    message,
    blocks: blocksOf(message.content),
    raw: namedAsRow(record),
    record,
    moment: { ...place, time: timeOf(record.timestamp) ?? lastTime },
  };
}

function namedAsRow(record: JsonObject): JsonObject {
  return {
    ...record,
    toolUseResult: record.tool_use_result,
    requestId: record.request_id,
    isMeta: record.isSynthetic,
    version: record.claude_code_version,
    compactMetadata: compactMetadata(objectOf(record.compact_metadata)),
  };
}

function compactMetadata(metadata: JsonObject | null): JsonObject | undefined {
  if (metadata === null) return undefined;
  const { pre_tokens, post_tokens, duration_ms, ...rest } = metadata;
  return { ...rest, preTokens: pre_tokens, postTokens: post_tokens, durationMs: duration_ms };
}
