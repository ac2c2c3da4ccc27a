/**
 * The LiveBus of one process: exact, in order, synchronous. Listeners are called in the order
 * they subscribed, within the publish.
 */
import type { InFlight } from "@spool/protocol/live-frames";
import { keyText, type ThreadKey } from "../store/thread-key.ts";
import type { BusListener, BusMessage, LiveBus } from "./live-bus.ts";

/** An in-process bus. Holds nothing for threads without listeners. */
export class MemoryBus implements LiveBus {
  readonly #listeners = new Map<string, Set<BusListener>>();

  publish(key: ThreadKey, messages: readonly BusMessage[]): void {
    const listeners = this.#listeners.get(keyText(key));
    if (listeners === undefined) return;
    for (const listener of listeners) listener(messages);
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

  async inFlight(): Promise<InFlight | null> {
    return null;
  }
}
