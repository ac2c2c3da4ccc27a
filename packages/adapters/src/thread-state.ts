/**
 * What an adapter remembers of one thread between two lines: its header, its open run, the calls
 * without a result, and the records that wait for a run. Plain JSON throughout; every list has a
 * limit, so that a long session does not grow it. Changed only by `thread-log.ts`.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { Place, ThreadHeader } from "./frame.ts";

/** Records without a run that wait for the next one; beyond it they get a run of their own. */
export const waitingMax = 500;
/** Run ids, answered calls and message ids remembered per thread, the newest ones. */
export const rememberedMax = 1_000;

/** A record's place and its time; null when neither it nor any record before it has one. */
export type Moment = Place & { readonly time: string | null };

/**
 * Why a run exists: `turn` the source names it, `implicit` content outside of any turn,
 * `bracket` made around one thing (a compaction between turns) and closed behind it.
 */
export type RunOrigin = "turn" | "implicit" | "bracket";

/** The thread's open run. */
export type RunState = {
  readonly runId: string;
  /** The source's own id of the turn; null while it has named none. */
  turnId: string | null;
  readonly origin: RunOrigin;
  /** The last `runSequence` given. */
  sequence: number;
  /** Whether the agent has said or done anything in it. */
  active: boolean;
  /** Whether a `compaction_started` waits for its `compaction_completed`. */
  compacting: boolean;
};

/** A turn the source began that has no frame yet: it becomes a run with its first one. */
export type AwaitedTurn = {
  readonly turnId: string;
  /** Fields of the `run_started` to come. */
  fields: JsonObject;
  readonly moment: Moment;
};

/** A call without a result. */
export type OpenCall = {
  readonly id: string;
  readonly name: string;
  readonly runId: string;
};

/** A `custom` frame that waits for a run. */
export type WaitingCustom = {
  readonly name: string;
  readonly data: JsonObject;
  readonly moment: Moment;
};

/** One thread's memory. */
export type ThreadState = {
  header: ThreadHeader;
  announced: boolean;
  /** The time of the newest record that had one. */
  lastTime: string | null;
  run: RunState | null;
  awaited: AwaitedTurn | null;
  waiting: WaitingCustom[];
  openCalls: OpenCall[];
  answeredCalls: string[];
  usedRunIds: string[];
  usedMessageIds: string[];
};

/** A thread before its first record. */
export function newThread(header: ThreadHeader): ThreadState {
  return {
    header,
    announced: false,
    lastTime: null,
    run: null,
    awaited: null,
    waiting: [],
    openCalls: [],
    answeredCalls: [],
    usedRunIds: [],
    usedMessageIds: [],
  };
}
