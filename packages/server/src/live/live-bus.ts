/**
 * The seam through which accepted frames reach watchers. Embedded: in process. Scaled: NATS.
 * `live-bus.contract.ts` is what implementations must pass.
 *
 * Towards the sessions a bus may drop, repeat or reorder messages: a session sends
 * `sequence = last + 1` only, ignores what is not above `last`, and reads the store when it sees
 * a hole. So the bus is about speed; what is complete and in order is the session's work (LIVE5).
 *
 * A bus also keeps what is in flight in each thread's running turn (`in-flight.ts`): transient
 * frames pass through it on their way, overlaps are left out and cuts are marked.
 */
import type { InFlight } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";
import type { ThreadRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { TransientOutput } from "./in-flight.ts";

/** Something a thread's watchers may want to see. Durable ones are on stable storage already. */
export type BusMessage =
  | {
      readonly kind: "event";
      readonly sequence: number;
      readonly event: Event;
      readonly line: Buffer;
    }
  | { readonly kind: "transient"; readonly frame: TransientOutput }
  | {
      readonly kind: "renamed";
      readonly title: string | null;
      readonly titleSource: "user" | "message" | null;
    }
  | { readonly kind: "archived"; readonly archived: boolean }
  | { readonly kind: "deleted" }
  /** For those who publish in the run, not for watchers (LIVE25). */
  | { readonly kind: "cancel_requested"; readonly runId: string }
  /**
   * Many events came at once, of which the next message is the last; nothing is in flight any more.
   * `rewrites`: events that were told are gone, so that every watcher has to start over (MOVE8).
   */
  | { readonly kind: "imported"; readonly rewrites: boolean }
  /** On `listTopic` only: a thread of the owner's list as it is now. */
  | { readonly kind: "row"; readonly row: ThreadRow };

/** The topic on which changes of an owner's threads are told; no thread has such an id. */
export function listTopic(owner: { orgId: string; ownerUserId: string }): ThreadKey {
  return { orgId: owner.orgId, threadId: `@${owner.ownerUserId}` };
}

/** Called with the messages of one publish, in order. Must not throw and must not block. */
export type BusListener = (messages: readonly BusMessage[]) => void;

/** Carries what happens to threads from whoever decided it to whoever watches. Throws nothing. */
export interface LiveBus {
  /** Hands messages to every listener of the thread. Never waits for one. */
  publish(key: ThreadKey, messages: readonly BusMessage[]): void;
  /** From the next publish on. Returns what ends it; calling that twice is harmless. */
  subscribe(key: ThreadKey, listener: BusListener): () => void;
  /** What is in flight in the thread's running turn at the moment of the call, or null. */
  inFlight(key: ThreadKey): Promise<InFlight | null>;
}
