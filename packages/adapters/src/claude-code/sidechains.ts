/**
 * Which thread a Claude Code row belongs to. Rows of sub-agents (`isSidechain`), in a file of their
 * own or among the session's rows, are threads of their own whose parent is the session's; the
 * call that started one is found by its prompt, or by the agent id its result names.
 */
import { titleCharactersMax } from "@spool/protocol/limits";
import type { SubAgentLink, ThreadHeader } from "../frame.ts";
import { objectOf, present, remember } from "../json-values.ts";
import { digestOf, payloadId } from "../source-ids.ts";
import { shortText, sourceMetadata } from "../source-metadata.ts";
import { newThread } from "../thread-state.ts";
import { claimCall } from "./agent-calls.ts";
import type { ClaudeRow } from "./claude-row.ts";
import { type ClaudeState, type ClaudeThread, keyOf } from "./claude-state.ts";
import { mainThreadId, subAgentThreadId } from "./thread-ids.ts";

const sidechainRowsMax = 4_000;

/** The thread of a row, made when this is its first; null while no row has named a session. */
export function threadOf(state: ClaudeState, row: ClaudeRow): ClaudeThread | null {
  const sessionId = row.sessionId ?? unnamedSession(state, row);
  if (sessionId === null) return currentThread(state);
  const key = row.isSidechain ? sidechainKey(state, row, sessionId) : keyOf(sessionId, "main");
  if (row.isSidechain && row.uuid !== null && row.agentId === null) {
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
  return state.options.sourceId ?? `${state.format}-${digestOf(JSON.stringify(raw))}`;
}

/** By agent id; else by the row's parent; else the only sub-agent at work, or one by its root. */
function sidechainKey(state: ClaudeState, row: ClaudeRow, sessionId: string): string {
  if (row.agentId !== null) return keyOf(sessionId, row.agentId);
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
  const link = agent === "main" ? null : claimCall(state, { sessionId, agent, row });
  return {
    state: newThread(headerOf(state, row, { sessionId, agent, link })),
    agent,
    sessionId,
    titleRank: 0,
    answered: false,
    promptId: null,
    boundary: null,
    messages: [],
    usage: { messageId: null, message: {}, total: {} },
    shown: [],
  };
}

type NewThread = { sessionId: string; agent: string; link: SubAgentLink | null };

function headerOf(
  { format }: ClaudeState,
  row: ClaudeRow,
  { sessionId, agent, link }: NewThread,
): ThreadHeader {
  const isMain = agent === "main";
  const main = mainThreadId(format, sessionId);
  const call = row.startedBy === null ? link?.toolCallId : payloadId(row.startedBy);
  return {
    threadId: isMain ? main : subAgentThreadId(format, sessionId, agent),
    ...(link?.title ? { title: link.title.slice(0, titleCharactersMax) } : {}),
    agentId: "claude-code",
    executionMode: "local",
    ...(isMain ? {} : { parentThreadId: link?.parentThreadId ?? main }),
    ...(call ? { parentToolCallId: call } : {}),
    metadata: {
      ...surroundings(row, format, sessionId),
      ...present({ subAgentId: isMain ? null : agent, agentType: link?.agentType }),
    },
  };
}

function describe({ state, sessionId }: ClaudeThread, row: ClaudeRow): void {
  const { source, ...known } = state.header.metadata;
  const { source: more, ...others } = surroundings(row, row.format, sessionId);
  const merged = { ...more, ...objectOf(source) };
  state.header = { ...state.header, metadata: { source: merged, ...others, ...known } };
}

function surroundings({ raw }: ClaudeRow, format: ClaudeState["format"], sessionId: string) {
  const { version, cwd, gitBranch } = raw;
  const source = sourceMetadata({ format, formatVersion: version, sessionId, cwd, gitBranch });
  return { ...source, ...present({ entrypoint: shortText(raw.entrypoint) }) };
}
