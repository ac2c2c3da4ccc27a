/**
 * What the Codex adapter remembers between two lines, as plain JSON. Rollouts say most things
 * twice (as a response item and as an event), in an order that differs by kind and version; the
 * held records, the twins and the buffered ends are what puts the two together again.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { AdapterOptions } from "../frame.ts";
import type { ThreadLog } from "../thread-log.ts";
import type { Moment, ThreadState } from "../thread-state.ts";
import type { InheritedHistory } from "./inherited-history.ts";
import type { Twin } from "./twin-ledger.ts";

/** What a held record may turn out to be. */
export type HeldRole = "prompt" | "answer" | "thought" | "search" | "image";

/** A record that waits for the one behind it, which may be its twin. */
export type HeldRecord = {
  readonly role: HeldRole;
  /** What tells it from others of its role: its text, query or id. */
  readonly text: string;
  readonly raw: JsonObject;
  readonly moment: Moment;
};

/** What an event told about a call before the call's output came. */
export type BufferedEnd = {
  readonly callId: string;
  readonly raw: JsonObject;
  readonly moment: Moment;
};

/** The adapter's state. */
export type CodexState = {
  readonly format: "codex";
  readonly options: AdapterOptions;
  thread: ThreadState | null;
  /** The model of the newest turn context. */
  model: string | null;
  /** The thread's token totals so far, and as they were when the last run ended. */
  tokens: JsonObject | null;
  tokensBefore: JsonObject | null;
  /** Digest of the base instructions already kept, which every resume repeats. */
  instructions: string | null;
  /** While history taken over from another thread is read. */
  inherited: InheritedHistory | null;
  held: HeldRecord[];
  twins: Twin[];
  ends: BufferedEnd[];
  /** Calls known from an event alone: their response is an event as well. */
  eventCalls: string[];
};

/** The state and the log of its thread while one record is read. */
export type CodexReader = { readonly state: CodexState; readonly log: ThreadLog };

/** The state before a file's first line. */
export function startCodex(options: AdapterOptions): CodexState {
  return {
    format: "codex",
    options,
    thread: null,
    model: null,
    tokens: null,
    tokensBefore: null,
    instructions: null,
    inherited: null,
    held: [],
    twins: [],
    ends: [],
    eventCalls: [],
  };
}
