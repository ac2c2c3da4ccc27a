/**
 * Everything live over one socket: any number of threads, the thread list, publishing. Guarantees
 * for each thread what `watchThread` does, across lost connections; the socket is open while
 * something needs it. For pages and programs that follow more than one thread.
 *
 *   subscribe("thr_a") ─┐                       ┌─ thr_a: snapshot, frames …   (resumes by itself)
 *   subscribe("thr_b") ─┼─ one /v1/live socket ─┼─ thr_b: snapshot, frames …   (resumes by itself)
 *   watchList() ────────┤                       ├─ list: threads, changes …    (read anew)
 *   publisher(…) ───────┘                       └─ answers                     (sends again)
 */
import type { LiveSource } from "./frame-queue.ts";
import type { Query } from "./http-transport.ts";
import { type ListChange, type ListWatchOptions, listChanges } from "./list-watch.ts";
import { LiveChannels } from "./live-channels.ts";
import { openLive } from "./live-connection.ts";
import { type LinkOptions, type LinkState, LiveLink } from "./live-link.ts";
import { closeCodes, type LiveEnd } from "./open-socket.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";
import type { SpoolClient } from "./spool-client.ts";
import { type WatchOptions, watchSource } from "./subscription.ts";
import { threadPath } from "./thread-routes.ts";
import type { Received } from "./watch-progress.ts";

/** What `follow` calls; each call is awaited before the next frame is taken. */
export type Follower<T> = {
  readonly onFrame: (frame: T) => void | Promise<void>;
  /** Once, at the end: with the error that ended it, or null (deleted, stopped). */
  readonly onEnd: (error: unknown) => void;
};

/** One shared live connection of a client. */
export class LiveClient {
  readonly #client: SpoolClient;
  readonly #link: LiveLink;
  readonly #channels: LiveChannels;
  readonly #closed = new AbortController();

  constructor(client: SpoolClient, options: LinkOptions = {}) {
    this.#client = client;
    this.#link = new LiveLink(client, options);
    this.#channels = new LiveChannels(this.#link);
    this.#link.hear("threads", (frame, text) => this.#channels.receive(frame, text));
  }

  /** Where the connection stands; changes go to `onState` of the options. */
  get state(): LinkState {
    return this.#link.state;
  }

  /**
   * A thread's frames from now on, as `watchThread` gives them. A thread that is watched here
   * already gets a connection of its own, since one socket holds one subscription of a thread.
   */
  async *subscribe(
    threadId: string,
    options: WatchOptions = {},
  ): AsyncGenerator<Received, void, undefined> {
    const signal = this.#signalWith(options.signal);
    const detach = this.#attach();
    const open = (query: Query, stop?: AbortSignal) => this.#open(threadId, query, stop);
    try {
      yield* watchSource({ client: this.#client, threadId, open }, { ...options, signal });
    } finally {
      detach();
    }
  }

  /** As `subscribe`, with callbacks. Returns what ends it. */
  follow(threadId: string, follower: Follower<Received>, options: WatchOptions = {}): () => void {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
    void deliver(this.subscribe(threadId, { ...options, signal }), follower, stop.signal);
    return () => stop.abort();
  }

  /** The caller's thread list and its changes (`listChanges`). */
  watchList(options: ListWatchOptions = {}): AsyncGenerator<ListChange, void, undefined> {
    const signal = this.#signalWith(options.signal);
    return listChanges(this.#client, this.#link, { ...options, signal });
  }

  /**
   * For when the network is back or the machine woke up: connects at once instead of waiting out
   * the delay, or finds out within seconds whether the connection is still alive.
   */
  retryNow(): void {
    this.#link.retryNow();
  }

  /** Publishes one run over this connection. The publisher is to be closed by itself. */
  publisher(options: PublisherOptions): Publisher {
    return new Publisher(this.#link, options);
  }

  /** Ends every subscription without an error. Publishers go on until they are closed. */
  close(): void {
    this.#closed.abort();
  }

  async #open(threadId: string, query: Query, signal?: AbortSignal): Promise<LiveSource> {
    await this.#link.live(signal);
    if (!this.#channels.has(threadId)) return this.#channels.open(threadId, query);
    return openLive(this.#client.http, `${threadPath(threadId)}/events`, query);
  }

  #attach(): () => void {
    const detach = this.#link.attach({
      connected: () => {},
      lost: (end) => this.#channels.lost(end),
      failed: () => this.#channels.lost(neverOpened),
    });
    return () => {
      detach();
      // Whoever detaches last ends the connection, and hears nothing more of it.
      if (!this.#link.isLive) this.#channels.lost(neverOpened);
    };
  }

  #signalWith(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any([this.#closed.signal, ...(signal ? [signal] : [])]);
  }
}

const neverOpened: LiveEnd = { code: closeCodes.lost, opened: false, overflowed: false };

async function deliver<T>(
  frames: AsyncIterable<T>,
  { onFrame, onEnd }: Follower<T>,
  stop: AbortSignal,
): Promise<void> {
  try {
    for await (const frame of frames) {
      if (stop.aborted) break;
      await onFrame(frame);
    }
  } catch (error) {
    onEnd(error);
    return;
  }
  onEnd(null);
}
