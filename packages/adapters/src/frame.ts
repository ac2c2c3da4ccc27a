/**
 * What an adapter makes of an agent's own session file: thread headers, frames ready to publish,
 * and the problems it met. Every id and `runSequence` follows from the source alone, so that the
 * same file, or a longer version of it, gives the same frames again and the server sees duplicates
 * (PUB4). Shared by all adapters and by whoever publishes what they give.
 */
import type { DurableType } from "@spool/protocol/durable-frames";
import type { JsonObject } from "@spool/protocol/json";

/** The agents whose session files can be read. */
export type AgentId = "codex" | "claude-code";

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

/** Where a line begins: its number from 1, and its first byte's offset in the file from 0. */
export type Place = { readonly line: number; readonly byteOffset: number };

/**
 * A line's place; `terminated` is false for a last line without its newline, which may be cut and
 * is then read only as far as it is whole.
 */
export type LinePlace = Place & { readonly terminated?: boolean };

/** Something of the source that could not be read; everything around it was kept. */
export type SessionProblem = Place & { readonly problem: string };

/** What reading on gave: headers count for the frames behind them; frames are in file order. */
export type Step = {
  readonly threads: ThreadHeader[];
  readonly frames: Frame[];
  readonly problems: SessionProblem[];
};

/** How to read a session. */
export type AdapterOptions = {
  /** Leaves out `custom` frames: only runs, messages, calls, results and compactions remain. */
  readonly messagesOnly?: boolean;
  /** The thread's source id where the file names none (a slice that begins in the middle). */
  readonly sourceId?: string;
};
