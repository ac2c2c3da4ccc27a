/**
 * Publishes many numbered frames: gathers them into batches, sends those of one thread one after
 * the other and of several threads side by side, and repeats what was not answered, which the
 * numbers make safe (PUB4, LOG22). Memory is bounded: `add` waits while too much is unsent.
 *
 *   add ─▶ batch being filled ─▶ full, other run, or memory short ─▶ thread's queue ─▶ request
 *   (per thread, ≤ 1,000 frames, ≤ 2 Mi units)                        one at a time     ≤ `parallel`
 *
 * A frame becomes text once, when it is added; sizes are counted in UTF-16 units of that text, of
 * which each takes at most three bytes (WIRE6). A batch on its way is bytes, and nothing else of it is kept.
 */
import type { PublishAnswer } from "@spool/protocol/publish";
import { type RetryOptions, withRetries } from "./retry.ts";
import type { EncodedBatch } from "./spool-client.ts";
import { SpoolError } from "./spool-error.ts";

/** A durable frame with its place in its run (PUB3). */
export type NumberedFrame = {
  readonly threadId: string;
  readonly runId: string;
  readonly type: string;
  readonly payload: { readonly [name: string]: unknown };
  readonly runSequence: number;
  readonly occurredAt?: string;
};

/** What became of the frames of one publication so far. */
export type PublishTotals = {
  readonly appended: number;
  readonly duplicates: number;
  /** The first refusal; nothing behind it was sent. Null while all is well. */
  readonly error: SpoolError | null;
};

/**
 * How to publish. A batch that was not answered is repeated as `RetryOptions` say. An abort of
 * `signal` ends everything: unsent frames are dropped, waiting calls reject with its reason.
 */
export type BatchPublisherOptions = RetryOptions & {
  /** Sends one batch: `(batch, options) => client.publishEncoded(batch, options)`. */
  readonly publish: (
    batch: EncodedBatch,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<PublishAnswer>;
  /** Requests under way at once (4). */
  readonly parallel?: number;
  /** Units of frames that are not answered yet, over all threads (32 Mi); beyond it `add` waits. */
  readonly unsentUnitsMax?: number;
  /** Units of one batch (2 Mi); one frame may be larger. */
  readonly batchUnitsMax?: number;
  /** Hears each answered batch: how many frames of all publications are on stable storage now. */
  readonly onProgress?: (confirmedFrames: number) => void;
};

/** The most frames the server takes in one batch (PUB2). */
const batchFramesMax = 1_000;
/** Units of a batch: at three bytes each still less than what the server takes (WIRE6). */
const batchUnitsMaxDefault = 2 * 1024 * 1024;
const unsentUnitsMaxDefault = 32 * 1024 * 1024;
const encoder = new TextEncoder();

/** Frames of one run that go together, each as JSON, and their size. */
type FilledBatch = {
  readonly threadId: string;
  readonly runId: string;
  readonly events: string[];
  units: number;
};

/** Publishes frames of any number of threads. */
export class BatchPublisher {
  readonly #options: BatchPublisherOptions;
  /** By thread: settles when everything given so far for it was answered. Never rejects. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #open = new Set<ThreadPublication>();
  readonly #slots: Slots;
  #unsentUnits = 0;
  #confirmed = 0;
  #roomWaiters: (() => void)[] = [];

  constructor(options: BatchPublisherOptions) {
    this.#options = options;
    this.#slots = new Slots(options.parallel ?? 4);
  }

  /** A publication of one thread's frames. Two of the same thread are sent in order. */
  thread(threadId: string): ThreadPublication {
    const publication: ThreadPublication = new ThreadPublication({
      enqueue: (batch) => this.#enqueue(threadId, batch, publication),
      batchUnitsMax: this.#options.batchUnitsMax ?? batchUnitsMaxDefault,
      countUnsent: (units) => {
        this.#unsentUnits += units;
      },
      room: () => this.#room(),
      idle: () => this.#tails.get(threadId) ?? Promise.resolve(),
      done: () => this.#open.delete(publication),
    });
    this.#open.add(publication);
    return publication;
  }

  #enqueue(threadId: string, batch: FilledBatch, publication: ThreadPublication): void {
    const before = this.#tails.get(threadId) ?? Promise.resolve();
    const tail = before.then(async () => {
      try {
        await this.#send(batch, publication);
      } catch (error) {
        publication.fail(error);
      }
      this.#unsentUnits -= batch.units;
      this.#wakeRoomWaiters();
      if (this.#tails.get(threadId) === tail) this.#tails.delete(threadId);
    });
    this.#tails.set(threadId, tail);
  }

  async #send(batch: FilledBatch, publication: ThreadPublication): Promise<void> {
    if (publication.failed) return;
    await this.#slots.take();
    try {
      const { publish, signal } = this.#options;
      const encoded = takeEncoded(batch);
      const answer = await withRetries(() => publish(encoded, { signal }), this.#options);
      publication.count(answer);
      this.#confirmed += encoded.count;
      this.#options.onProgress?.(this.#confirmed);
    } finally {
      this.#slots.give();
    }
  }

  /** Resolves when there is memory for more. Half-filled batches go out, else nothing might. */
  async #room(): Promise<void> {
    while (this.#unsentUnits > (this.#options.unsentUnitsMax ?? unsentUnitsMaxDefault)) {
      for (const publication of this.#open) publication.sendFilled();
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
      this.#options.signal?.throwIfAborted();
    }
  }

  #wakeRoomWaiters(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const wake of waiters) wake();
  }
}

/** What a publication needs of its publisher. */
type PublicationLink = {
  readonly enqueue: (batch: FilledBatch) => void;
  readonly batchUnitsMax: number;
  readonly countUnsent: (units: number) => void;
  readonly room: () => Promise<void>;
  readonly idle: () => Promise<void>;
  readonly done: () => void;
};

/** The frames of one thread from one source. Made by `BatchPublisher.thread`. */
export class ThreadPublication {
  readonly #link: PublicationLink;
  #filling: FilledBatch | null = null;
  #appended = 0;
  #duplicates = 0;
  #error: unknown = null;

  constructor(link: PublicationLink) {
    this.#link = link;
  }

  /** Takes the next frame; resolves when the next one may come. Dropped after a refusal. */
  async add(frame: NumberedFrame): Promise<void> {
    if (this.failed) return;
    const { threadId, runId, type, payload, runSequence, occurredAt } = frame;
    const text = JSON.stringify({ type, payload, runSequence, occurredAt });
    const batch = this.#filling;
    if (batch !== null && !this.#fits(batch, runId, text)) this.sendFilled();
    this.#filling ??= { threadId, runId, events: [], units: 0 };
    this.#filling.events.push(text);
    this.#filling.units += text.length;
    this.#link.countUnsent(text.length);
    await this.#link.room();
  }

  /**
   * Sends what is left and resolves when everything was answered. A refusal is in `error`; what is
   * no SpoolError (an abort, a defect) is thrown.
   */
  async finish(): Promise<PublishTotals> {
    this.sendFilled();
    this.#link.done();
    await this.#link.idle();
    const error = this.#error;
    if (error !== null && !(error instanceof SpoolError)) throw error;
    return { appended: this.#appended, duplicates: this.#duplicates, error };
  }

  /** Whether a batch was refused, so that nothing more is sent. */
  get failed(): boolean {
    return this.#error !== null;
  }

  /** Passes the batch being filled on to be sent. Called by the publisher. */
  sendFilled(): void {
    if (this.#filling === null) return;
    this.#link.enqueue(this.#filling);
    this.#filling = null;
  }

  /** Adds an answer. Called by the publisher. */
  count(answer: PublishAnswer): void {
    this.#appended += answer.appended;
    this.#duplicates += answer.duplicates;
  }

  /** Keeps the first failure. Called by the publisher. */
  fail(error: unknown): void {
    this.#error ??= error;
  }

  #fits({ runId, events, units }: FilledBatch, ofRun: string, text: string): boolean {
    if (runId !== ofRun || events.length === batchFramesMax) return false;
    return units + text.length <= this.#link.batchUnitsMax;
  }
}

/** At most `count` holders at once, served in order. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** The batch's body; its frames' texts are let go. */
function takeEncoded({ threadId, runId, events }: FilledBatch): EncodedBatch {
  const head = JSON.stringify({ threadId, runId }).slice(0, -1);
  const frames = events.splice(0);
  const bytes = encoder.encode(`${head},"events":[${frames.join(",")}]}`);
  return { threadId, runId, count: frames.length, bytes };
}
