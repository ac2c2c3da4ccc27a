/**
 * Gets the frames of one run to the server over a link: several messages under way, answers in
 * order, everything unanswered sent again. Guarantees that a frame's number, once it was sent,
 * stays its own for as long as the server may hold it. Used by `Publisher`.
 *
 *   queue ─▶ sent ──published──▶ done            lost: sent and held go back in front of the queue
 *     ▲        └────refused for now──▶ held ─┐
 *     └── when nothing is under way, later ──┘
 */
import type { PublishAnswer } from "@spool/protocol/publish";
import { BackOff } from "./back-off.ts";
import type { LinkFrame, LiveLink } from "./live-link.ts";
import { type DurableEntry, type Entry, messageText } from "./publish-frames.ts";
import { PublishQueue } from "./publish-queue.ts";
import { socketRefusal } from "./socket-refusal.ts";
import type { SpoolError } from "./spool-error.ts";

/** What a sender works with and for. */
export type RunSenderParts = {
  readonly link: Pick<LiveLink, "isLive" | "ask">;
  readonly threadId: string;
  readonly runId: string;
  readonly random: (() => number) | undefined;
  /** Whether a message or call had its last word, so that what is unsent about it is dropped. */
  readonly isFinished: (item: string) => boolean;
  readonly onRetry: (error: SpoolError) => void;
  /** Something was answered: there may be room, or nothing left to do. */
  readonly onAnswer: () => void;
  /** The run is refused for good; every promise has been rejected. */
  readonly onFail: (error: SpoolError) => void;
};

type Sent = { readonly entries: readonly Entry[]; readonly bytes: number };

/** Messages under way at once. */
const unansweredMax = 16;
/** Failures of the server itself in a row after which they count as for good. */
const internalMax = 5;
const delays = { firstMs: 100, maxMs: 10_000 } as const;

/** The sending side of one run. */
export class RunSender {
  readonly queue = new PublishQueue();
  readonly #parts: RunSenderParts;
  readonly #backOff: BackOff;
  /** In the order sent, which is the order they are answered in. */
  #sent: Sent[] = [];
  /** Refused for now: goes out again before anything else, in this order. */
  #held: Entry[] = [];
  #sentBytes = 0;
  /** While set, nothing is sent until all that is under way is answered and so much time passed. */
  #pauseMs: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** Something waits for an answer before it may go. */
  #isBlocked = false;
  #nextDurable = 1;
  #nextTransient = 1;
  /** Why a frame was taken out, until the ones behind it have their new numbers. */
  #removed: SpoolError | null = null;
  /** Known from answers; null when it has to be asked for. */
  #rolloutId: string | null = null;
  #internalFailures = 0;
  #isOver = false;

  constructor(parts: RunSenderParts) {
    this.#parts = parts;
    this.#backOff = new BackOff(delays, parts.random);
  }

  /** Bytes of frames that wait or are not answered. */
  get bytes(): number {
    const heldBytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
    return this.queue.bytes + this.#sentBytes + heldBytes;
  }

  /** Messages under way. */
  get unanswered(): number {
    return this.#sent.length;
  }

  /** Whether everything was answered. */
  get isIdle(): boolean {
    return this.queue.length === 0 && this.#sent.length === 0 && this.#held.length === 0;
  }

  /** When the last message went out, on the clock of `performance.now`. */
  get sentAt(): number {
    return this.#sentAt;
  }

  /** The first numbers: for a run that has events already. */
  startAt(durable: number, transient: number): void {
    this.#nextDurable = durable;
    this.#nextTransient = transient;
  }

  /** Sends what waits, as far as it may go now. */
  send(): void {
    if (this.#isOver || this.#pauseMs !== null || !this.#parts.link.isLive) return;
    while (this.#sent.length < unansweredMax) {
      const entries = this.queue.take(this.#rolloutId === null);
      if (entries.length === 0) break;
      this.#sendMessage(entries);
    }
    this.#isBlocked = this.queue.length > 0;
    // Transient frames need the rollout, which every answer tells.
    if (this.#isBlocked && this.#sent.length === 0) this.sendHeartbeat();
  }

  /** Sends an empty batch: renews the lease and tells the active rollout (RUN9). */
  sendHeartbeat(): void {
    if (!this.#isOver && this.#pauseMs === null && this.#parts.link.isLive) this.#sendMessage([]);
  }

  /** The connection is lost: everything unanswered waits again. */
  lost(): void {
    const unanswered = this.#sent.flatMap(({ entries }) => [...entries]);
    // A message numbered before the removal may still arrive, behind what is numbered after it.
    if (this.#removed !== null && unanswered.some(({ durable }) => durable)) {
      this.fail(this.#removed);
      return;
    }
    if (this.#sent.some(opensRollout)) this.#rolloutId = null;
    this.#held.push(...unanswered);
    this.#sent = [];
    this.#sentBytes = 0;
    this.#putBack();
  }

  /** Ends everything: what waits or is under way is rejected. */
  fail(error: SpoolError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    const sent = this.#sent.flatMap(({ entries }) => [...entries]);
    for (const entry of [...this.#held, ...sent, ...this.queue.takeAll()]) {
      if (entry.durable) entry.reject(error);
    }
    this.#sent = [];
    this.#held = [];
    this.#sentBytes = 0;
    this.#parts.onFail(error);
  }

  #sendMessage(entries: Entry[]): void {
    for (const entry of entries) {
      if (entry.number !== null) continue;
      entry.number = entry.durable ? this.#nextDurable++ : this.#nextTransient++;
    }
    const sent = { entries, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
    const { link, threadId, runId } = this.#parts;
    const rolloutId = this.#rolloutId;
    if (opensRollout(sent)) this.#rolloutId = null;
    this.#sent.push(sent);
    this.#sentBytes += sent.bytes;
    this.#sentAt = performance.now();
    const textOf = (id: number) => messageText({ id, threadId, runId, rolloutId }, entries);
    link.ask(textOf, (frame) => this.#answered(sent, frame));
  }

  #answered(message: Sent, frame: LinkFrame): void {
    if (this.#isOver) return;
    this.#sent = this.#sent.filter((one) => one !== message);
    this.#sentBytes -= message.bytes;
    if (frame.type === "published") this.#published(message, frame.data as PublishAnswer);
    else this.#refused(message.entries, socketRefusal(frame));
    if (this.#isOver) return;
    if (this.#pauseMs === null) {
      const { hasDurable, fillsMessage } = this.queue;
      if (hasDurable || fillsMessage || this.#isBlocked) this.send();
    } else if (this.#sent.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#putBack(), this.#pauseMs);
    }
    this.#parts.onAnswer();
  }

  #published({ entries }: Sent, answer: PublishAnswer): void {
    this.#backOff.reset();
    this.#internalFailures = 0;
    if (!this.#sent.some(opensRollout)) this.#rolloutId = answer.rolloutId;
    for (const entry of entries) if (entry.durable) entry.resolve(answer);
  }

  #refused(entries: readonly Entry[], error: SpoolError): void {
    const { code } = error;
    const isInternal = code === "INTERNAL" && ++this.#internalFailures < internalMax;
    if (error.mayPass || isInternal) {
      this.#parts.onRetry(error);
      const waitMs = Math.max(this.#backOff.nextMs(), (error.retryAfterSeconds ?? 0) * 1_000);
      this.#hold(entries, waitMs);
    } else if (code === "OUT_OF_ORDER" && this.#pauseMs !== null) {
      this.#hold(entries, 0);
    } else if (code === "ROLLOUT_NOT_ACTIVE") {
      this.#rolloutId = null;
      this.#hold(entries, 0);
    } else if (code === "INVALID_FRAME" && entries[Number(error.details.index)] !== undefined) {
      this.#remove(entries, entries[Number(error.details.index)] as Entry, error);
    } else if (entries.some(({ durable }) => durable) || !isLate(error)) {
      this.#held.push(...entries);
      this.fail(error);
    } else if (entries.length === 0) {
      // There is no run to show transient frames in.
      this.queue.dropLeadingTransient();
    }
  }

  #hold(entries: readonly Entry[], waitMs: number): void {
    // A transient frame behind these may have been shown: with their old numbers they would not be.
    for (const entry of entries) if (!entry.durable) entry.number = null;
    this.#held.push(...entries);
    this.#pauseMs = Math.max(this.#pauseMs ?? 0, waitMs);
  }

  /** Takes one frame out of what was refused; the others go out again. */
  #remove(entries: readonly Entry[], refused: Entry, error: SpoolError): void {
    if (refused.durable) {
      refused.reject(error);
      this.#removed ??= error;
      this.#nextDurable = Math.min(this.#nextDurable, refused.number ?? this.#nextDurable);
    }
    this.#hold(
      entries.filter((entry) => entry !== refused),
      0,
    );
  }

  /** Lets what was held wait in front of the queue, and sends. */
  #putBack(): void {
    clearTimeout(this.#timer);
    this.#pauseMs = null;
    const { isFinished } = this.#parts;
    const again = this.#held.filter((entry) => entry.durable || !isFinished(entry.item));
    this.#held = [];
    if (this.#removed !== null) {
      // The server holds none of these: each was beyond the number that was refused.
      const behind = again.filter((entry): entry is DurableEntry => {
        return entry.durable && (entry.number ?? 0) > this.#nextDurable;
      });
      for (const entry of behind) entry.number = null;
      this.#removed = null;
    }
    this.queue.putBack(again);
    this.send();
  }
}

function opensRollout({ entries }: Sent): boolean {
  return entries.some((entry) => entry.durable && entry.opensRollout);
}

/** A transient frame that comes too early or too late for its run is nobody's loss (PUB17). */
function isLate({ code }: SpoolError): boolean {
  return code === "RUN_NOT_ACTIVE" || code === "THREAD_NOT_FOUND";
}
