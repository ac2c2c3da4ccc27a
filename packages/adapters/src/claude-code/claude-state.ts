/**
 * What the Claude Code adapter remembers between two lines, as plain JSON: one memory per thread
 * (the session's and each sub-agent's), and what ties a sub-agent to the call that started it.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { AdapterOptions, Place, Step } from "../frame.ts";
import type { ThreadLog } from "../thread-log.ts";
import type { ThreadState } from "../thread-state.ts";
import type { ClaudeRow } from "./claude-row.ts";

/** Blocks seen of a message: the rows of one message may be apart. */
export type MessageBlocks = { readonly id: string; blocks: number };

/** Tokens of the open run; rows of one message repeat its usage, the last one counts. */
export type RunUsage = {
  messageId: string | null;
  message: Record<string, number>;
  total: Record<string, number>;
};

/** A thread and what this format needs beside it. */
export type ClaudeThread = {
  readonly state: ThreadState;
  /** `main`, or the sub-agent's key within its session. */
  readonly agent: string;
  readonly sessionId: string;
  titleRank: number;
  /** Whether the newest row is an answer that ends its turn. */
  answered: boolean;
  /** The prompt id of the newest turn; null where that had none. */
  promptId: string | null;
  /** What the boundary row of the compaction under way told. */
  boundary: JsonObject | null;
  messages: MessageBlocks[];
  usage: RunUsage;
  shown: ShownOutput[];
};

/** How much of a running call's output was shown, in UTF-16 units. */
export type ShownOutput = { readonly callId: string; units: number };

/** A call that starts a sub-agent; `claimed` once the sub-agent's first row was seen. */
export type AgentCall = {
  readonly callId: string;
  readonly threadKey: string;
  readonly promptDigest: string;
  readonly description: string | null;
  readonly agentType: string | null;
  claimed: boolean;
};

/** Which sub-agent an inline row without an agent id belongs to, by the row's id. */
export type SidechainRow = { readonly uuid: string; readonly threadKey: string };

/** A row read before the session's id is known. */
export type EarlyRow = Place & { readonly raw: JsonObject };

/** The adapter's state. */
export type ClaudeState = {
  readonly format: ClaudeRow["format"];
  readonly options: AdapterOptions;
  threads: Record<string, ClaudeThread>;
  /** The thread of the newest row that named its session. */
  currentKey: string | null;
  early: EarlyRow[];
  agentCalls: AgentCall[];
  sidechainRows: SidechainRow[];
};

/** The state, and the thread one row belongs to with its log, while the row is read. */
export type ClaudeReader = {
  readonly state: ClaudeState;
  readonly thread: ClaudeThread;
  readonly log: ThreadLog;
};

/** The state before a file's first line. */
export function startClaude(
  options: AdapterOptions,
  format: ClaudeState["format"] = "claude-code",
): ClaudeState {
  return {
    format,
    options,
    threads: {},
    currentKey: null,
    early: [],
    agentCalls: [],
    sidechainRows: [],
  };
}

/** A thread's key in the state. */
export function keyOf(sessionId: string, agent: string): string {
  return `${sessionId}/${agent}`;
}

/** The reader of a thread, for the step being made. */
export function readerOf(state: ClaudeState, thread: ClaudeThread, step: Step): ClaudeReader {
  const messagesOnly = state.options.messagesOnly === true;
  return { state, thread, log: { thread: thread.state, step, messagesOnly } };
}
