/**
 * Watches one thread live: a snapshot, then every frame, across lost connections, restarts of the
 * server and slow readers. Guarantees that each durable event comes once and in order, never with a
 * hole, for as long as the server holds the same history (LIVE5, LIVE14).
 *
 *   caller          client                                server
 *   for await ────▶ connect ─────────────────────────────▶ snapshot …42          connecting
 *   ◀─ snapshot ─── 42 is the last                                               live
 *   ◀─ event 43 ─── 43 = 42 + 1, take it ◀──────────────── event 43
 *                   connection lost, wait (doubled, with jitter)                 offline
 *                   connect, after=43.<crc of its text> ──▶ snapshot, resumed,   connecting
 *   ◀─ snapshot ─── holds 44, 45: what was missed            events 44, 45       live
 *                   event 47 ◀──────────────────────────── (46 is missing: a hole)
 *                   close, connect, after=45.<crc> …
 *
 * Every connection begins with a snapshot frame. `resumed: true` continues what the caller has (the
 * first one does when `after` was given); `resumed: false` replaces it: the first snapshot, or a
 * history that was restored or made anew. Text in flight is in each snapshot's `inFlight`.
 */
import { BackOff, sleep } from "./back-off.ts";
import type { LiveSource } from "./frame-queue.ts";
import type { Query } from "./http-transport.ts";
import { openLive } from "./live-connection.ts";
import { closeCodes, type LiveEnd } from "./open-socket.ts";
import type { SpoolClient } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";
import { threadPath } from "./thread-routes.ts";
import { type Received, WatchProgress } from "./watch-progress.ts";

/** Where the subscription stands; `offline` tells why and when it tries again. */
export type WatchState =
  | { readonly state: "connecting" }
  | { readonly state: "live" }
  | { readonly state: "offline"; readonly reason: string; readonly retryInMs: number };

/** How to watch. */
export type WatchOptions = {
  /** Where the caller already is, a sequence or a position: only later events come. */
  readonly after?: string | number | undefined;
  /** False for durable events and notices only (LIVE9). */
  readonly transient?: boolean | undefined;
  /** A full snapshot covers the whole history instead of the active rollout. */
  readonly allRollouts?: boolean | undefined;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Hears each change of state. */
  readonly onState?: ((state: WatchState) => void) | undefined;
  /** After so long without a frame the server is asked whether one is missing (45,000). */
  readonly silenceMs?: number | undefined;
};

const delays = { firstMs: 250, maxMs: 15_000 } as const;
/** A connection that lived so long was a success: the next failure begins with the first delay. */
const settledMs = 5_000;
/** How long the first frame may take. */
const snapshotMs = 20_000;
const silenceMsDefault = 45_000;
/** How long frames may be on their way after the server said that there are some. */
const lateMs = 5_000;
/** The longest a timer takes: for sources that see to silence themselves. */
const foreverMs = 2 ** 31 - 1;

/** Why to connect again, and whether without waiting. */
type Retry = { readonly reason: string; readonly now: boolean };

/**
 * The thread's frames from now on, until `signal` is aborted, the loop is left, or the thread is
 * deleted. Throws SpoolError when the server refuses for good: credential, scope, missing thread,
 * access withdrawn. While nobody answers it tries for ever; `onState` says so.
 */
export function watchThread(
  client: SpoolClient,
  threadId: string,
  options: WatchOptions = {},
): AsyncGenerator<Received, void, undefined> {
  const open = (query: Query) => openLive(client.http, `${threadPath(threadId)}/events`, query);
  return watchSource({ client, threadId, open }, options);
}

/** What to watch, and how to get at a stream of it. */
export type WatchTarget = {
  /** Asked over REST why a stream was refused, and whether a silent one misses something. */
  readonly client: SpoolClient;
  readonly threadId: string;
  /** Opens one stream. Rejects with a SpoolError when it is refused, and at an abort of the signal. */
  readonly open: (query: Query, signal?: AbortSignal) => Promise<LiveSource>;
};

/** As `watchThread`, over streams of the caller's: see there. Used by `LiveClient`. */
export function watchSource(
  target: WatchTarget,
  options: WatchOptions,
): AsyncGenerator<Received, void, undefined> {
  return new Watch(target, options).frames();
}

class Watch {
  readonly #target: WatchTarget;
  readonly #options: WatchOptions;
  readonly #progress: WatchProgress;
  readonly #backOff = new BackOff(delays);
  /** Whether the current connection has given its snapshot. */
  #live = false;

  constructor(target: WatchTarget, options: WatchOptions) {
    this.#target = target;
    this.#options = options;
    this.#progress = new WatchProgress(options.after ?? null);
  }

  async *frames(): AsyncGenerator<Received, void, undefined> {
    const { signal } = this.#options;
    while (!signal?.aborted) {
      const startedAt = performance.now();
      const end = yield* this.#connection();
      if (signal?.aborted) return;
      if (performance.now() - startedAt > settledMs) this.#backOff.reset();
      const retry = end === "hole" ? holeRetry : await this.#retryAfter(end);
      if (retry === null) return;
      const retryInMs = retry.now ? 0 : this.#backOff.nextMs();
      this.#state({ state: "offline", reason: retry.reason, retryInMs });
      // The abort itself ends the loop.
      await sleep(retryInMs, signal).catch(() => {});
    }
  }

  /** The frames of one connection; gives how it ended. */
  async *#connection(): AsyncGenerator<Received, LiveEnd | "hole", undefined> {
    this.#live = false;
    this.#state({ state: "connecting" });
    const source = await this.#open();
    if ("code" in source) return source;
    try {
      while (true) {
        const read = await source.read(this.#patienceMs(source), this.#options.signal);
        if (this.#options.signal?.aborted) return abortedEnd;
        if (read.kind === "end") return read.end;
        if (read.kind === "silence") {
          if (await this.#missesSomething(source)) return lostEnd;
          continue;
        }
        const taken = this.#progress.take(read.text, read.parsed);
        if (taken.kind === "hole") return "hole";
        if (taken.kind === "known") continue;
        if (taken.kind === "snapshot") this.#goLive();
        yield taken;
        if (taken.kind === "notice" && taken.frame.type === "thread_deleted") return deletedEnd;
      }
    } finally {
      source.close();
    }
  }

  /** A stream, or why there is none. */
  async #open(): Promise<LiveSource | LiveEnd> {
    const { transient, allRollouts, signal } = this.#options;
    const query = {
      after: this.#progress.after,
      transient: transient === false ? false : undefined,
      include: allRollouts ? "all_rollouts" : undefined,
    };
    try {
      return await this.#target.open(query, signal);
    } catch (error) {
      if (signal?.aborted) return abortedEnd;
      if (error instanceof SpoolError) return { ...lostEnd, opened: false, refusal: error };
      throw error;
    }
  }

  #goLive(): void {
    this.#live = true;
    this.#state({ state: "live" });
  }

  #state(state: WatchState): void {
    this.#options.onState?.(state);
  }

  #patienceMs({ seesToSilence }: LiveSource): number {
    if (!this.#live) return snapshotMs;
    return seesToSilence ? foreverMs : (this.#options.silenceMs ?? silenceMsDefault);
  }

  /**
   * Whether a silent connection is a dead one. The socket's own pings are out of reach here, and a
   * network that drops packets closes nothing; so the server is asked how far the thread is.
   */
  async #missesSomething(source: LiveSource): Promise<boolean> {
    if (!this.#live) return true;
    if (source.seesToSilence) return false;
    const head = await this.#head();
    if (head instanceof SpoolError) return true;
    if (this.#progress.metadataOnly || head <= (this.#progress.sequence ?? 0)) return false;
    return !(await source.hasFrame(lateMs, this.#options.signal));
  }

  /** The thread's last sequence as REST tells it, or why it does not. */
  async #head(): Promise<number | SpoolError> {
    try {
      const { signal } = this.#options;
      const { client, threadId } = this.#target;
      return (await client.threads.get(threadId, { limit: 1 }, { signal })).sequence;
    } catch (error) {
      if (error instanceof SpoolError) return error;
      // Aborted: whoever called looks at the signal next.
      if (this.#options.signal?.aborted) return 0;
      throw error;
    }
  }

  /** Whether and how to connect again; null when the thread is gone. Throws what is for good. */
  async #retryAfter(end: LiveEnd): Promise<Retry | null> {
    if (end.code === closeCodes.deleted) return null;
    if (end.code === closeCodes.withdrawn) {
      const fields = { code: "CONTENT_FORBIDDEN", status: 403 };
      throw new SpoolError("access to this thread was withdrawn", fields);
    }
    if (end.refusal !== undefined) {
      if (!end.refusal.mayPass && end.refusal.status < 500) throw end.refusal;
      return { reason: end.refusal.message, now: false };
    }
    if (end.overflowed) return { reason: "the reader was too slow", now: true };
    if (!end.opened || end.code === closeCodes.expired) {
      // A refused upgrade tells a WebSocket nothing; the same question over REST is answered.
      const head = await this.#head();
      if (head instanceof SpoolError && !head.mayPass && head.status < 500) throw head;
      const reason = head instanceof SpoolError ? head.message : "the live stream was refused";
      return { reason, now: false };
    }
    const now = end.code === closeCodes.shutdown && this.#live;
    return { reason: `connection closed (${end.code})`, now };
  }
}

const holeRetry: Retry = { reason: "an event was missing", now: false };
/** A connection given up by the client: no close code came. */
const lostEnd: LiveEnd = { code: closeCodes.lost, opened: true, overflowed: false };
/** The caller has had enough. */
const abortedEnd: LiveEnd = { code: closeCodes.normal, opened: true, overflowed: false };
/** The thread is gone, whether or not the close code still comes. */
const deletedEnd: LiveEnd = { code: closeCodes.deleted, opened: true, overflowed: false };
