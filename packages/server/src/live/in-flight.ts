/**
 * What is in flight in a thread's running turn: a fold of its transient frames, so that a late
 * joiner shows the same text as one who was there, and a slow one can be given the rest at once.
 * Bounded; over the bound the oldest text is cut and its offset says so. Kept by the LiveBus.
 *
 * A delta's place is its `offset`, in UTF-16 units of its id and kind:
 *
 *   held:      textOffset ├────────────┤ end
 *   overlap:                    ├──────┼───┤   what is held is left out
 *   next:                              ├───┤
 *   cut:                                   · ├───┤   held text restarts there, `cut: true`
 */

import type { JsonObject } from "@spool/protocol/json";
import type { InFlight } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";

/** A transient frame, as accepted. */
export type TransientInput = {
  readonly type: string;
  readonly runId: string;
  readonly rolloutId: string;
  readonly sequenceNumber: number;
  readonly occurredAt: string | null;
  readonly payload: JsonObject;
};

/** The part of it that watchers are to see; `cut` where text before it is missing. */
export type TransientOutput = TransientInput & { readonly cut: boolean };

/** Text of one id and kind, from `offset` on. */
type Text = { text: string; offset: number };

type MessageState = { readonly text: Text; readonly thinking: Text; sources: unknown[] };
type CallState = {
  name: string | null;
  input: unknown;
  readonly output: Text;
  status: string | null;
};

/** Most bytes of JSON that `view` gives (LIVE19); cut to three quarters when it is passed. */
export const inFlightBytesMax = 256 * 1024;

/** What is in flight in one thread; runs replace each other in it. */
export class InFlightState {
  #runId: string | null = null;
  #sequenceNumber = 0;
  readonly #messages = new Map<string, MessageState>();
  readonly #calls = new Map<string, CallState>();
  /** Bytes of JSON, never fewer than `view` gives: payloads are counted as they come. */
  #bytes = 0;

  /** True when there is nothing to tell a late joiner. */
  get isEmpty(): boolean {
    return this.#messages.size === 0 && this.#calls.size === 0;
  }

  /** Folds a frame in. Null when all of it was seen before, so that nobody needs it. */
  accept(frame: TransientInput): TransientOutput | null {
    this.#enter(frame.runId);
    this.#sequenceNumber = frame.sequenceNumber;
    const text = this.#textOf(frame);
    if (text !== null) return this.#acceptDelta(frame, text);
    const { payload } = frame;
    this.#bytes += jsonBytes(payload);
    if (frame.type === "assistant_message_source") {
      this.#message(payload.messageId as string).sources.push(payload.source);
    } else {
      this.#acceptCall(frame);
    }
    this.#bound();
    return { ...frame, cut: false };
  }

  /** Takes out what a durable event is the last word on; all of it when the run is over. */
  settle(event: Event): void {
    const { type, payload } = event;
    if (type === "run_started" || type === "run_completed") {
      this.#clear();
      return;
    }
    if (type === "assistant_message") this.#drop(this.#messages, payload.messageId as string);
    if (type === "tool_result") this.#drop(this.#calls, payload.toolCallId as string);
  }

  /** The state as a snapshot holds it; null when nothing is in flight. */
  view(): InFlight | null {
    if (this.#runId === null || this.isEmpty) return null;
    return {
      runId: this.#runId,
      sequenceNumber: this.#sequenceNumber,
      messages: [...this.#messages].map(([id, message]) => messageView(id, message)),
      toolCalls: [...this.#calls].map(([id, call]) => callView(id, call)),
    };
  }

  #acceptDelta(frame: TransientInput, held: Text): TransientOutput | null {
    const { payload } = frame;
    const delta = payload.delta as string;
    const end = held.offset + held.text.length;
    const offset = (payload.offset as number | undefined) ?? end;
    if (offset > end) {
      this.#bytes -= jsonBytes(held.text);
      held.text = "";
      held.offset = offset;
    }
    const fresh = offset < end ? delta.slice(end - offset) : delta;
    if (fresh === "" && delta !== "") return null;
    held.text += fresh;
    this.#bytes += jsonBytes(fresh);
    this.#bound();
    const shown = { ...payload, delta: fresh, offset: Math.max(offset, end) };
    return { ...frame, payload: shown, cut: offset > end };
  }

  /** The text a delta continues; null for a frame that is no delta. */
  #textOf({ type, payload }: TransientInput): Text | null {
    switch (type) {
      case "assistant_message_delta":
        return this.#message(payload.messageId as string).text;
      case "assistant_thinking_delta":
        return this.#message(payload.messageId as string).thinking;
      case "tool_output_delta":
        return this.#call(payload.toolCallId as string).output;
      default:
        return null;
    }
  }

  #acceptCall({ type, payload }: TransientInput): void {
    const call = this.#call(payload.toolCallId as string);
    if (type === "tool_call_completed") {
      call.status = payload.status as string;
      return;
    }
    call.name = payload.name as string;
    if (payload.input !== undefined) call.input = payload.input;
    call.status ??= "running";
  }

  #message(messageId: string): MessageState {
    let message = this.#messages.get(messageId);
    if (message === undefined) {
      message = { text: emptyText(), thinking: emptyText(), sources: [] };
      this.#messages.set(messageId, message);
      this.#bytes += itemBytesMax + jsonBytes(messageId);
    }
    return message;
  }

  #call(toolCallId: string): CallState {
    let call = this.#calls.get(toolCallId);
    if (call === undefined) {
      call = { name: null, input: null, output: emptyText(), status: null };
      this.#calls.set(toolCallId, call);
      this.#bytes += itemBytesMax + jsonBytes(toolCallId);
    }
    return call;
  }

  #enter(runId: string): void {
    if (this.#runId === runId) return;
    this.#clear();
    this.#runId = runId;
  }

  #clear(): void {
    this.#messages.clear();
    this.#calls.clear();
    this.#runId = null;
    this.#sequenceNumber = 0;
    this.#bytes = 0;
  }

  #drop(items: Map<string, MessageState> | Map<string, CallState>, id: string): void {
    const item = items.get(id);
    if (item === undefined) return;
    items.delete(id);
    this.#bytes -= itemBytes(id, item);
  }

  /** Cuts the oldest texts, then inputs and sources, then the oldest items, until it fits. */
  #bound(): void {
    if (this.#bytes <= inFlightBytesMax) return;
    this.#bytes = jsonBytes(this.view());
    if (this.#bytes <= inFlightBytesMax) return;
    let surplus = this.#bytes - inFlightBytesMax * 0.75;
    for (const held of this.#texts()) {
      if (surplus <= 0) break;
      surplus -= cutFront(held, surplus);
    }
    for (const item of [...this.#messages.values(), ...this.#calls.values()]) {
      if (surplus <= 0) break;
      surplus -= dropAttachments(item);
    }
    for (const items of [this.#messages, this.#calls]) {
      for (const [id, item] of items) {
        if (surplus <= 0) break;
        surplus -= itemBytes(id, item);
        items.delete(id);
      }
    }
    this.#bytes = jsonBytes(this.view());
  }

  /** Every text, in the order its item began. */
  *#texts(): Generator<Text> {
    for (const { text, thinking } of this.#messages.values()) yield* [thinking, text];
    for (const { output } of this.#calls.values()) yield output;
  }
}

function emptyText(): Text {
  return { text: "", offset: 0 };
}

/** At least what the JSON of an item takes beside its id, its text and what is attached to it. */
const itemBytesMax = 160;

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function itemBytes(id: string, item: MessageState | CallState): number {
  return jsonBytes("sources" in item ? messageView(id, item) : callView(id, item));
}

function messageView(messageId: string, { text, thinking, sources }: MessageState) {
  return {
    messageId,
    text: text.text,
    textOffset: text.offset,
    thinking: thinking.text,
    thinkingOffset: thinking.offset,
    sources: [...sources],
  };
}

function callView(toolCallId: string, { name, input, output, status }: CallState) {
  const { text, offset } = output;
  return { toolCallId, name, input, output: text, outputOffset: offset, status };
}

/** Takes at least `surplus` bytes of JSON off the front, never half a pair. Returns how many. */
function cutFront(held: Text, surplus: number): number {
  const before = jsonBytes(held.text);
  // A unit is at least one byte, so this cuts no less than needed.
  let units = Math.min(held.text.length, Math.ceil(surplus));
  if (isLowSurrogate(held.text.charCodeAt(units))) units += 1;
  held.text = held.text.slice(units);
  held.offset += units;
  return before - jsonBytes(held.text);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function dropAttachments(item: MessageState | CallState): number {
  if ("sources" in item) {
    const bytes = jsonBytes(item.sources) - jsonBytes([]);
    item.sources = [];
    return bytes;
  }
  const bytes = jsonBytes(item.input) - jsonBytes(null);
  item.input = null;
  return bytes;
}
