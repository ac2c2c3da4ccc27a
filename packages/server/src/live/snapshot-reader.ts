/**
 * Reads the events of snapshots: a few at a time, and once for watchers who join together, so that
 * a thousand of them cost the memory and the disk of one.
 */
import { keyText } from "../store/thread-key.ts";
import type { EventPage, EventQuery, ThreadStore } from "../store/thread-store.ts";
import { liveLimits } from "./live-limits.ts";

/** The snapshot reads of one server. */
export class SnapshotReader {
  readonly #store: ThreadStore;
  readonly #running = new Map<string, Promise<EventPage>>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(store: ThreadStore) {
    this.#store = store;
  }

  /** The page; the same one for equal queries that are under way. */
  read(query: EventQuery): Promise<EventPage> {
    const { key, rolloutId, from, to, order } = query;
    const name = `${keyText(key)} ${rolloutId} ${from} ${to} ${order}`;
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const page = this.#inTurn(query).finally(() => this.#running.delete(name));
    this.#running.set(name, page);
    return page;
  }

  async #inTurn(query: EventQuery): Promise<EventPage> {
    if (this.#active >= liveLimits.snapshotsAtOnce) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#active += 1;
    try {
      return await this.#store.readEvents(query);
    } finally {
      this.#active -= 1;
      this.#waiting.shift()?.();
    }
  }
}
