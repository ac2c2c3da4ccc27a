/** What the OpenCode adapter remembers between two lines, as plain JSON. */
import type { AdapterOptions } from "../frame.ts";
import type { ThreadLog } from "../thread-log.ts";
import type { ThreadState } from "../thread-state.ts";

/** The adapter's state. */
export type OpencodeState = {
  readonly format: "opencode";
  readonly options: AdapterOptions;
  thread: ThreadState | null;
  /** Ids of the parts that are out, calls without a result aside. */
  seenParts: string[];
  /** Whether the agent's newest message compacts the thread. */
  compacting: boolean;
};

/** The state and the log of its thread while one record is read. */
export type OpencodeReader = { readonly state: OpencodeState; readonly log: ThreadLog };
