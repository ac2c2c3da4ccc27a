/**
 * Publishes one run of one thread over a live connection: numbers its frames, gathers them, keeps
 * several messages under way, and sends again what a lost connection or a full server left
 * unanswered. Guarantees that every durable frame is stored once and in order, or that its promise
 * rejects. For agents; whole recorded histories go faster through `batch-publisher.ts`.
 *
 *   agent                       publisher                              server
 *   publish(run_started) ─────▶ nothing is under way: sent at once ──▶ 1, flushed
 *   publish(delta "He")  ─────▶ wait ≤ 20 ms ┐                    ◀──  published
 *   publish(delta "llo") ─────▶ one delta    ┴─ ~1 "Hello" ──────────▶ to the watchers
 *   publish(tool_call)   ─────▶ 2 ───────────────────────────────────▶ flushed, answer lost
 *                               connection lost, back-off, connected
 *                               2 again (and deltas whose message is unfinished) ─▶ a duplicate
 *   ◀─ promise resolves ─────── ◀──────────────────────────────────── published
 *
 * A refusal that may pass (429, 503) stops the sending, until all that is under way is answered and
 * a moment has passed; the numbers make sending again safe (PUB4, LOG22). A frame that is refused
 * by itself (INVALID_FRAME) fails alone and the ones behind it take its place; any other refusal is
 * of the run, fails everything that waits, and ends the publisher.
 */
import type { PublishAnswer } from "@spool/protocol/publish";
import type { Run } from "@spool/protocol/resources";
import type { HistoryRoutes } from "./history-routes.ts";
import { cancelTopic, LiveLink } from "./live-link.ts";
import { walkPages } from "./pages.ts";
import {
  durableEntry,
  isTransient,
  itemOf,
  type OutgoingFrame,
  transientEntry,
} from "./publish-frames.ts";
import { RunSender } from "./run-sender.ts";
import type { SpoolClient } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";
import { TransientItems } from "./transient-items.ts";

/** Which run to publish, and how. */
export type PublisherOptions = {
  readonly threadId: string;
  readonly runId: string;
  /** Somebody asked to end the run; its frames are refused with RUN_FENCED from then on (RUN7). */
  readonly onCancelRequested?: ((runId: string) => void) | undefined;
  /** Hears why frames have to be sent again. */
  readonly onRetry?: ((error: SpoolError) => void) | undefined;
  /** Bytes of frames that wait or are not answered (8 MiB); beyond it transient ones are lost. */
  readonly queueBytesMax?: number | undefined;
  /** How long frames may be gathered, in milliseconds (20). */
  readonly gatherMs?: number | undefined;
  /** A run that says nothing renews its lease so often, in milliseconds (60,000). */
  readonly heartbeatMs?: number | undefined;
  /** Numbers from 0 to below 1, for the jitter. */
  readonly random?: (() => number) | undefined;
};

const queueBytesMaxDefault = 8 * 1024 * 1024;
/** What the server takes as one message, less what stands around a frame (WIRE6). */
const frameBytesMax = 8 * 1024 * 1024 - 4_096;
const gatherMsDefault = 20;
const heartbeatMsDefault = 60_000;
/** No lease is shorter (RUN10). */
const leaseSecondsMin = 10;
/** Close code of a message that was too large. */
const tooLarge = 4_413;

/** Opens a connection of its own for one run; `close` of the publisher ends it. */
export function startPublisher(client: SpoolClient, options: PublisherOptions): Publisher {
  return new Publisher(new LiveLink(client, { random: options.random }), options);
}

/** The publisher of one run. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #sender: RunSender;
  readonly #items = new TransientItems();
  readonly #detach: () => void;
  #sendTimer: ReturnType<typeof setTimeout> | undefined;
  #isSendDue = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #hasPublished = false;
  #isClosing = false;
  #error: SpoolError | null = null;
  #firstRefusal: SpoolError | null = null;
  #waiters: (() => void)[] = [];

  /** Connects. `startPublisher` and `LiveClient.publisher` give the link. */
  constructor(link: LiveLink, options: PublisherOptions) {
    this.#options = options;
    const { threadId, runId, random, onRetry, onCancelRequested } = options;
    this.#sender = new RunSender({
      link,
      threadId,
      runId,
      random,
      isFinished: (item) => this.#items.isFinished(item),
      onRetry: (error) => onRetry?.(error),
      onAnswer: () => this.#wake(),
      onFail: (error) => this.#failed(error),
    });
    const unhear = link.hear(cancelTopic(threadId, runId), () => onCancelRequested?.(runId));
    const detach = link.attach({
      connected: () => this.#sender.send(),
      lost: ({ code }) => {
        if (code === tooLarge) this.#sender.fail(frameTooLarge());
        else this.#sender.lost();
      },
      failed: (error) => this.#sender.fail(error),
    });
    this.#detach = () => {
      unhear();
      detach();
    };
  }

  /** Bytes of frames that wait or are not answered. */
  get queueBytes(): number {
    return this.#sender.bytes;
  }

  /**
   * Takes the run's next frame. A durable one resolves with its message's answer once it is on
   * stable storage (LOG1), and rejects with the SpoolError that refused it; calls need not wait for
   * each other. A transient one resolves with null at once: it may be merged, or lost.
   */
  publish(frame: OutgoingFrame): Promise<PublishAnswer | null> {
    if (this.#error !== null) return this.#observed(Promise.reject(this.#error));
    if (this.#isClosing) return Promise.reject(new Error("the publisher is closed"));
    this.#hasPublished = true;
    if (isTransient(frame.type)) {
      this.#publishTransient(frame);
      return Promise.resolve(null);
    }
    return this.#publishDurable(frame);
  }

  /**
   * Resolves when another durable frame fits the queue. Whoever publishes without waiting for the
   * answers waits here, else the queue grows beyond `queueBytesMax`.
   */
  async room(): Promise<void> {
    while (this.#error === null && this.#sender.bytes > this.#queueBytesMax) await this.#change();
  }

  /**
   * Goes on with a run that has events already: asks for its last number (REST9), before the first
   * frame. Gives the run as the server knows it, or null when it does not; throws SpoolError.
   */
  async resumeFrom(history: Pick<HistoryRoutes, "runs">): Promise<Run | null> {
    if (this.#hasPublished) throw new Error("resumeFrom comes before the first frame");
    const run = await this.#knownRun(history);
    if (run === null) return null;
    // The server compares transient numbers with those of whoever published before (PUB15).
    this.#sender.startAt(run.runSequence + 1, Date.now() * 1_000);
    if (run.leaseExpiresAt !== null) {
      // Less than the whole lease, and told by another clock: what is left, within reason.
      const leftMs = Date.parse(run.leaseExpiresAt) - Date.now();
      this.#startHeartbeat(Math.max(leftMs / 1_000, leaseSecondsMin));
    }
    return run;
  }

  /**
   * Sends what waits and resolves when all of it was answered; the connection ends then. Rejects
   * with the first refusal of a durable frame. An abort of `signal` gives up what is unanswered.
   */
  async close(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    const giveUp = () => this.#sender.fail(givenUp());
    this.#isClosing = true;
    this.#sender.send();
    signal?.addEventListener("abort", giveUp, { once: true });
    if (signal?.aborted) giveUp();
    while (this.#error === null && !this.#sender.isIdle) await this.#change();
    signal?.removeEventListener("abort", giveUp);
    this.#release();
    if (this.#firstRefusal !== null) throw this.#firstRefusal;
  }

  get #queueBytesMax(): number {
    return this.#options.queueBytesMax ?? queueBytesMaxDefault;
  }

  #publishDurable(frame: OutgoingFrame): Promise<PublishAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<PublishAnswer>();
    void this.#observed(promise);
    const entry = durableEntry(frame, { resolve, reject });
    if (entry.bytes > frameBytesMax) {
      reject(frameTooLarge());
      return promise;
    }
    this.#items.finishWith(frame);
    if (frame.type === "run_started") this.#startHeartbeat(frame.payload.leaseSeconds);
    if (frame.type === "run_completed") clearInterval(this.#heartbeat);
    this.#sender.queue.push(entry);
    this.#sendSoon(this.#sender.unanswered === 0);
    return promise;
  }

  /** Who does not look at a promise learns of its refusal from `close`. */
  #observed<T>(promise: Promise<T>): Promise<T> {
    promise.catch((error) => {
      this.#firstRefusal ??= error;
    });
    return promise;
  }

  #publishTransient(frame: OutgoingFrame): void {
    if (this.#items.isFinished(itemOf(frame))) return;
    const entry = transientEntry(frame, this.#items.placeOf(frame));
    if (entry.bytes > frameBytesMax) return;
    const { queue } = this.#sender;
    queue.push(entry);
    queue.shedTransient(this.#queueBytesMax - (this.#sender.bytes - queue.bytes));
    this.#sendSoon(false);
  }

  /** Sends when the current turn's frames are there: now, or when the last message is old enough. */
  #sendSoon(isUrgent: boolean): void {
    if (this.#isSendDue) return;
    const gatherMs = this.#options.gatherMs ?? gatherMsDefault;
    const waitMs = this.#sender.sentAt + gatherMs - performance.now();
    if (isUrgent || waitMs <= 0 || this.#sender.queue.fillsMessage) {
      this.#isSendDue = true;
      queueMicrotask(() => this.#sendNow());
    } else {
      this.#sendTimer ??= setTimeout(() => this.#sendNow(), waitMs);
    }
  }

  #sendNow(): void {
    clearTimeout(this.#sendTimer);
    this.#sendTimer = undefined;
    this.#isSendDue = false;
    this.#sender.send();
  }

  #startHeartbeat(lasts: unknown): void {
    const given = this.#options.heartbeatMs ?? heartbeatMsDefault;
    const lease = typeof lasts === "number" ? lasts * 1_000 : Number.POSITIVE_INFINITY;
    const everyMs = Math.min(given, lease / 3);
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      const isQuiet = performance.now() - this.#sender.sentAt >= everyMs / 2;
      if (isQuiet && this.#sender.isIdle) this.#sender.sendHeartbeat();
    }, everyMs);
  }

  async #knownRun(history: Pick<HistoryRoutes, "runs">): Promise<Run | null> {
    const { threadId, runId } = this.#options;
    try {
      for await (const run of walkPages((cursor) => history.runs(threadId, { cursor }))) {
        if (run.runId === runId) return run;
      }
    } catch (error) {
      // The run may be the one that makes the thread (RUN1).
      if (error instanceof SpoolError && error.code === "THREAD_NOT_FOUND") return null;
      throw error;
    }
    return null;
  }

  #failed(error: SpoolError): void {
    this.#error = error;
    this.#firstRefusal ??= error;
    this.#release();
    this.#wake();
  }

  #release(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#sendTimer);
    this.#detach();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

function frameTooLarge(): SpoolError {
  const fields = { code: "BODY_TOO_LARGE", status: 413 };
  return new SpoolError(
    "a frame is at most 8 MiB; split it, or keep the content elsewhere",
    fields,
  );
}

function givenUp(): SpoolError {
  const fields = { code: "NO_ANSWER", status: 0 };
  return new SpoolError("publishing was given up before everything was answered", fields);
}
