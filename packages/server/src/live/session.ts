/**
 * One watcher of one thread: a snapshot, then every durable frame from the next sequence on, none
 * missing, none twice, in order, with transient frames between them as they were accepted (LIVE5).
 *
 *   connecting ──▶ catching up ──▶ live ──▶ closing
 *    subscribe       │  ▲            │
 *    load head       │  └────────────┘  a hole, or a full queue: read on from the log
 *    snapshot        └─ what the bus says meanwhile is kept, and sorted out at the end
 *
 * The bus is only a hint: what is at or below the last sequence sent is ignored, what is not the
 * next one makes the session read the store. Subscribing comes before the head is loaded, so that
 * nothing falls between the two (LIVE8).
 */
import { crc32 } from "node:zlib";
import { pageBytesMax, snapshotEventsMax } from "@spool/protocol/limits";
import type { Access } from "@spool/protocol/live-frames";
import type { Thread } from "@spool/protocol/resources";
import { positionOf } from "../store/event-line.ts";
import { revisionOf, type ThreadHead, type ThreadRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { BusMessage, LiveBus } from "./live-bus.ts";
import { liveLimits } from "./live-limits.ts";
import { metadataLine } from "./metadata-view.ts";
import { resumeProblem } from "./resume.ts";
import { snapshotFrame } from "./snapshot-frame.ts";
import type { WatchOptions } from "./watch-query.ts";

/** Where a session's frames go. */
export interface FrameSink {
  /** Sends one frame; it may wait in the sink's queue. */
  send(frame: Buffer | string): void;
  /** Bytes that wait in the queue. */
  readonly queuedBytes: number;
  /** Resolves when the queue is nearly empty; false when the peer takes nothing for too long. */
  drained(): Promise<boolean>;
  close(code: number, reason: string): void;
}

export type SessionParts = {
  readonly key: ThreadKey;
  readonly access: Access;
  readonly options: WatchOptions;
  readonly sink: FrameSink;
  readonly store: ThreadStore;
  readonly bus: LiveBus;
  /** The thread as this watcher may see it. */
  readonly threadView: (row: ThreadRow) => Thread;
  /** A cursor of the events from `sequence` backwards; rollout null: of all rollouts. */
  readonly olderCursor: (rolloutId: string | null, sequence: number) => string;
  /** Told of what went wrong here; the watcher is closed and may come back. */
  readonly onError: (error: unknown) => void;
};

type State =
  | { readonly kind: "connecting"; readonly kept: BusMessage[] }
  | { readonly kind: "catching_up"; readonly kept: BusMessage[] }
  | { readonly kind: "live" }
  | { readonly kind: "closing" };

export class Session {
  readonly #parts: SessionParts;
  #state: State = { kind: "connecting", kept: [] };
  #unsubscribe: () => void = () => undefined;
  /** The sequence of the last durable frame sent, or passed over for an admin. */
  #last = 0;
  /** Notices of changes up to this revision are in the snapshot already. */
  #revision = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Subscribes, sends the snapshot, follows the thread until `end`. Never rejects. */
  async start(): Promise<void> {
    const { bus, key } = this.#parts;
    this.#unsubscribe = bus.subscribe(key, (messages) => this.#receive(messages));
    await this.#guarded(async () => {
      const stored = await this.#parts.store.load(key);
      if (stored === null || stored.head.thread.deletedAt !== null) return this.#deleted();
      await this.#sendSnapshot(stored.head);
      await this.#catchUp();
    });
  }

  /** Ends the session; the socket is somebody else's to close. */
  end(): void {
    this.#state = { kind: "closing" };
    this.#unsubscribe();
  }

  #receive(messages: readonly BusMessage[]): void {
    const state = this.#state;
    if (state.kind === "closing") return;
    if (state.kind !== "live") {
      state.kept.push(...messages);
      // Beyond the bound the log supplies what is durable.
      if (state.kept.length > liveLimits.keptMessagesMax) state.kept.splice(0);
      return;
    }
    for (const [index, message] of messages.entries()) {
      const isFull = this.#parts.sink.queuedBytes > liveLimits.queueBytesMax;
      if (!isFull && this.#deliver(message)) continue;
      if (this.#isClosing()) return;
      this.#state = { kind: "catching_up", kept: messages.slice(index) };
      void this.#guarded(() => this.#catchUp());
      return;
    }
  }

  /** Sends what the message is about. False: frames are missing before it. */
  #deliver(message: BusMessage): boolean {
    const { sink, options, access } = this.#parts;
    if (message.kind === "event") {
      if (message.sequence <= this.#last) return true;
      if (message.sequence !== this.#last + 1) return false;
      this.#sendEvent(message.line, message.sequence);
      return true;
    }
    if (message.kind === "transient") {
      if (options.transient && access === "owner") sink.send(message.text);
      return true;
    }
    if (message.revision > this.#revision) this.#notify(message);
    return true;
  }

  #notify(message: Exclude<BusMessage, { kind: "event" | "transient" }>): void {
    const { sink, key, access } = this.#parts;
    const { threadId } = key;
    switch (message.kind) {
      case "renamed": {
        // ORG9: a title made from a message is content.
        const isContent = access === "metadata" && message.titleSource === "message";
        const title = isContent ? null : message.title;
        sink.send(JSON.stringify({ type: "thread_renamed", threadId, title }));
        return;
      }
      case "archived": {
        const { archived } = message;
        sink.send(JSON.stringify({ type: "thread_archived", threadId, archived }));
        return;
      }
      case "deleted":
        this.#deleted();
    }
  }

  #sendEvent(line: Buffer, sequence: number): void {
    const { sink, access } = this.#parts;
    const frame = access === "owner" ? line : metadataLine(line);
    if (frame !== null) sink.send(frame);
    this.#last = sequence;
  }

  async #sendSnapshot(head: ThreadHead): Promise<void> {
    const { store, key, options, sink, access } = this.#parts;
    // An admin makes no positions from what they receive, so only the sequence counts.
    const after =
      options.after && access === "metadata" ? { ...options.after, crc: null } : options.after;
    const reason = after === null ? null : await resumeProblem(store, key, head, after);
    this.#revision = revisionOf(head.thread);
    if (after !== null && reason === null) await this.#sendResumed(head, after.sequence);
    else await this.#sendFull(head, reason);
    if (reason === null) return;
    const { threadId } = key;
    sink.send(JSON.stringify({ type: "resync_required", threadId, reason }));
  }

  /** The newest events of the active rollout or of all (LIVE2). */
  async #sendFull(head: ThreadHead, reason: string | null): Promise<void> {
    const { options, access, olderCursor } = this.#parts;
    const { thread, rollout } = head;
    const rolloutId = options.allRollouts ? null : rollout.rolloutId;
    const page =
      access === "owner"
        ? await this.#read({ rolloutId, from: 1, to: thread.sequence, order: "desc" })
        : { lines: [], next: null };
    this.#last = thread.sequence;
    await this.#send(head, {
      resumed: false,
      reason,
      lines: [...page.lines].reverse(),
      position: positionOf(thread.sequence, access === "owner" ? thread.crc : 0),
      nextCursor: page.next === null ? null : olderCursor(rolloutId, page.next),
    });
  }

  /** The oldest events past `after`; the rest follow as frames (LIVE3). */
  async #sendResumed(head: ThreadHead, after: number): Promise<void> {
    const { access } = this.#parts;
    const { thread } = head;
    const page = await this.#read({
      rolloutId: null,
      from: after + 1,
      to: thread.sequence,
      order: "asc",
    });
    const last = page.lines.at(-1);
    this.#last = after + page.lines.length;
    const crc = last === undefined ? thread.crc : crc32(last);
    await this.#send(head, {
      resumed: true,
      reason: null,
      lines: access === "owner" ? page.lines : [],
      position: positionOf(this.#last, access === "owner" ? crc : 0),
      nextCursor: null,
    });
    if (access === "owner") return;
    for (const line of page.lines) {
      const frame = metadataLine(line);
      if (frame !== null) this.#parts.sink.send(frame);
    }
  }

  async #send(
    head: ThreadHead,
    parts: {
      resumed: boolean;
      reason: string | null;
      lines: readonly Buffer[];
      position: string;
      nextCursor: string | null;
    },
  ): Promise<void> {
    const { access, sink, threadView, bus, key } = this.#parts;
    const inFlight = access === "owner" ? await bus.inFlight(key) : null;
    if (this.#isClosing()) return;
    const thread = threadView(head.thread);
    sink.send(snapshotFrame({ ...parts, access, thread, sequence: this.#last, inFlight }));
  }

  #read(range: { rolloutId: string | null; from: number; to: number; order: "asc" | "desc" }) {
    const { store, key } = this.#parts;
    const limits = { type: null, limit: snapshotEventsMax, bytesMax: pageBytesMax };
    return store.readEvents({ key, ...range, ...limits });
  }

  /** Reads the log until nothing is missing, then sorts out what the bus said meanwhile. */
  async #catchUp(): Promise<void> {
    const { sink, store, key } = this.#parts;
    if (this.#state.kind === "connecting") {
      this.#state = { kind: "catching_up", kept: this.#state.kept };
    }
    while (!this.#isClosing()) {
      if (!(await sink.drained())) return this.#close(4008, "SLOW_WATCHER");
      const head = (await store.load(key))?.head;
      if (head === undefined || head.thread.deletedAt !== null) return this.#deleted();
      if (this.#last < head.thread.sequence) await this.#readOn(head.thread.sequence);
      else if (await this.#goLive()) return;
    }
  }

  async #readOn(to: number): Promise<void> {
    const { store, key } = this.#parts;
    const { lines } = await store.readEvents({
      key,
      rolloutId: null,
      from: this.#last + 1,
      to,
      order: "asc",
      type: null,
      limit: liveLimits.catchUpEvents,
      bytesMax: liveLimits.catchUpBytes,
    });
    if (this.#isClosing()) return;
    for (const line of lines) this.#sendEvent(line, this.#last + 1);
  }

  /** False when the messages kept show that more must be read. */
  async #goLive(): Promise<boolean> {
    // What was flushed before the head that was just read has reached the bus a turn later.
    await new Promise((resolve) => setImmediate(resolve));
    const state = this.#state;
    if (state.kind !== "catching_up") return true;
    const kept = state.kept.splice(0);
    // Transient frames before an event that was sent already come too late to be shown in order.
    const seen = kept.findLastIndex((one) => one.kind === "event" && one.sequence <= this.#last);
    const inOrder = kept.filter((one, index) => index > seen || one.kind !== "transient");
    for (const message of inOrder) if (!this.#deliver(message)) return false;
    if (!this.#isClosing()) this.#state = { kind: "live" };
    return true;
  }

  #deleted(): void {
    const { sink, key } = this.#parts;
    if (this.#isClosing()) return;
    sink.send(JSON.stringify({ type: "thread_deleted", threadId: key.threadId }));
    this.#close(4410, "THREAD_DELETED");
  }

  #close(code: number, reason: string): void {
    if (this.#isClosing()) return;
    this.end();
    this.#parts.sink.close(code, reason);
  }

  /** Read afresh each time: it changes while something is awaited. */
  #isClosing(): boolean {
    return this.#state.kind === "closing";
  }

  async #guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.onError(error);
      this.#close(1011, "INTERNAL");
    }
  }
}
