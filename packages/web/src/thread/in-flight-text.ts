/**
 * What is being written at this moment: the text of messages and the output of tools in a running
 * turn, a fold of the transient frames (section "Transient contract" of the API). Pure but for its
 * own state. The durable event about a message or a call takes its place.
 */
import type { InFlight, TransientFrame } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";

/** A message as far as it is written; `isCut` where text before what is here is missing. */
export type WritingMessage = {
  readonly kind: "message";
  readonly id: string;
  readonly text: string;
  readonly thinking: string;
  readonly isCut: boolean;
};

/** A call under way; `name` and `input` null where they are not told yet. */
export type RunningCall = {
  readonly kind: "call";
  readonly id: string;
  readonly name: string | null;
  readonly input: unknown;
  readonly output: string;
  /** Where the output's text begins; above 0 when the oldest was cut. */
  readonly outputOffset: number;
  readonly status: string | null;
};

/** One of the two, in the order in which they began. */
export type Writing = WritingMessage | RunningCall;

type Place = { readonly text: string; readonly offset: number };
type Message = { text: Place; thinking: Place };
const nothing: Place = { text: "", offset: 0 };

/** What is in flight in one thread. `view` is a new list after each change. */
export class InFlightText {
  readonly #messages = new Map<string, Message>();
  readonly #calls = new Map<string, RunningCall>();
  /** Ids of both kinds, in the order in which they began. */
  readonly #order = new Set<string>();

  /** Begins with what a late joiner is told. */
  reset(inFlight: InFlight | null): void {
    this.#messages.clear();
    this.#calls.clear();
    this.#order.clear();
    for (const message of inFlight?.messages ?? []) {
      this.#order.add(`message ${message.messageId}`);
      this.#messages.set(message.messageId, {
        text: { text: message.text, offset: message.textOffset },
        thinking: { text: message.thinking, offset: message.thinkingOffset },
      });
    }
    for (const call of inFlight?.toolCalls ?? []) {
      const { toolCallId: id, name, input, output, outputOffset, status } = call;
      this.#order.add(`call ${id}`);
      this.#calls.set(id, { kind: "call", id, name, input, output, outputOffset, status });
    }
  }

  /** Takes in a transient frame. */
  take({ type, payload }: TransientFrame): void {
    const messageId = String(payload.messageId);
    switch (type) {
      case "assistant_message_delta":
        this.#write(messageId, "text", payload);
        return;
      case "assistant_thinking_delta":
        this.#write(messageId, "thinking", payload);
        return;
      case "tool_call_started": {
        const { name, input = null } = payload;
        this.#change(payload, { name: String(name), input, status: null });
        return;
      }
      case "tool_output_delta": {
        const call = this.#callOf(payload);
        const { text, offset } = extended(
          { text: call.output, offset: call.outputOffset },
          payload,
        );
        this.#change(payload, { output: text, outputOffset: offset });
        return;
      }
      case "tool_call_completed":
        this.#change(payload, { status: String(payload.status) });
    }
  }

  /** A durable event: what was in flight about it has had its last word. */
  settle({ type, payload }: Event): void {
    if (type === "run_completed" || type === "run_started") this.reset(null);
    if (type === "assistant_message") this.#forget("message", String(payload.messageId));
    if (type === "tool_result") this.#forget("call", String(payload.toolCallId));
  }

  /** Everything in flight. */
  view(): Writing[] {
    return [...this.#order].map((name) => {
      const id = name.slice(name.indexOf(" ") + 1);
      const message = name.startsWith("message ") ? this.#messages.get(id) : undefined;
      if (message === undefined) return this.#calls.get(id) as RunningCall;
      const { text, thinking } = message;
      const isCut = text.offset > 0 || thinking.offset > 0;
      return { kind: "message", id, text: text.text, thinking: thinking.text, isCut };
    });
  }

  #write(id: string, part: "text" | "thinking", payload: TransientFrame["payload"]): void {
    const message = this.#messages.get(id) ?? { text: nothing, thinking: nothing };
    this.#messages.set(id, { ...message, [part]: extended(message[part], payload) });
    this.#order.add(`message ${id}`);
  }

  #callOf({ toolCallId }: TransientFrame["payload"]): RunningCall {
    const id = String(toolCallId);
    const told = { name: null, input: null, output: "", outputOffset: 0, status: null };
    return this.#calls.get(id) ?? { kind: "call", id, ...told };
  }

  #change(payload: TransientFrame["payload"], change: Partial<RunningCall>): void {
    const call = { ...this.#callOf(payload), ...change };
    this.#calls.set(call.id, call);
    this.#order.add(`call ${call.id}`);
  }

  #forget(kind: "message" | "call", id: string): void {
    (kind === "message" ? this.#messages : this.#calls).delete(id);
    this.#order.delete(`${kind} ${id}`);
  }
}

/** The text with a delta at its place; a delta beyond the end, or marked `cut`, begins anew. */
function extended({ text, offset }: Place, payload: TransientFrame["payload"]): Place {
  const delta = String(payload.delta);
  const end = offset + text.length;
  const place = typeof payload.offset === "number" ? payload.offset : end;
  if (place > end || place < offset) return { text: delta, offset: place };
  const isNew = place + delta.length > end;
  return isNew ? { text: text + delta.slice(end - place), offset } : { text, offset };
}
