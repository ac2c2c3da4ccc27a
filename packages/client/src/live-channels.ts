/**
 * The threads watched over one `/v1/live` socket: sorts what comes by thread, each into a bounded
 * queue of its own. Guarantees that a channel gets the frames of its own subscription only: an
 * earlier one's that are still on their way are left out. Used by `LiveClient`.
 *
 *   open ── subscribe ─────▶ snapshot, frames …          ▶ queue ▶ reader
 *   close ─ unsubscribe ───▶ … frames, unsubscribed      left out up to here
 *   open ── subscribe ─────▶ snapshot, frames …          ▶ queue ▶ reader
 */
import { FrameQueue, type LiveRead, type LiveSource } from "./frame-queue.ts";
import type { Query } from "./http-transport.ts";
import type { LinkFrame, LiveLink } from "./live-link.ts";
import { closeCodes, type LiveEnd } from "./open-socket.ts";
import { socketRefusal } from "./socket-refusal.ts";

/** All channels of one link. */
export class LiveChannels {
  readonly #link: LiveLink;
  readonly #open = new Map<string, LiveChannel>();
  /** By thread: how many `unsubscribed` are on their way. */
  readonly #leaving = new Map<string, number>();

  constructor(link: LiveLink) {
    this.#link = link;
  }

  /** Whether the thread is watched. */
  has(threadId: string): boolean {
    return this.#open.has(threadId);
  }

  /** Subscribes to a thread that is not watched; `query` as for a thread's own socket. */
  open(threadId: string, query: Query): LiveChannel {
    const { after, transient, include } = query;
    const channel: LiveChannel = new LiveChannel(() => this.#leave(threadId, channel));
    this.#open.set(threadId, channel);
    const message = { type: "subscribe", threadId, after: after ?? undefined, transient, include };
    channel.askedAs = this.#link.ask(
      (id) => JSON.stringify({ ...message, id }),
      (frame) => {
        if (this.#open.get(threadId) === channel) this.#open.delete(threadId);
        const refusal = socketRefusal(frame);
        channel.finish({ ...endOf(closeCodes.normal), refusal });
      },
    );
    return channel;
  }

  /** Takes a frame of a watched thread. */
  receive(frame: LinkFrame, text: string): void {
    const threadId = String(frame.threadId);
    if (frame.type === "unsubscribed") {
      this.#unsubscribed(threadId, frame.code);
      return;
    }
    if (this.#leaving.has(threadId)) return;
    const channel = this.#open.get(threadId);
    if (channel !== undefined) channel.receive(text, frame);
    // A subscription that began after it was ended: the server looked the thread up meanwhile.
    else if (frame.type === "snapshot") this.#unsubscribe(threadId);
  }

  /** The connection is lost, and with it every subscription. */
  lost(end: LiveEnd): void {
    const channels = [...this.#open.values()];
    this.#open.clear();
    this.#leaving.clear();
    for (const channel of channels) channel.finish(end);
  }

  #leave(threadId: string, channel: LiveChannel): void {
    if (channel.askedAs !== null) this.#link.forget(channel.askedAs);
    if (this.#open.get(threadId) !== channel) return;
    this.#open.delete(threadId);
    this.#unsubscribe(threadId);
  }

  #unsubscribe(threadId: string): void {
    if (!this.#link.isLive) return;
    this.#leaving.set(threadId, (this.#leaving.get(threadId) ?? 0) + 1);
    this.#link.send(JSON.stringify({ type: "unsubscribe", threadId }));
  }

  /** An answer to `unsubscribe`, or with a code the end of the subscription by the server. */
  #unsubscribed(threadId: string, code: unknown): void {
    const leaving = this.#leaving.get(threadId) ?? 0;
    if (code === undefined) {
      if (leaving > 1) this.#leaving.set(threadId, leaving - 1);
      else this.#leaving.delete(threadId);
    } else if (leaving === 0) {
      const channel = this.#open.get(threadId);
      this.#open.delete(threadId);
      channel?.finish(endOf(Number(code)));
    }
  }
}

/** One subscription, from its start to its end. */
export class LiveChannel implements LiveSource {
  /** The link makes sure that it is not dead. */
  readonly seesToSilence = true;
  /** The number of the message that subscribed. */
  askedAs: number | null = null;
  readonly #queue = new FrameQueue();
  readonly #leave: () => void;

  /** `leave` ends the subscription at the server; harmless when it is over. */
  constructor(leave: () => void) {
    this.#leave = leave;
  }

  read(ms: number, signal?: AbortSignal): Promise<LiveRead> {
    return this.#queue.read(ms, signal);
  }

  hasFrame(ms: number, signal?: AbortSignal): Promise<boolean> {
    return this.#queue.hasFrame(ms, signal);
  }

  close(): void {
    this.finish(endOf(closeCodes.normal));
    this.#leave();
  }

  /** Queues a frame, or ends the subscription when there is no room for it. */
  receive(text: string, parsed: LinkFrame): void {
    if (this.#queue.push({ text, parsed })) return;
    this.finish({ ...endOf(closeCodes.normal), overflowed: true });
    this.#leave();
  }

  /** The subscription is over; what is queued can still be read. */
  finish(end: LiveEnd): void {
    this.#queue.finish(end);
  }
}

function endOf(code: number): LiveEnd {
  return { code, opened: true, overflowed: false };
}
