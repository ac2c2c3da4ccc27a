/**
 * Which thread a Claude Code row belongs to. Rows of sub-agents (`isSidechain`), in a file of their
 * own or among the session's rows, are threads of their own whose parent is the session's; the
 * call that started one is found by its prompt, or by the agent id its result names.
 */
import { titleCharactersMax } from "@spool/protocol/limits";
import type { Step, ThreadHeader } from "../frame.ts";
import { objectOf, present, remember, textOf } from "../json-values.ts";
import { digestOf, payloadId, threadIdOf } from "../source-ids.ts";
import { changeHeader, completeRun, concludedEnding } from "../thread-log.ts";
import { type Moment, newThread } from "../thread-state.ts";
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

const agentCallsMax = 200;
const sidechainRowsMax = 4_000;
const metadataTextMax = 300;

/** The thread of a row, made when this is its first; null while no row has named a session. */
export function threadOf(state: ClaudeState, row: ClaudeRow): ClaudeThread | null {
  const sessionId = textOf(row.raw.sessionId) ?? unnamedSession(state, row);
  if (sessionId === null) return currentThread(state);
  const key = row.isSidechain ? sidechainKey(state, row, sessionId) : keyOf(sessionId, "main");
  if (row.isSidechain && row.uuid !== null && textOf(row.raw.agentId) === null) {
    remember(state.sidechainRows, { uuid: row.uuid, threadKey: key }, sidechainRowsMax);
  }
  state.currentKey = key;
  const known = state.threads[key];
  if (known === undefined) {
    const made = makeThread(state, row, { sessionId, key });
    state.threads[key] = made;
    return made;
  }
  // The first rows may be metadata rows that say nothing about the session.
  if (!known.state.announced) describe(known, row);
  return known;
}

/** The session's own thread where a row names none; a sub-agent's in a file of its own. */
function currentThread(state: ClaudeState): ClaudeThread | null {
  const current = state.threads[state.currentKey ?? ""] ?? null;
  return current === null ? null : (state.threads[keyOf(current.sessionId, "main")] ?? current);
}

/** The session of a message that names none and comes before any that does. */
function unnamedSession(state: ClaudeState, { type, raw }: ClaudeRow): string | null {
  if (state.currentKey !== null || (type !== "user" && type !== "assistant")) return null;
  return state.options.sourceId ?? `claude-code-${digestOf(JSON.stringify(raw))}`;
}

/** By agent id; else by the row's parent; else the only sub-agent at work, or one by its root. */
function sidechainKey(state: ClaudeState, row: ClaudeRow, sessionId: string): string {
  const agentId = textOf(row.raw.agentId);
  if (agentId !== null) return keyOf(sessionId, agentId);
  const { parentUuid, uuid } = row;
  const parent = state.sidechainRows.findLast((known) => known.uuid === parentUuid);
  if (parent !== undefined) return parent.threadKey;
  const atWork = Object.entries(state.threads).filter(
    ([, thread]) => thread.agent !== "main" && thread.state.run !== null,
  );
  const [only] = atWork;
  if (parentUuid !== null && atWork.length === 1 && only !== undefined) return only[0];
  return keyOf(sessionId, digestOf(parentUuid ?? uuid ?? JSON.stringify(row.raw), 16));
}

function makeThread(
  state: ClaudeState,
  row: ClaudeRow,
  { sessionId, key }: { sessionId: string; key: string },
): ClaudeThread {
  const agent = key.slice(sessionId.length + 1);
  const call = agent === "main" ? undefined : takeAgentCall(state, firstTextOf(row));
  return {
    state: newThread(headerOf(state, row, { sessionId, agent, call })),
    agent,
    sessionId,
    titleRank: 0,
    promptId: null,
    boundary: null,
    messages: [],
    usage: { messageId: null, message: {}, total: {} },
  };
}

function headerOf(
  state: ClaudeState,
  row: ClaudeRow,
  { sessionId, agent, call }: { sessionId: string; agent: string; call: AgentCall | undefined },
): ThreadHeader {
  const isMain = agent === "main";
  const parent = state.threads[call?.threadKey ?? ""]?.state.header.threadId;
  const title = call?.description?.slice(0, titleCharactersMax);
  const ofAgent = { sessionId: isMain ? null : sessionId, agentType: call?.agentType };
  return {
    threadId: threadIdOf(isMain ? sessionId : `${sessionId}_${agent}`),
    ...(title ? { title } : {}),
    agentId: "claude-code",
    executionMode: "local",
    ...(isMain ? {} : { parentThreadId: parent ?? threadIdOf(sessionId) }),
    ...(call === undefined ? {} : { parentToolCallId: call.callId }),
    metadata: present({ ...ofAgent, ...surroundings(row) }),
  };
}

function describe({ state }: ClaudeThread, row: ClaudeRow): void {
  const metadata = present({ ...surroundings(row), ...state.header.metadata });
  state.header = { ...state.header, metadata };
}

function surroundings({ raw }: ClaudeRow) {
  const text = (name: string) => textOf(raw[name])?.slice(0, metadataTextMax);
  return {
    cwd: text("cwd"),
    version: text("version"),
    gitBranch: text("gitBranch"),
    entrypoint: text("entrypoint"),
  };
}

/** Notes a call that starts a sub-agent, until the sub-agent's first row claims it. */
export function noteAgentCall(
  { state, thread }: ClaudeReader,
  callId: string,
  input: unknown,
): void {
  const call = objectOf(input);
  const prompt = textOf(call?.prompt);
  if (prompt === null) return;
  const threadKey = keyOf(thread.sessionId, thread.agent);
  const promptDigest = digestOf(prompt.trim());
  const description = textOf(call?.description)?.trim() ?? null;
  const agentType = textOf(call?.subagent_type)?.slice(0, metadataTextMax) ?? null;
  const noted = { callId: payloadId(callId), threadKey, promptDigest, description, agentType };
  remember(state.agentCalls, noted, agentCallsMax);
}

function takeAgentCall(state: ClaudeState, prompt: string): AgentCall | undefined {
  const digest = digestOf(prompt.trim());
  const index = state.agentCalls.findIndex((call) => call.promptDigest === digest);
  return index === -1 ? undefined : state.agentCalls.splice(index, 1)[0];
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
 * A call has its result: the sub-agent it started, when its rows are in this file, is done. Gives
 * the sub-agent's thread id; null for a call that started none.
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
  if (child === undefined) {
    return agentId === null ? null : threadIdOf(`${thread.sessionId}_${agentId}`);
  }
  const childReader = readerOf(state, child, log.step);
  if (child.state.header.parentToolCallId === undefined) {
    changeHeader(childReader.log, { parentToolCallId: callId });
  }
  if (!isLaunch) closeSubAgent(childReader, isError, moment);
  return child.state.header.threadId;
}

/** A session's turn has ended: sub-agents that ran inside it, among its rows, have ended as well. */
export function finishInlineSubAgents(
  { state, thread }: ClaudeReader,
  step: Step,
  moment: Moment,
): void {
  for (const child of Object.values(state.threads)) {
    if (child === thread || child.sessionId !== thread.sessionId || child.agent === "main")
      continue;
    closeSubAgent(readerOf(state, child, step), false, moment);
  }
}

function closeSubAgent({ thread, log }: ClaudeReader, isError: boolean, moment: Moment): void {
  if (thread.state.run === null) return;
  const ending = concludedEnding(log, "parent_call_ended");
  const status = isError ? "failed" : ending.status;
  completeRun(log, { ...ending, status, usage: runUsage(thread) }, moment);
}
