/**
 * The LiveBus of one process: exact, in order, synchronous. Listeners are called in the order
 * they subscribed, within the publish.
 */
import type { InFlight } from "@spool/protocol/live-frames";
import { keyText, type ThreadKey } from "../store/thread-key.ts";
import { InFlightState } from "./in-flight.ts";
import type { BusListener, BusMessage, LiveBus } from "./live-bus.ts";

/** An in-process bus. Holds something only for threads with listeners or something in flight. */
export class MemoryBus implements LiveBus {
  readonly #listeners = new Map<string, Set<BusListener>>();
  readonly #inFlight = new Map<string, InFlightState>();

  publish(key: ThreadKey, messages: readonly BusMessage[]): void {
    const text = keyText(key);
    const shown = this.#fold(text, messages);
    if (shown.length === 0) return;
    const listeners = this.#listeners.get(text);
    if (listeners === undefined) return;
    for (const listener of listeners) listener(shown);
  }

  subscribe(key: ThreadKey, listener: BusListener): () => void {
    const text = keyText(key);
    const listeners = this.#listeners.get(text) ?? new Set();
    // A wrapper per call, so that one function may subscribe twice and end each on its own.
    const own: BusListener = (messages) => listener(messages);
    this.#listeners.set(text, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(text) === listeners) {
        this.#listeners.delete(text);
      }
    };
  }

  // Not async: the state is that of the call, not of a later turn.
  inFlight(key: ThreadKey): Promise<InFlight | null> {
    return Promise.resolve(this.#inFlight.get(keyText(key))?.view() ?? null);
  }

  /** Folds the messages into what is in flight; transient frames come out as watchers get them. */
  #fold(text: string, messages: readonly BusMessage[]): readonly BusMessage[] {
    const known = this.#inFlight.get(text);
    const hasTransient = messages.some((message) => message.kind === "transient");
    if (known === undefined && !hasTransient) return messages;
    const isAnother = known === undefined || messages.some(({ kind }) => kind === "imported");
    const state = isAnother ? new InFlightState() : known;
    const shown = messages.map((message) => shownOf(state, message));
    const isOver = state.isEmpty || messages.at(-1)?.kind === "deleted";
    if (isOver) this.#inFlight.delete(text);
    else this.#inFlight.set(text, state);
    return shown.every(isShown) ? shown : shown.filter(isShown);
  }
}

/** Folds a message in and gives what watchers get; null for what they have seen. */
function shownOf(state: InFlightState, message: BusMessage): BusMessage | null {
  if (message.kind === "event") state.settle(message.event);
  if (message.kind !== "transient") return message;
  const frame = state.accept(message.frame);
  return frame === null ? null : { kind: "transient", frame };
}

function isShown(message: BusMessage | null): message is BusMessage {
  return message !== null;
}
