/**
 * One open thread: its newest events first, older ones when they are asked for, then everything
 * live. Guarantees that `view` holds an unbroken part of the history up to its end, whatever the
 * connection does, and changes at most once per frame of the screen. Of an older rollout, which
 * nothing is added to, only what is about the thread itself is live.
 *
 *   read 200 newest (REST) ── position ──▶ subscribe after it ──▶ events, transient, notices
 *         ▲                                        │ history replaced: begin anew
 *         └── older pages, backwards               ▼
 */
import { withRetries } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import { SpoolError } from "@spool/client/spool-error";
import type { Notice, Received } from "@spool/client/watch-progress";
import type { Event, Thread } from "@spool/protocol/resources";
import type { Services } from "../live/services.ts";
import { Store } from "../live/store.ts";
import { Conversation, type Item } from "./conversation.ts";
import { InFlightText, type Writing } from "./in-flight-text.ts";

/** What a thread shows. */
export type ThreadView = {
  readonly status:
    | { readonly kind: "loading" }
    | { readonly kind: "ready" }
    | { readonly kind: "missing" }
    | { readonly kind: "deleted" }
    | { readonly kind: "failed"; readonly message: string };
  readonly thread: Thread | null;
  /** False for an admin who sees metadata only. */
  readonly isOwn: boolean;
  readonly items: readonly Item[];
  readonly inFlight: readonly Writing[];
  /** There are older events, they are being read, the last attempt failed, or there are none. */
  readonly older: "some" | "loading" | "failed" | "none";
};

/** Which part of a thread: an older rollout, or with null the active one, live. */
export type ThreadPart = { readonly threadId: string; readonly rolloutId: string | null };

const empty: ThreadView = {
  status: { kind: "loading" },
  thread: null,
  isOwn: true,
  items: [],
  inFlight: [],
  older: "none",
};

/** Events of the first page, and of each older one. */
const firstPage = 200;
const olderPage = 500;

/** A thread that is open. `open` once, `close` once. */
export class ThreadState {
  readonly view = new Store<ThreadView>(empty);
  readonly #threadId: string;
  readonly #rolloutId: string | null;
  readonly #services: Pick<Services, "client" | "live">;
  readonly #stop = new AbortController();
  readonly #inFlight = new InFlightText();
  #events: Event[] = [];
  #conversation = new Conversation();
  #thread: Thread | null = null;
  #isOwn = true;
  /** An older rollout is shown. */
  #isClosed = false;
  #olderCursor: string | null = null;
  #older: ThreadView["older"] = "none";
  #frame: number | null = null;

  constructor(services: Pick<Services, "client" | "live">, part: ThreadPart) {
    this.#services = services;
    this.#threadId = part.threadId;
    this.#rolloutId = part.rolloutId;
  }

  /** Reads the newest events and follows the thread until `close`. */
  open(): void {
    void this.#run();
  }

  /** Ends the subscription; nothing changes afterwards. */
  close(): void {
    this.#stop.abort();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
  }

  /** Reads older events until it has those from `sequence` on, or there are none left. */
  async loadFrom(sequence: number): Promise<void> {
    const isMissing = () => (this.#events[0]?.sequence ?? 0) > sequence;
    while (isMissing() && this.#older === "some") await this.loadOlder();
  }

  /** Reads one more page of older events, unless that is under way or there are none. */
  async loadOlder(): Promise<void> {
    const cursor = this.#olderCursor;
    if (cursor === null || this.#older === "loading") return;
    this.#older = "loading";
    this.#show();
    try {
      const query = { cursor, limit: olderPage };
      const page = await this.#client.history.events(this.#threadId, query, this.#options);
      if (cursor !== this.#olderCursor) return;
      this.#events = [...page.items.reverse(), ...this.#events];
      this.#conversation = new Conversation(this.#events);
      this.#takeCursor(page.nextCursor);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!(error instanceof SpoolError)) throw error;
      this.#older = "failed";
    }
    this.#show();
  }

  get #client(): SpoolClient {
    return this.#services.client;
  }

  get #options() {
    return { signal: this.#stop.signal };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      const patience = { signal, giveUpAfterMs: Number.POSITIVE_INFINITY };
      const after = await withRetries(() => this.#readNewest(), patience);
      const live = this.#services.live.subscribe(this.#threadId, { after, signal });
      for await (const received of live) {
        this.#take(received);
        this.#show();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SpoolError)) throw error;
      this.#fail(error);
    }
  }

  /** The newest page; gives the position to go on from. */
  async #readNewest(): Promise<string> {
    const query = { limit: firstPage };
    const read = await this.#client.threads.get(this.#threadId, query, this.#options);
    this.#thread = read.thread;
    this.#isOwn = read.access === "owner";
    if (this.#rolloutId === null || this.#rolloutId === read.thread.activeRolloutId) {
      this.#begin(read.events, read.nextCursor);
      this.#inFlight.reset(read.inFlight);
    } else await this.#readRollout(this.#rolloutId);
    this.#show({ kind: "ready" });
    return read.position;
  }

  async #readRollout(rolloutId: string): Promise<void> {
    this.#isClosed = true;
    const query = { rolloutId, order: "desc", limit: firstPage } as const;
    const page = await this.#client.history.events(this.#threadId, query, this.#options);
    this.#begin(page.items.reverse(), page.nextCursor);
  }

  #begin(events: readonly Event[], olderCursor: string | null): void {
    this.#events = [...events];
    this.#conversation = new Conversation(this.#events);
    this.#takeCursor(olderCursor);
  }

  #takeCursor(cursor: string | null): void {
    this.#olderCursor = cursor;
    this.#older = cursor === null ? "none" : "some";
  }

  #take(received: Received): void {
    const { kind, frame } = received;
    if (kind === "snapshot") {
      this.#thread = frame.thread;
      this.#isOwn = frame.access === "owner";
      if (frame.resumed) this.#append(frame.events);
      else if (!this.#isClosed) this.#begin(frame.events, frame.nextCursor);
      if (!this.#isClosed) this.#inFlight.reset(frame.inFlight);
    } else if (kind === "event") {
      this.#append([frame]);
      this.#inFlight.settle(frame);
    } else if (kind === "transient") {
      if (!this.#isClosed) this.#inFlight.take(frame);
    }
    if (kind === "notice") this.#notice(frame);
  }

  #notice(frame: Notice): void {
    if (frame.type === "thread_deleted") this.#show({ kind: "deleted" });
    if (frame.type === "thread_renamed") this.#change({ title: frame.title });
    if (frame.type === "thread_archived") this.#change({ archived: frame.archived });
  }

  #append(events: readonly Event[]): void {
    for (const event of events) this.#follow(event);
    if (this.#isClosed) return;
    for (const event of events) this.#events.push(event);
    this.#conversation.append(events);
  }

  /** What an event tells about the thread itself. */
  #follow({ type, runId, rolloutId, sequence, createdAt }: Event): void {
    this.#change({ sequence, updatedAt: createdAt, activeRolloutId: rolloutId });
    if (type === "run_started") this.#change({ status: "running", activeRunId: runId });
    if (type === "run_completed") this.#change({ status: "idle", activeRunId: null });
    if (type === "compaction_started") this.#change({ status: "compacting" });
    if (type === "compaction_completed") {
      this.#change({ status: this.#thread?.activeRunId ? "running" : "idle" });
    }
  }

  #change(change: Partial<Thread>): void {
    if (this.#thread !== null) this.#thread = { ...this.#thread, ...change };
  }

  #fail(error: SpoolError): void {
    const isMissing = error.status === 404;
    this.#show(isMissing ? { kind: "missing" } : { kind: "failed", message: error.message });
  }

  /** Shows what there is: a new status at once, everything else with the next frame. */
  #show(status?: ThreadView["status"]): void {
    if (status !== undefined) this.#flush(status);
    else this.#frame ??= requestAnimationFrame(() => this.#flush(this.view.get().status));
  }

  #flush(status: ThreadView["status"]): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.view.set({
      status,
      thread: this.#thread,
      isOwn: this.#isOwn,
      items: this.#conversation.items,
      inFlight: this.#inFlight.view(),
      older: this.#older,
    });
  }
}
