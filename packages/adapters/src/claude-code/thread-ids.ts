/**
 * Thread ids of Claude Code sessions and their sub-agents, from the ids that the rows carry. A live
 * stream's thread is another than its session file's, so that both may be published.
 */
import { threadIdOf } from "../source-ids.ts";
import type { ClaudeState } from "./claude-state.ts";

/** The thread of a session. */
export function mainThreadId(format: ClaudeState["format"], sessionId: string): string {
  return threadIdOf(sourceIdOf(format, sessionId));
}

/** The thread of a sub-agent. */
export function subAgentThreadId(
  format: ClaudeState["format"],
  sessionId: string,
  agent: string,
): string {
  return threadIdOf(`${sourceIdOf(format, sessionId)}_${agent}`);
}

function sourceIdOf(format: ClaudeState["format"], sessionId: string): string {
  return format === "claude-code" ? sessionId : `${sessionId}-live`;
}
