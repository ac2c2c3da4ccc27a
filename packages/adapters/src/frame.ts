/**
 * What an adapter makes of an agent's own session file: thread headers, frames ready to publish,
 * and the problems it met. Every id and `runSequence` follows from the source alone, so that the
 * same file, or a longer version of it, gives the same frames again and the server sees duplicates
 * (PUB4). Shared by all adapters and by whoever publishes what they give.
 */
import type { DurableType } from "@spool/protocol/durable-frames";
import type { JsonObject } from "@spool/protocol/json";
import type { TransientType } from "@spool/protocol/transient-frames";

/** The agents whose sessions can be read. */
export type AgentId = "codex" | "claude-code" | "gemini-cli" | "pi" | "opencode";

/** The formats that can be read: an agent's own session file, or what it prints while it runs. */
export type FormatId = AgentId | "codex-exec" | "claude-agent-sdk";

/**
 * A thread as its source describes it. Given before the thread's first frame and again whenever
 * the title or the parent changes; the last one given counts.
 */
export type ThreadHeader = {
  readonly threadId: string;
  readonly title?: string;
  readonly agentId: AgentId;
  readonly executionMode: "local";
  readonly parentThreadId?: string;
  readonly parentToolCallId?: string;
  readonly metadata: JsonObject;
};

/**
 * One durable frame. `runSequence` counts 1 for `run_started`, then 2, 3, … (PUB3); `occurredAt`
 * is the source's own time, absent where it has none. A frame that no single record of the source
 * stands for carries `synthetic: true` in its payload; what a record said beyond the protocol's
 * fields stands under `native`, in the source's own names.
 */
export type Frame = {
  readonly threadId: string;
  readonly runId: string;
  readonly type: DurableType;
  readonly payload: JsonObject;
  readonly occurredAt?: string;
  readonly runSequence: number;
};

/**
 * What a record shows of something unfinished, for watchers only (PUB13). The publisher adds
 * `rolloutId` and `sequenceNumber`. Always of the thread's open run, and never about an id whose
 * durable frame came before.
 */
export type LiveFrame = {
  readonly threadId: string;
  readonly runId: string;
  readonly type: TransientType;
  readonly payload: JsonObject;
};

/**
 * What a session's file tells of a sub-agent whose rows stand in a file of their own: the call that
 * started it, and how it ended where the session knows. `sessionId` is that of the sub-agent's file
 * (Claude Code gives sub-agents their session's, Codex one of their own). `agentId` is null until the call's result
 * names the sub-agent; until then the digest of its prompt tells which one it is.
 */
export type SubAgentLink = {
  readonly sessionId: string;
  readonly agentId: string | null;
  readonly promptDigest: string | null;
  readonly parentThreadId: string;
  readonly toolCallId: string | null;
  readonly title?: string;
  readonly agentType?: string;
  readonly ended?: "completed" | "failed" | "cancelled";
};

/** Where a line begins: its number from 1, and its first byte's offset in the file from 0. */
export type Place = { readonly line: number; readonly byteOffset: number };

/**
 * A line's place; `terminated` is false for a last line without its newline, which may be cut and
 * is then read only as far as it is whole.
 */
export type LinePlace = Place & { readonly terminated?: boolean };

/** Something of the source that could not be read; everything around it was kept. */
export type SessionProblem = Place & { readonly problem: string };

/**
 * What reading on gave: headers count for the frames behind them; frames are in file order; live
 * frames come after them. Links are for the files of the sub-agents they name.
 */
export type Step = {
  readonly threads: ThreadHeader[];
  readonly frames: Frame[];
  readonly live: LiveFrame[];
  readonly links: SubAgentLink[];
  readonly problems: SessionProblem[];
};

/** How to read a session. */
export type AdapterOptions = {
  /** Leaves out `custom` frames: only runs, messages, calls, results and compactions remain. */
  readonly messagesOnly?: boolean;
  /** The thread's source id where the file names none (a slice that begins in the middle). */
  readonly sourceId?: string;
  /**
   * Tells one process's stream from another of the same session where records have neither time
   * nor turn id (`codex-exec`, what Pi prints): the time the process began, say.
   */
  readonly streamId?: string;
  /** The prompt the process was given, where its stream leaves it out (`codex-exec`). */
  readonly prompt?: string;
  /** The session that a sub-agent's file belongs to, where only its folder says so (Gemini CLI). */
  readonly parentSessionId?: string;
  /** What the session's own file told of its sub-agents, for a sub-agent's file. */
  readonly links?: readonly SubAgentLink[];
};
