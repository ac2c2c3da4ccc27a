/**
 * Sub-agents that a Codex thread spawns: each has a rollout of its own, which names its parent but
 * not the call. What the parent's file tells of it is given out as a link, and used for the header
 * of the sub-agent's thread.
 */
import type { SubAgentLink, ThreadHeader } from "../frame.ts";
import { textOf } from "../json-values.ts";
import { payloadId, threadIdOf } from "../source-ids.ts";
import type { CodexReader } from "./codex-state.ts";

/** Notes that the call `callId` made the thread `agentThreadId`. */
export function linkSpawned(
  { log }: CodexReader,
  callId: string,
  agentThreadId: string | null,
): void {
  if (agentThreadId === null) return;
  log.step.links.push({
    sessionId: agentThreadId,
    agentId: null,
    promptDigest: null,
    parentThreadId: log.thread.header.threadId,
    toolCallId: payloadId(callId),
  });
}

/** The thread that the output of a `spawn_agent` call names; null for any other output. */
export function agentInOutput(output: unknown): string | null {
  const text = typeof output === "string" ? output.trimStart() : "";
  return /^\{\s*"agent_id"\s*:\s*"([^"]{1,128})"/.exec(text)?.[1] ?? null;
}

/** The header with the call that made the thread, where a link tells it. */
export function withSpawningCall(
  header: ThreadHeader,
  links: readonly SubAgentLink[] = [],
): ThreadHeader {
  const link = links.findLast(({ sessionId }) => threadIdOf(sessionId) === header.threadId);
  const parentToolCallId = textOf(link?.toolCallId);
  if (link === undefined || parentToolCallId === null) return header;
  return { parentThreadId: link.parentThreadId, ...header, parentToolCallId };
}
