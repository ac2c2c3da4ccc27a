/**
 * Calls that start sub-agents: which sub-agent is whose, and when one is done. A sub-agent whose
 * rows stand in this file is tied to its call and closed here; for one with a file of its own the
 * step carries a link, which that file's adapter is given.
 */
import type { Step, SubAgentLink } from "../frame.ts";
import { objectOf, remember, textOf } from "../json-values.ts";
import { digestOf, payloadId } from "../source-ids.ts";
import { shortText } from "../source-metadata.ts";
import { changeHeader, completeRun, concludedEnding } from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import { type ClaudeRow, firstTextOf } from "./claude-row.ts";
import {
  type AgentCall,
  type ClaudeReader,
  type ClaudeState,
  type ClaudeThread,
  keyOf,
  readerOf,
} from "./claude-state.ts";
import { runUsage } from "./run-usage.ts";
import { subAgentThreadId } from "./thread-ids.ts";

const agentCallsMax = 200;

/** Notes a call that starts a sub-agent, until the sub-agent's first row claims it. */
export function noteAgentCall(reader: ClaudeReader, callId: string, input: unknown): void {
  const { state, thread, log } = reader;
  const call = objectOf(input);
  const prompt = textOf(call?.prompt);
  if (prompt === null) return;
  const noted: AgentCall = {
    callId: payloadId(callId),
    threadKey: keyOf(thread.sessionId, thread.agent),
    promptDigest: digestOf(prompt.trim()),
    description: textOf(call?.description)?.trim() ?? null,
    agentType: shortText(call?.subagent_type),
    claimed: false,
  };
  remember(state.agentCalls, noted, agentCallsMax);
  log.step.links.push(linkOf(thread, noted, null));
}

function linkOf(
  thread: ClaudeThread,
  call: AgentCall | undefined,
  agentId: string | null,
): SubAgentLink {
  return {
    sessionId: thread.sessionId,
    agentId,
    promptDigest: call?.promptDigest ?? null,
    parentThreadId: thread.state.header.threadId,
    toolCallId: call?.callId ?? null,
    ...(call?.description ? { title: call.description } : {}),
    ...(call?.agentType ? { agentType: call.agentType } : {}),
  };
}

/**
 * What is known of the call behind a sub-agent's first row: the call in this file with its prompt,
 * else the link that names it or has its prompt; null where there is none.
 */
export function claimCall(
  state: ClaudeState,
  { sessionId, agent, row }: { sessionId: string; agent: string; row: ClaudeRow },
): SubAgentLink | null {
  const digest = digestOf(firstTextOf(row).trim());
  const call = state.agentCalls.find(({ callId, claimed, promptDigest }) => {
    return row.startedBy === null
      ? !claimed && promptDigest === digest
      : callId === payloadId(row.startedBy);
  });
  const parent = call && state.threads[call.threadKey];
  if (call !== undefined && parent !== undefined) {
    call.claimed = true;
    return linkOf(parent, call, agent);
  }
  const links = (state.options.links ?? []).filter((link) => link.sessionId === sessionId);
  const named = links.findLast((link) => link.agentId === agent && link.toolCallId !== null);
  return named ?? links.find((link) => link.promptDigest === digest) ?? null;
}

/** A call's result as far as it concerns a sub-agent. */
export type AgentResult = {
  readonly callId: string;
  /** The sub-agent as the result names it. */
  readonly agentId: string | null;
  readonly isError: boolean;
  /** The result only says that the sub-agent works on in the background. */
  readonly isLaunch: boolean;
};

/**
 * A call has its result: the sub-agent it started is done. Gives the sub-agent's thread id; null
 * for a call that started none.
 */
export function finishSubAgent(
  reader: ClaudeReader,
  { agentId, isError, isLaunch, ...result }: AgentResult,
  moment: Moment,
): string | null {
  const { state, thread, log } = reader;
  const callId = payloadId(result.callId);
  const named = agentId === null ? null : keyOf(thread.sessionId, agentId);
  const child = Object.entries(state.threads).find(([key, other]) => {
    return other !== thread && (key === named || other.state.header.parentToolCallId === callId);
  })?.[1];
  if (child !== undefined) {
    const childReader = readerOf(state, child, log.step);
    if (child.state.header.parentToolCallId === undefined) {
      changeHeader(childReader.log, { parentToolCallId: callId });
    }
    if (!isLaunch) closeSubAgent(childReader, isError ? "failed" : null, moment);
    return child.state.header.threadId;
  }
  // A stream has all its sub-agents' messages itself: what it leaves out has no file to look for.
  if (agentId === null || state.format !== "claude-code") return null;
  const call = state.agentCalls.find((known) => known.callId === callId);
  const link = { ...linkOf(thread, call, agentId), toolCallId: callId };
  log.step.links.push(isLaunch ? link : { ...link, ended: isError ? "failed" : "completed" });
  return subAgentThreadId(state.format, thread.sessionId, agentId);
}

/** A note that a sub-agent in the background has come to its end. */
export function readNotification(reader: ClaudeReader, text: string, moment: Moment): void {
  const { state, thread, log } = reader;
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]?.trim();
  const agentId = field("task-id");
  const ended = endings.get(field("status") ?? "");
  if (!text.startsWith("<task-notification>") || !agentId || ended === undefined) return;
  const child = state.threads[keyOf(thread.sessionId, agentId)];
  if (child !== undefined) closeSubAgent(readerOf(state, child, log.step), ended, moment);
  else log.step.links.push({ ...linkOf(thread, undefined, agentId), ended });
}

/** How a background task says that it ended, and what that means. */
export const endings = new Map<string, NonNullable<SubAgentLink["ended"]>>([
  ["completed", "completed"],
  ["failed", "failed"],
  ["killed", "cancelled"],
  ["stopped", "cancelled"],
]);

/** A session's turn has ended: sub-agents that ran inside it, among its rows, have ended as well. */
export function finishInlineSubAgents(
  { state, thread }: ClaudeReader,
  step: Step,
  moment: Moment,
): void {
  for (const child of subAgentsOf(state, thread.sessionId)) {
    if (child !== thread) closeSubAgent(readerOf(state, child, step), null, moment);
  }
}

/** At the end of a sub-agent's file: closes the run whose end the session's own file tells. */
export function finishLinkedSubAgents(
  state: ClaudeState,
  links: readonly SubAgentLink[],
  step: Step,
): void {
  for (const link of links) {
    const child = state.threads[keyOf(link.sessionId, link.agentId ?? "main")];
    if (child === undefined || child.agent === "main" || link.ended === undefined) continue;
    const moment = { line: 0, byteOffset: -1, time: child.state.lastTime };
    closeSubAgent(readerOf(state, child, step), link.ended, moment);
  }
}

function subAgentsOf(state: ClaudeState, sessionId: string): ClaudeThread[] {
  return Object.values(state.threads).filter(
    (thread) => thread.sessionId === sessionId && thread.agent !== "main",
  );
}

/**
 * Closes a sub-agent's run; nothing happens without one. Where nothing told how it ended, the run's
 * last records show it.
 */
export function closeSubAgent(
  { thread, log }: ClaudeReader,
  told: SubAgentLink["ended"] | null,
  moment: Moment,
): void {
  if (thread.state.run === null) return;
  const ending = concludedEnding(log, "parent_call_ended");
  const status = told === "failed" || told === "cancelled" ? told : ending.status;
  completeRun(log, { ...ending, status, usage: runUsage(thread) }, moment);
}
