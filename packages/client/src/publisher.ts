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
import { BackOff } from "./back-off.ts";
import type { HistoryRoutes } from "./history-routes.ts";
import { cancelTopic, type LinkFrame, LiveLink } from "./live-link.ts";
import { walkPages } from "./pages.ts";
import {
  durableEntry,
  type Entry,
  isTransient,
  messageText,
  type OutgoingFrame,
} from "./publish-frames.ts";
import { PublishQueue } from "./publish-queue.ts";
import { socketRefusal } from "./socket-refusal.ts";
import type { SpoolClient } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";
import { TransientItems } from "./transient-items.ts";
import { verdictOn } from "./publish-verdict.ts";

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

/** A message that is not answered. */
type Sent = { readonly id: number; readonly entries: readonly Entry[]; readonly bytes: number };

const queueBytesMaxDefault = 8 * 1024 * 1024;
/** What the server takes as one message, less what stands around a frame (WIRE6). */
const frameBytesMax = 8 * 1024 * 1024 - 4_096;
/** Messages under way at once. */
const unansweredMax = 16;
const delays = { firstMs: 100, maxMs: 10_000 } as const;

/** Opens a connection of its own for one run; `close` of the publisher ends it. */
export function startPublisher(client: SpoolClient, options: PublisherOptions): Publisher {
  return new Publisher(new LiveLink(client, { random: options.random }), options);
}

/** The publisher of one run. */
export class Publisher {
  readonly #link: LiveLink;
  readonly #options: PublisherOptions;
  readonly #queue = new PublishQueue();
  readonly #items = new TransientItems();
  readonly #backOff: BackOff;
  readonly #detach: () => void;
  /** In the order sent, which is the order they are answered in. */
  #sent: Sent[] = [];
  /** Refused for now: goes out again before anything else, in this order. */
  #held: Entry[] = [];
  #sentBytes = 0;
  /** Set while nothing may be sent until everything under way is answered. */
  #pause: { readonly waitMs: number } | null = null;
  #resumeTimer: Timer | null = null;
  #sendTimer: Timer | null = null;
  #heartbeat: Timer | null = null;
  #sentAt = 0;
  #nextDurable = 1;
  #nextTransient = 1;
  /** A frame was taken out: the ones behind it, none of which can be stored, are numbered anew. */
  #removed: SpoolError | null = null;
  /** Known from answers; null when it has to be asked for. */
  #rolloutId: string | null = null;
  #isRunOpen = false;
  #error: SpoolError | null = null;
  #waiters: (() => void)[] = [];

  /** Connects. `startPublisher` and `LiveClient.publisher` give the link. */
  constructor(link: LiveLink, options: PublisherOptions) {
    this.#link = link;
    this.#options = options;
    this.#backOff = new BackOff(delays, options.random);
    const { threadId, runId, onCancelRequested } = options;
    const unhear = link.hear(cancelTopic(threadId, runId), () => onCancelRequested?.(runId));
    const detach = link.attach({
      connected: () => this.#send(),
      lost: () => this.#lost(),
      failed: (error) => this.#fail(error),
    });
    this.#detach = () => {
      unhear();
      detach();
    };
  }
}
type Timer = ReturnType<typeof setTimeout>;
