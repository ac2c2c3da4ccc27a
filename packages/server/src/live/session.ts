/**
 * One watcher of one thread: a snapshot, then every durable frame from the next sequence on, none
 * missing, none twice, in order, with transient frames between them as they were accepted (LIVE5).
 *
 *   connecting ──▶ catching up ──▶ live ──▶ closing
 *    join feed       │  ▲            │
 *    one moment      │  └────────────┘  a hole, or a full queue: read on from the log
 *    snapshot        └─ to be live again takes another moment at which nothing is missing
 *
 * A *moment* is one turn of the event loop in which the feed's waiting turn is handed out and the
 * head and what is in flight are taken (LIVE8). Turns handed out while the session is not live are
 * not kept: durable frames come from the log, and of what is in flight the session remembers what
 * it has shown and sends the rest as one delta (`in-flight-rest.ts`). The design that failed kept
 * the messages meanwhile: it had to tell which of them the snapshot held already.
 */
import { crc32 } from "node:zlib";
import { pageBytesMax, snapshotEventsMax } from "@spool/protocol/limits";
import type { Access, InFlight } from "@spool/protocol/live-frames";
import type { Thread } from "@spool/protocol/resources";
import { positionOf } from "../store/event-line.ts";
import type { ThreadHead, ThreadRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { EventPage, ThreadStore } from "../store/thread-store.ts";
import type { Hub } from "./hub.ts";
import { inFlightRest } from "./in-flight-rest.ts";
import type { LiveBus } from "./live-bus.ts";
import { liveLimits } from "./live-limits.ts";
import { type Notice, noticeOf } from "./notices.ts";
import type { Outlet } from "./outlet.ts";
import { resumeProblem } from "./resume.ts";
import { snapshotFrame } from "./snapshot-frame.ts";
import type { SnapshotReader } from "./snapshot-reader.ts";
import { sseFrame } from "./sse-frame.ts";
import type { FeedMember, ThreadFeed } from "./thread-feed.ts";
import {
  type Audience,
  type Encoding,
  encodeEventLine,
  encodeText,
  type Turn,
  transientText,
} from "./turn.ts";
import type { WatchOptions } from "./watch-query.ts";
import { textFrame } from "./ws-frame.ts";

/** Why a session ended by itself: a close code of the table and its word. */
export type SessionEnd = { readonly code: number; readonly reason: string };

/** Who watches what, over which connection, and what the session reads from. */
export type SessionParts = {
  readonly key: ThreadKey;
  readonly access: Access;
  readonly options: WatchOptions;
  readonly outlet: Outlet;
  readonly encoding: Encoding;
  readonly store: ThreadStore;
  readonly bus: LiveBus;
  readonly hub: Hub;
  readonly snapshots: SnapshotReader;
  /** The thread as this watcher may see it. */
  readonly threadView: (row: ThreadRow) => Thread;
  /** A cursor of the events from `sequence` backwards; rollout null: of all rollouts. */
  readonly olderCursor: (rolloutId: string | null, sequence: number) => string;
  /** Called once when the session ends by itself, behind its last frame. */
  readonly onEnd: (end: SessionEnd) => void;
  /** Told of what went wrong here; the watcher may come back. */
  readonly onError: (error: unknown) => void;
};

/** What a watcher was shown of the turn in flight; `unknown`: not any more. */
type Shown = InFlight | null | "unknown";

type State =
  | { readonly kind: "connecting" }
  | { readonly kind: "catching_up" }
  | { readonly kind: "live" }
  | { readonly kind: "closing" };

/** A head and what is in flight, taken in one turn of the event loop; null: no such thread. */
type Moment = { readonly head: ThreadHead; readonly inFlight: InFlight | null } | null;

/** One watcher of one thread; it joins the feed when made, and follows it from `start` to its end. */
export class Session implements FeedMember {
  readonly #parts: SessionParts;
  readonly #audience: Audience;
  readonly #feed: ThreadFeed;
  #state: State = { kind: "connecting" };
  /** A turn was handed out since the last moment. */
  #missed = false;
  /** The sequence of the last durable frame sent, or passed over for an admin. */
  #last = 0;
  /** The title and archive state the watcher was told last. */
  #told: { title: string | null; archived: boolean } = { title: null, archived: false };

  constructor(parts: SessionParts) {
    this.#parts = parts;
    const { access, options, hub, key } = parts;
    this.#audience = access === "metadata" ? "metadata" : options.transient ? "all" : "durable";
    this.#feed = hub.join(key, this);
  }

  /** Sends the snapshot and follows the thread until `end`. Never rejects. */
  async start(): Promise<void> {
    await this.#guarded(async () => {
      const moment = await this.#moment();
      if (this.#isClosing()) return;
      if (moment === null) this.#deleted();
      else {
        await this.#sendSnapshot(moment);
        await this.#catchUp(moment.inFlight);
      }
    });
  }

  /** Ends the session without a word; the connection is somebody else's to close. */
  end(): void {
    if (this.#isClosing()) return;
    this.#state = { kind: "closing" };
    this.#parts.hub.leave(this.#parts.key, this);
  }

  receive(turn: Turn): void {
    // Its position tells the server, when it comes back, that what it has is another history.
    if (turn.hasNotices && turn.lastOf("imported")?.rewrites) {
      this.#finish(4008, "HISTORY_REPLACED");
      return;
    }
    if (this.#state.kind !== "live") {
      this.#missed = true;
      return;
    }
    const { outlet, encoding } = this.#parts;
    const { bytes, first, last } = turn.bytes(encoding, this.#audience);
    if (first !== 0 && first !== this.#last + 1) {
      this.#fallBack("unknown");
      return;
    }
    outlet.write(bytes);
    if (first !== 0) this.#last = last;
    if (turn.hasNotices) this.#heard(turn);
    if (outlet.isFull && !this.#isClosing()) this.#fallBack(this.#inFlightNow());
  }

  compare(thread: ThreadRow): void {
    if (this.#state.kind !== "live") return;
    const { title, archived } = this.#told;
    const isBehind = this.#last < thread.sequence || thread.deletedAt !== null;
    const isTold =
      title === this.#visibleTitle(thread) && archived === (thread.archivedAt !== null);
    if (isBehind || !isTold) this.#fallBack("unknown");
  }

  /** Remembers what the notices in a turn have told the watcher. */
  #heard(turn: Turn): void {
    const renamed = turn.lastOf("renamed");
    if (renamed !== undefined) this.#told.title = this.#visibleTitle(renamed);
    const archived = turn.lastOf("archived");
    if (archived !== undefined) this.#told.archived = archived.archived;
    if (turn.lastOf("deleted") !== undefined) this.#finish(4410, "THREAD_DELETED");
  }

  #fallBack(shown: Shown | Promise<Shown>): void {
    this.#state = { kind: "catching_up" };
    void this.#guarded(async () => this.#catchUp(await shown));
  }

  /**
   * Reads the log until nothing is missing at some moment, sends the rest of what is in flight, and
   * is live. `shown` is what of it the watcher has.
   */
  async #catchUp(shown: Shown): Promise<void> {
    this.#state = this.#isClosing() ? this.#state : { kind: "catching_up" };
    while (!this.#isClosing()) {
      if (!(await this.#parts.outlet.drained())) return this.#finish(4008, "SLOW_WATCHER");
      const moment = await this.#moment();
      if (this.#isClosing()) return;
      if (moment === null) return this.#deleted();
      if (this.#last < moment.head.thread.sequence) {
        await this.#readOn(moment.head.thread.sequence);
      } else if (!this.#missed) {
        this.#goLive(moment, shown);
        return;
      }
    }
  }

  #goLive({ head, inFlight }: NonNullable<Moment>, shown: Shown): void {
    const { key, outlet } = this.#parts;
    const isRestart = shown === "unknown";
    const rest = inFlightRest(isRestart ? null : shown, inFlight, head.thread.activeRolloutId);
    for (const frame of this.#audience === "all" ? rest : []) {
      const marked = isRestart && "delta" in frame.payload ? { ...frame, cut: true } : frame;
      this.#sendText(frame.type, transientText(marked, key.threadId));
    }
    this.#tellChanges(head.thread);
    this.#state = { kind: "live" };
    if (outlet.isFull) this.#fallBack(this.#inFlightNow());
  }

  /** What notices would have told, had the session been live. */
  #tellChanges(thread: ThreadRow): void {
    const archived = thread.archivedAt !== null;
    const title = this.#visibleTitle(thread);
    if (title !== this.#told.title) {
      this.#notify({ kind: "renamed", title: thread.title, titleSource: thread.titleSource });
    }
    if (archived !== this.#told.archived) this.#notify({ kind: "archived", archived });
    this.#told = { title, archived };
  }

  #notify(notice: Notice): void {
    const { type, text } = noticeOf(
      notice,
      this.#parts.key.threadId,
      this.#audience === "metadata",
    );
    this.#sendText(type, text);
  }

  #visibleTitle({ title, titleSource }: Pick<ThreadRow, "title" | "titleSource">): string | null {
    return this.#audience === "metadata" && titleSource === "message" ? null : title;
  }

  /** Nothing is awaited between handing out the feed's turn and taking what there is (LIVE8). */
  async #moment(): Promise<Moment> {
    // Between two turns of the loop everything flushed has been published, too.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isClosing()) return null;
    this.#feed.endTurn();
    this.#missed = false;
    const { store, key } = this.#parts;
    const taken = [store.load(key), this.#inFlightNow()] as const;
    const [stored, inFlight] = await Promise.all(taken);
    if (stored === null || stored.head.thread.deletedAt !== null) return null;
    return { head: stored.head, inFlight };
  }

  async #inFlightNow(): Promise<InFlight | null> {
    return this.#audience === "all" ? this.#parts.bus.inFlight(this.#parts.key) : null;
  }

  async #sendSnapshot(moment: NonNullable<Moment>): Promise<void> {
    const { store, key, options } = this.#parts;
    // An admin makes no positions from what they receive, so only the sequence counts.
    const isAdmin = this.#audience === "metadata";
    const after = options.after && isAdmin ? { ...options.after, crc: null } : options.after;
    const reason = after === null ? null : await resumeProblem(store, key, moment.head, after);
    if (after !== null && reason === null) await this.#sendResumed(moment, after.sequence);
    else await this.#sendFull(moment, reason);
    if (reason === null) return;
    const frame = { type: "resync_required", threadId: key.threadId, reason };
    this.#sendText(frame.type, JSON.stringify(frame));
  }

  /** The newest events of the active rollout or of all (LIVE2). */
  async #sendFull(moment: NonNullable<Moment>, reason: string | null): Promise<void> {
    const { thread, rollout } = moment.head;
    const rolloutId = this.#parts.options.allRollouts ? null : rollout.rolloutId;
    const to = thread.sequence;
    const page = await this.#page({ rolloutId, from: 1, to, order: "desc" });
    const crc = this.#audience === "metadata" ? 0 : thread.crc;
    this.#send(moment, {
      resumed: false,
      reason,
      lines: page.lines.toReversed(),
      sequence: to,
      position: positionOf(to, crc),
      nextCursor: page.next === null ? null : this.#parts.olderCursor(rolloutId, page.next),
    });
  }

  /** The oldest events past `after`; the rest follow as frames (LIVE3). */
  async #sendResumed(moment: NonNullable<Moment>, after: number): Promise<void> {
    const { thread } = moment.head;
    const isAdmin = this.#audience === "metadata";
    const range = { rolloutId: null, from: after + 1, to: thread.sequence } as const;
    const page = await this.#page({ ...range, order: "asc" });
    const last = page.lines.at(-1);
    const sequence = after + page.lines.length;
    const crc = last === undefined ? thread.crc : crc32(last);
    this.#send(moment, {
      resumed: true,
      reason: null,
      lines: page.lines,
      sequence,
      position: positionOf(sequence, isAdmin ? 0 : crc),
      nextCursor: null,
    });
  }

  #send(
    { head, inFlight }: NonNullable<Moment>,
    parts: {
      resumed: boolean;
      reason: string | null;
      lines: readonly Buffer[];
      sequence: number;
      position: string;
      nextCursor: string | null;
    },
  ): void {
    if (this.#isClosing()) return;
    const { access, threadView, encoding, outlet } = this.#parts;
    const thread = threadView(head.thread);
    const frame = snapshotFrame({ ...parts, access, thread, inFlight });
    outlet.write(
      encoding === "websocket" ? textFrame(frame) : sseFrame("snapshot", frame, parts.position),
    );
    this.#last = parts.sequence;
    this.#told = { title: thread.title, archived: thread.archived };
  }

  /** Events for a snapshot; an admin's holds none, whatever was asked for. */
  async #page(range: {
    rolloutId: string | null;
    from: number;
    to: number;
    order: "asc" | "desc";
  }): Promise<EventPage> {
    if (this.#audience === "metadata") return { lines: [], next: null };
    const { snapshots, key } = this.#parts;
    const limits = { type: null, limit: snapshotEventsMax, bytesMax: pageBytesMax };
    return snapshots.read({ key, ...range, ...limits });
  }

  async #readOn(to: number): Promise<void> {
    const { store, key, outlet, encoding } = this.#parts;
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
    for (const line of lines) {
      const kind = { encoding, audience: this.#audience };
      const frame = encodeEventLine(line, this.#last + 1, kind);
      if (frame !== null) outlet.write(frame);
      this.#last += 1;
    }
  }

  #sendText(type: string, text: string): void {
    const { outlet, encoding } = this.#parts;
    outlet.write(encodeText(type, text, { encoding }));
  }

  #deleted(): void {
    if (this.#isClosing()) return;
    this.#notify({ kind: "deleted" });
    this.#finish(4410, "THREAD_DELETED");
  }

  #finish(code: number, reason: string): void {
    if (this.#isClosing()) return;
    this.end();
    this.#parts.onEnd({ code, reason });
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
      this.#finish(1011, "INTERNAL");
    }
  }
}
