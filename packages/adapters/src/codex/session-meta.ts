/**
 * `session_meta`, the first record of a rollout, which every resume writes again: who the thread is,
 * and what of the record is worth keeping when it comes a second time.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { ThreadHeader } from "../frame.ts";
import { objectOf, present, textOf } from "../json-values.ts";
import { digestOf, threadIdOf } from "../source-ids.ts";
import { shortText, sourceMetadata } from "../source-metadata.ts";
import type { CodexRecord } from "./codex-record.ts";
import type { CodexState } from "./codex-state.ts";

/** The header of the thread a file's first record names; null where that is no `session_meta`. */
export function headerOf(record: CodexRecord): ThreadHeader | null {
  const { type, payload } = record;
  const id = textOf(payload.id) ?? textOf(payload.session_id);
  if (type !== "session_meta" || id === null) return null;
  const spawn = objectOf(objectOf(objectOf(payload.source)?.subagent)?.thread_spawn);
  const parent = textOf(payload.parent_thread_id) ?? textOf(spawn?.parent_thread_id);
  const git = objectOf(payload.git);
  const source = sourceMetadata({
    format: "codex",
    formatVersion: payload.cli_version,
    sessionId: id,
    cwd: payload.cwd,
    gitBranch: git?.branch,
  });
  const metadata = present({
    ...source,
    startedAt: shortText(payload.timestamp),
    originator: shortText(payload.originator),
    startedFrom: shortText(payload.source),
    modelProvider: shortText(payload.model_provider),
    agentNickname: shortText(payload.agent_nickname),
    agentRole: shortText(payload.agent_role),
    forkedFrom: shortText(payload.forked_from_id),
    gitCommit: shortText(git?.commit_hash),
    gitRepository: shortText(git?.repository_url),
  });
  return {
    threadId: threadIdOf(id),
    agentId: "codex",
    executionMode: "local",
    ...(parent === null || parent === id ? {} : { parentThreadId: threadIdOf(parent) }),
    metadata,
  };
}

/** The record; its base instructions only where they are not the ones given before. */
export function withoutKnownInstructions(state: CodexState, record: CodexRecord): JsonObject {
  const instructions = record.payload.base_instructions ?? record.payload.instructions;
  const digest = digestOf(JSON.stringify(instructions ?? null));
  const known = digest === state.instructions;
  state.instructions = digest;
  const { base_instructions, instructions: _, ...rest } = record.payload;
  return known && !record.bare ? { ...record.raw, payload: rest } : record.raw;
}
