/**
 * What a person sees of the turn in flight: the snapshot's `inFlight` and the live frames behind
 * it, put together by offset. Guarantees that each text is a piece of the final one, from its
 * offset on without a hole, whatever was cut, merged or shown twice. Pure; for pages and printers.
 *
 *   shown:    textOffset ├────────────┤ end
 *   overlap:                    ├──────┼───┤    what is shown is left out
 *   cut:                                  ├───┤  what was shown is given up, the text restarts
 */
import type { InFlight, TransientFrame } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";
import type { Received } from "./watch-progress.ts";

/** A message being written; its `text` begins `textOffset` UTF-16 units into the final one. */
export type MessageInFlight = InFlight["messages"][number];
/** A tool call under way. */
export type CallInFlight = InFlight["toolCalls"][number];

/**
 * What is in flight after one more frame of the thread's stream; null when nothing is. `shown` is
 * not changed: what stays the same stays the same object.
 */
export function inFlightAfter(shown: InFlight | null, received: Received): InFlight | null {
  switch (received.kind) {
    case "snapshot":
      return received.frame.inFlight;
    case "event":
      return afterEvent(shown, received.frame);
    case "transient":
      return afterTransient(shown, received.frame);
    case "notice":
      return received.frame.type === "thread_deleted" ? null : shown;
  }
}

/** The durable frame is the last word about its message or call, and the end of a run about all. */
function afterEvent(shown: InFlight | null, { type, payload }: Event): InFlight | null {
  if (shown === null || type === "run_started" || type === "run_completed") return null;
  if (type === "assistant_message") {
    return without(shown, { messageId: payload.messageId });
  }
  return type === "tool_result" ? without(shown, { toolCallId: payload.toolCallId }) : shown;
}

function without(
  shown: InFlight,
  { messageId, toolCallId }: { messageId?: unknown; toolCallId?: unknown },
): InFlight | null {
  const messages = shown.messages.filter((one) => one.messageId !== messageId);
  const toolCalls = shown.toolCalls.filter((one) => one.toolCallId !== toolCallId);
  return messages.length + toolCalls.length === 0 ? null : { ...shown, messages, toolCalls };
}

function afterTransient(shown: InFlight | null, frame: TransientFrame): InFlight {
  const { runId, sequenceNumber, payload } = frame;
  const base = shown?.runId === runId ? shown : { runId, messages: [], toolCalls: [] };
  const { messageId, toolCallId } = payload as { messageId?: string; toolCallId?: string };
  if (messageId !== undefined) {
    const messages = changed(base.messages, (one) => one.messageId === messageId, {
      before: () => emptyMessage(messageId),
      after: (message) => messageAfter(message, frame),
    });
    return { ...base, sequenceNumber, messages };
  }
  const callId = String(toolCallId);
  const toolCalls = changed(base.toolCalls, (one) => one.toolCallId === callId, {
    before: () => emptyCall(callId),
    after: (call) => callAfter(call, frame),
  });
  return { ...base, sequenceNumber, toolCalls };
}

function messageAfter(message: MessageInFlight, frame: TransientFrame): MessageInFlight {
  const { type, payload } = frame;
  switch (type) {
    case "assistant_message_delta": {
      const [text, textOffset] = textAfter(message.text, message.textOffset, frame);
      return { ...message, text, textOffset };
    }
    case "assistant_thinking_delta": {
      const [thinking, thinkingOffset] = textAfter(message.thinking, message.thinkingOffset, frame);
      return { ...message, thinking, thinkingOffset };
    }
    case "assistant_message_source":
      return { ...message, sources: [...message.sources, payload.source] };
    default:
      return message;
  }
}

function callAfter(call: CallInFlight, frame: TransientFrame): CallInFlight {
  const { type, payload } = frame;
  switch (type) {
    case "tool_call_started": {
      const { name, input } = payload as { name: string; input?: unknown };
      return { ...call, name, input: input ?? call.input, status: call.status ?? "running" };
    }
    case "tool_output_delta": {
      const [output, outputOffset] = textAfter(call.output, call.outputOffset, frame);
      return { ...call, output, outputOffset };
    }
    case "tool_call_completed":
      return { ...call, status: String(payload.status) };
    default:
      return call;
  }
}

/** The text and its offset after a delta: continued, or begun anew where a piece is missing. */
function textAfter(text: string, textOffset: number, frame: TransientFrame): [string, number] {
  const { delta, offset } = frame.payload as { delta: string; offset?: number };
  const end = textOffset + text.length;
  const start = offset ?? end;
  const isCut = (frame as { cut?: boolean }).cut === true;
  if (isCut || start > end || start < textOffset) return [delta, start];
  return [text + delta.slice(end - start), textOffset];
}

/** The list with one item replaced, or added at the end. */
function changed<T>(
  items: readonly T[],
  isIt: (item: T) => boolean,
  { before, after }: { before: () => T; after: (item: T) => T },
): T[] {
  const index = items.findIndex(isIt);
  if (index === -1) return [...items, after(before())];
  return items.with(index, after(items[index] as T));
}

function emptyMessage(messageId: string): MessageInFlight {
  return { messageId, text: "", textOffset: 0, thinking: "", thinkingOffset: 0, sources: [] };
}

function emptyCall(toolCallId: string): CallInFlight {
  return { toolCallId, name: null, input: null, output: "", outputOffset: 0, status: null };
}
