/**
 * The text a watcher shows of the turn in flight: its snapshot's `inFlight` and the deltas behind
 * it, joined by their offsets. Fails at a hole or an overlap the server did not announce as a cut,
 * and at a delta about an id that has had its last word. For tests.
 */
import type { TestWatcher } from "./test-watcher.ts";

type Text = { readonly text: string; readonly end: number };

/** Texts by kind and id, for example `text m1`, `thinking m1`, `output c1`. */
export function liveTextsOf(watcher: TestWatcher): Map<string, string> {
  const fold = new TextFold();
  fold.begin(watcher.snapshot);
  for (const { frame } of watcher.tail) fold.take(frame);
  return fold.texts();
}

class TextFold {
  readonly #texts = new Map<string, Text>();
  readonly #finished = new Set<string>();

  texts(): Map<string, string> {
    return new Map([...this.#texts].map(([name, { text }]) => [name, text]));
  }

  // biome-ignore lint/suspicious/noExplicitAny: a snapshot as received
  begin({ inFlight, events }: any): void {
    for (const { messageId, ...message } of inFlight?.messages ?? []) {
      this.#hold(`text ${messageId}`, message.text, message.textOffset);
      this.#hold(`thinking ${messageId}`, message.thinking, message.thinkingOffset);
    }
    for (const { toolCallId, output, outputOffset } of inFlight?.toolCalls ?? []) {
      this.#hold(`output ${toolCallId}`, output, outputOffset);
    }
    for (const event of events) {
      const name = this.#finish(event);
      if (this.#texts.has(name)) throw new Error(`${name} is in the history and in flight`);
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: frames of every shape
  take(frame: any): void {
    const { type, payload } = frame;
    if (frame.sequence !== undefined) {
      if (type === "run_completed") this.#texts.clear();
      this.#texts.delete(this.#finish(frame));
      if (type === "assistant_message") this.#texts.delete(`thinking ${payload.messageId}`);
      return;
    }
    const kind = kindOf(type);
    if (kind !== null) this.#append(`${kind} ${payload.messageId ?? payload.toolCallId}`, frame);
  }

  #hold(name: string, text: string, offset: number): void {
    if (text !== "") this.#texts.set(name, { text, end: offset + text.length });
  }

  /** Notes the id an event is the last word on; gives the name of its text. */
  // biome-ignore lint/suspicious/noExplicitAny: an event as received
  #finish({ type, payload }: any): string {
    const id = type === "tool_result" ? payload.toolCallId : payload.messageId;
    const isLastWord = type === "tool_result" || type === "assistant_message";
    if (isLastWord && id !== undefined) this.#finished.add(id);
    return type === "tool_result" ? `output ${id}` : `text ${id}`;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a delta as received
  #append(name: string, { payload, cut }: any): void {
    const { delta, offset } = payload;
    const held = this.#texts.get(name) ?? { text: "", end: 0 };
    if (this.#finished.has(name.slice(name.indexOf(" ") + 1))) {
      throw new Error(`a delta of ${name} behind its last word`);
    }
    if (offset !== held.end && cut !== true) {
      throw new Error(`a delta of ${name} at ${offset} behind ${held.end}`);
    }
    const text = offset === held.end ? held.text + delta : delta;
    this.#texts.set(name, { text, end: offset + delta.length });
  }
}

function kindOf(type: string): string | null {
  if (type === "assistant_message_delta") return "text";
  if (type === "assistant_thinking_delta") return "thinking";
  return type === "tool_output_delta" ? "output" : null;
}
