/**
 * The rest of what is in flight for a watcher that was shown a part of it: one merged delta per id
 * and kind from the offset it has, instead of a queue of deltas. Pure.
 */
import type { InFlight } from "@spool/protocol/live-frames";
import type { TransientOutput } from "./in-flight.ts";

/** The frames that bring a watcher from `shown` to `now`; null: nothing in flight. */
export function inFlightRest(
  shown: InFlight | null,
  now: InFlight | null,
  rolloutId: string,
): TransientOutput[] {
  if (now === null) return [];
  const sameRun = shown?.runId === now.runId ? shown : null;
  const { runId, sequenceNumber } = now;
  const frame = (type: string, payload: object, cut = false): TransientOutput => {
    const place = { runId, rolloutId, sequenceNumber, occurredAt: null };
    return { type, ...place, payload: { ...payload }, cut };
  };
  const frames: TransientOutput[] = [];
  for (const message of now.messages) {
    const { messageId } = message;
    const before = sameRun?.messages.find((one) => one.messageId === messageId);
    const thinking = restOf(
      message.thinking,
      message.thinkingOffset,
      endOf(before?.thinking, before?.thinkingOffset),
    );
    if (thinking)
      frames.push(
        frame("assistant_thinking_delta", { messageId, ...thinking.payload }, thinking.cut),
      );
    const text = restOf(message.text, message.textOffset, endOf(before?.text, before?.textOffset));
    if (text)
      frames.push(frame("assistant_message_delta", { messageId, ...text.payload }, text.cut));
    for (const source of message.sources.slice(before?.sources.length ?? 0)) {
      frames.push(frame("assistant_message_source", { messageId, source }));
    }
  }
  for (const call of now.toolCalls) {
    const { toolCallId, name, input, status } = call;
    const before = sameRun?.toolCalls.find((one) => one.toolCallId === toolCallId);
    if (name !== null && before?.name !== name) {
      frames.push(
        frame("tool_call_started", { toolCallId, name, ...(input === null ? {} : { input }) }),
      );
    }
    const output = restOf(
      call.output,
      call.outputOffset,
      endOf(before?.output, before?.outputOffset),
    );
    if (output)
      frames.push(frame("tool_output_delta", { toolCallId, ...output.payload }, output.cut));
    const isCompleted = status !== null && status !== "running" && before?.status !== status;
    if (isCompleted) frames.push(frame("tool_call_completed", { toolCallId, status }));
  }
  return frames;
}

function endOf(text: string | undefined, offset: number | undefined): number {
  return (text?.length ?? 0) + (offset ?? 0);
}

/** Text from `shownEnd` on; a cut where what comes next is no longer held. */
function restOf(text: string, offset: number, shownEnd: number) {
  if (offset + text.length <= shownEnd) return null;
  const cut = offset > shownEnd;
  const from = cut ? offset : shownEnd;
  return { payload: { delta: text.slice(from - offset), offset: from }, cut };
}
