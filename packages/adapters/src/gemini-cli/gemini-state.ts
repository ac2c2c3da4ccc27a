/** What the Gemini CLI adapter remembers between two lines, as plain JSON. */
import type { JsonObject } from "@spool/protocol/json";
import type { AdapterOptions } from "../frame.ts";
import type { ThreadLog } from "../thread-log.ts";
import type { ThreadState } from "../thread-state.ts";

/** What of a message is out already; a later record with its id may hold more. */
export type SeenMessage = {
  readonly id: string;
  /** Digest of the text given out, and the id it has. */
  text: string | null;
  messageId: string | null;
  thoughts: number;
  tokens: JsonObject | null;
};

/** The adapter's state. */
export type GeminiState = {
  readonly format: "gemini-cli";
  readonly options: AdapterOptions;
  thread: ThreadState | null;
  seen: SeenMessage[];
  /** Whether the newest message is an answer that called no tool. */
  answered: boolean;
  /** Tokens of the open run. */
  tokens: Record<string, number>;
};

/** The state and the log of its thread while one record is read. */
export type GeminiReader = { readonly state: GeminiState; readonly log: ThreadLog };
