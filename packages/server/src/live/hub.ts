/** The feeds of all watched threads: made with a thread's first watcher, gone with its last. */
import { keyText, type ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { LiveBus } from "./live-bus.ts";
import { type FeedMember, ThreadFeed } from "./thread-feed.ts";
import { TurnScheduler } from "./turn-scheduler.ts";

/** The watched threads of one server, over one bus. */
export class Hub {
  readonly scheduler = new TurnScheduler();
  readonly #bus: LiveBus;
  readonly #feeds = new Map<string, ThreadFeed>();

  constructor(bus: LiveBus) {
    this.#bus = bus;
  }

  /** Watched threads. */
  get size(): number {
    return this.#feeds.size;
  }

  /** The member is told of every turn of the thread from here on, until it leaves. */
  join(key: ThreadKey, member: FeedMember): ThreadFeed {
    const text = keyText(key);
    let feed = this.#feeds.get(text);
    if (feed === undefined) {
      feed = new ThreadFeed(key, this.#bus, this.scheduler);
      this.#feeds.set(text, feed);
    }
    feed.join(member);
    return feed;
  }

  /** Compares every watched thread with the store; what a bus has lost is then read (LIVE5). */
  async heal(store: ThreadStore): Promise<void> {
    for (const feed of [...this.#feeds.values()]) {
      const stored = await store.load(feed.key);
      if (stored !== null) feed.compare(stored.head.thread);
    }
  }

  leave(key: ThreadKey, member: FeedMember): void {
    const text = keyText(key);
    const feed = this.#feeds.get(text);
    feed?.leave(member);
    if (feed?.size !== 0) return;
    feed.close();
    this.#feeds.delete(text);
  }
}
