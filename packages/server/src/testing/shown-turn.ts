/**
 * What a client shows of a running turn: folds the snapshot's `inFlight` and the transient frames
 * behind it, and fails at a delta that does not continue what is shown and is no `cut` (LIVE20,
 * LIVE21). Used by the tests of the live stream.
 */
import { strict as assert } from "node:assert";
import type { ReceivedFrame } from "./test-watcher.ts";

/** Text of one id and kind, from `offset` on; `cuts` times it had to begin anew. */
export type ShownText = { text: string; offset: number; cuts: number };

/** Names of texts are `text m1`, `thinking m1`, `output c1`. */
export type ShownTurn = {
  /** What is in flight, by name. */
  readonly open: Map<string, ShownText>;
  /** What was shown last of an id whose durable frame has come, by name. */
  readonly finished: Map<string, ShownText>;
  readonly deltas: number;
};

const kinds: Readonly<Record<string, readonly [string, string]>> = {
  assistant_message_delta: ["text", "messageId"],
  assistant_thinking_delta: ["thinking", "messageId"],
  tool_output_delta: ["output", "toolCallId"],
};

/** Folds the frames of one connection, the snapshot first. */
export function shownTurn(frames: readonly ReceivedFrame[]): ShownTurn {
  const open = new Map<string, ShownText>();
  const finished = new Map<string, ShownText>();
  let deltas = 0;
  const finish = (name: string) => {
    const shown = open.get(name);
    if (shown !== undefined) finished.set(name, shown);
    open.delete(name);
  };
  for (const { frame, text } of frames) {
    const { type, payload } = frame;
    const kind = kinds[type];
    if (type === "snapshot") takeInFlight(open, frame.inFlight);
    else if (type === "run_started" || type === "run_completed") open.clear();
    else if (type === "assistant_message") {
      finish(`text ${payload.messageId}`);
      finish(`thinking ${payload.messageId}`);
    } else if (type === "tool_result") finish(`output ${payload.toolCallId}`);
    else if (kind !== undefined) {
      deltas += 1;
      const [word, id] = kind;
      takeDelta(open, `${word} ${payload[id]}`, { frame, text });
    }
  }
  return { open, finished, deltas };
}

function takeInFlight(
  open: Map<string, ShownText>,
  // biome-ignore lint/suspicious/noExplicitAny: as received
  inFlight: any,
): void {
  open.clear();
  for (const one of inFlight?.messages ?? []) {
    const { messageId, text, textOffset, thinking, thinkingOffset } = one;
    open.set(`text ${messageId}`, { text, offset: textOffset, cuts: 0 });
    open.set(`thinking ${messageId}`, { text: thinking, offset: thinkingOffset, cuts: 0 });
  }
  for (const { toolCallId, output, outputOffset } of inFlight?.toolCalls ?? []) {
    open.set(`output ${toolCallId}`, { text: output, offset: outputOffset, cuts: 0 });
  }
}

function takeDelta(
  open: Map<string, ShownText>,
  name: string,
  { frame, text }: ReceivedFrame,
): void {
  const { delta, offset } = frame.payload;
  const shown = open.get(name) ?? { text: "", offset: 0, cuts: 0 };
  open.set(name, shown);
  if (frame.cut === true) {
    Object.assign(shown, { text: delta, offset, cuts: shown.cuts + 1 });
    return;
  }
  const end = shown.offset + shown.text.length;
  assert.equal(offset, end, `${name} ends at ${end}: ${text.slice(0, 200)}`);
  shown.text += delta;
}
