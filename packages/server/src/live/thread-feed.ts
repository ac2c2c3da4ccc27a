/**
 * One watched thread: a single subscription to the bus for all its watchers. Gathers what happens
 * in a turn of the event loop and hands it to each of them as one `Turn`, whose bytes they share.
 */
import type { ThreadRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { LiveBus } from "./live-bus.ts";
import { Turn } from "./turn.ts";
import type { TurnScheduler } from "./turn-scheduler.ts";

/** Who is told of turns, and now and then of how the thread stands. Must not throw or block. */
export interface FeedMember {
  receive(turn: Turn): void;
  /** The thread as the store has it: a bus may have lost the last hint. */
  compare(thread: ThreadRow): void;
}

/** The feed of one thread, subscribed to the bus from its construction until `close`. */
export class ThreadFeed {
  readonly #key: ThreadKey;
  readonly #scheduler: TurnScheduler;
  readonly #members = new Set<FeedMember>();
  readonly #unsubscribe: () => void;
  #turn: Turn;

  constructor(key: ThreadKey, bus: LiveBus, scheduler: TurnScheduler) {
    this.#key = key;
    this.#scheduler = scheduler;
    this.#turn = new Turn(key.threadId);
    this.#unsubscribe = bus.subscribe(key, (messages) => {
      if (this.#turn.isEmpty) this.#scheduler.addFeed(this);
      this.#turn.add(messages);
    });
  }

  get key(): ThreadKey {
    return this.#key;
  }

  get size(): number {
    return this.#members.size;
  }

  /** From the next message on: what waits for the end of the turn is handed out before. */
  join(member: FeedMember): void {
    this.endTurn();
    this.#members.add(member);
  }

  leave(member: FeedMember): void {
    this.#members.delete(member);
  }

  /** Lets every member see whether it has heard of everything. */
  compare(thread: ThreadRow): void {
    this.endTurn();
    for (const member of this.#members) member.compare(thread);
  }

  /** Hands out what waits; what comes after this call is in another turn. */
  endTurn(): void {
    if (this.#turn.isEmpty) return;
    const turn = this.#turn;
    this.#turn = new Turn(this.#key.threadId);
    for (const member of this.#members) member.receive(turn);
  }

  close(): void {
    this.#unsubscribe();
  }
}
