/**
 * The seam through which accepted frames reach watchers. Embedded: in process. Scaled: NATS.
 * `live-bus.contract.ts` is what implementations must pass.
 *
 * Towards the sessions a bus may drop, repeat or reorder messages: a session sends
 * `sequence = last + 1` only, ignores what is not above `last`, and reads the store when it sees
 * a hole. So the bus is about speed; what is complete and in order is the session's work (LIVE5).
 */
import type { InFlight } from "@spool/protocol/live-frames";
import type { ThreadKey } from "../store/thread-key.ts";

/** Something a thread's watchers may want to see. Durable ones are on stable storage already. */
export type BusMessage =
  | { readonly kind: "event"; readonly sequence: number; readonly line: Buffer }
  | { readonly kind: "transient"; readonly text: string }
  | {
      readonly kind: "renamed";
      readonly revision: number;
      readonly title: string | null;
      readonly titleSource: "user" | "message" | null;
    }
  | { readonly kind: "archived"; readonly revision: number; readonly archived: boolean }
  | { readonly kind: "deleted"; readonly revision: number };

/** Called with the messages of one publish, in order. Must not throw and must not block. */
export type BusListener = (messages: readonly BusMessage[]) => void;

export interface LiveBus {
  /** Hands messages to every listener of the thread. Never waits for one. */
  publish(key: ThreadKey, messages: readonly BusMessage[]): void;
  /** From the next publish on. Returns what ends it; calling that twice is harmless. */
  subscribe(key: ThreadKey, listener: BusListener): () => void;
  /** What is in flight in the thread's running turn, or null. */
  inFlight(key: ThreadKey): Promise<InFlight | null>;
}
