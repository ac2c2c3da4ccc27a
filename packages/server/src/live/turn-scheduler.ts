/**
 * Ends each turn of the event loop once for everything live: first the feeds hand out what happened
 * to their threads, then every connection that was given something writes it in one go.
 */

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

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    this.#scheduled = false;
    const feeds = this.#feeds;
    this.#feeds = new Set();
    for (const feed of feeds) feed.endTurn();
    const outlets = this.#outlets;
    this.#outlets = new Set();
    for (const outlet of outlets) outlet.endTurn();
  }
}
