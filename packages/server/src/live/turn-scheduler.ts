/**
 * Ends each turn of the event loop once for everything live: first the feeds hand out what happened
 * to their threads, then every connection that was given something writes it in one go.
 */

/** Threads with something to hand out; beyond it `relieve` does not wait for the end of the turn. */
const feedsMax = 64;

/** Something that has work at the end of the turn. */
export type TurnEnd = { endTurn(): void };

/** The ends of turns of one server. */
export class TurnScheduler {
  #feeds = new Set<TurnEnd>();
  #outlets = new Set<TurnEnd>();
  #scheduled = false;

  /** `feed.endTurn` is called once, before the outlets'. */
  addFeed(feed: TurnEnd): void {
    this.#feeds.add(feed);
    this.#schedule();
  }

  /** `outlet.endTurn` is called once, after the feeds'. */
  addOutlet(outlet: TurnEnd): void {
    this.#outlets.add(outlet);
    this.#schedule();
  }

  /**
   * Ends the turn here where much waits for its end. Called when a message that publishes has been
   * worked off: who watches its threads need not wait for the messages of other sockets.
   */
  relieve(): void {
    if (this.#feeds.size > feedsMax) this.#end();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#end();
    });
  }

  #end(): void {
    const feeds = this.#feeds;
    this.#feeds = new Set();
    for (const feed of feeds) feed.endTurn();
    const outlets = this.#outlets;
    this.#outlets = new Set();
    for (const outlet of outlets) outlet.endTurn();
  }
}
