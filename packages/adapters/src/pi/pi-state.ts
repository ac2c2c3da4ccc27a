/**
 * What the Pi adapter remembers between two lines, as plain JSON. Session files and what
 * `pi --mode json` prints share it: both hold the same messages.
 */
import type { AdapterOptions } from "../frame.ts";
import type { ThreadLog } from "../thread-log.ts";
import type { ThreadState } from "../thread-state.ts";

/** The adapter's state. */
export type PiState = {
  readonly format: "pi";
  readonly options: AdapterOptions;
  thread: ThreadState | null;
  /** Whether the source is what a running agent prints, whose events say where turns end. */
  live: boolean;
  /** Of a live source: turns begun, whether the newest has no record yet, messages of the newest. */
  turns: number;
  beginning: boolean;
  messages: number;
  /** Why the newest assistant message stopped, and its error. */
  stopReason: string | null;
  stopError: string | null;
  /** UTF-16 units shown of the message being written, by kind and part; and of running calls. */
  shown: Record<string, number>;
};

/** The state and the log of its thread while one record is read. */
export type PiReader = { readonly state: PiState; readonly log: ThreadLog };

/** The state before the first line. */
export function startPi(options: AdapterOptions): PiState {
  return {
    format: "pi",
    options,
    thread: null,
    live: false,
    turns: 0,
    beginning: false,
    messages: 0,
    stopReason: null,
    stopError: null,
    shown: {},
  };
}
