/**
 * The list as it is shown: pages over REST, changes over the one live socket, folded sub-agents, an
 * order that holds still while somebody points at it. Guarantees that what is loaded stays loaded
 * and comes right again after a lost connection; `view` changes at most once per frame.
 *
 *   watchList ─ list (connected, or again) ─▶ read anew what is loaded ┐
 *             ─ upserted, deleted ─────────────────────────────────────┼▶ LoadedThreads ─▶ view
 *   scrolled near the end ─▶ read on ──────────────────────────────────┘
 */
import { SpoolError } from "@spool/client/spool-error";
import type { Services } from "../live/services.ts";
import { Store } from "../live/store.ts";
import type { ListFilter } from "../routing/route.ts";
import { HeldOrder } from "./held-order.ts";
import { acceptsOf, isSameFilter } from "./list-query.ts";
import type { ListedThread, ListPlace } from "./listed-thread.ts";
import { LoadedThreads } from "./loaded-threads.ts";
import { PageReader } from "./page-reader.ts";
import { countSubAgents, type SubAgentCount, standingAlone, unfoldedRows } from "./sub-agents.ts";

/** What the list shows. */
export type ThreadListView = {
  /** What `threads` is narrowed to; while another list is on its way, still the one before. */
  readonly filter: ListFilter;
  readonly isLoading: boolean;
  /** Why there is nothing, or why what is there does not follow any more. */
  readonly failure: SpoolError | null;
  readonly threads: readonly ListedThread[];
  /** Of threads shown below another one; 1 for the others. */
  readonly levels: ReadonlyMap<string, number>;
  /** Of a thread of the list; undefined where it has none. */
  readonly subAgentsOf: (threadId: string) => SubAgentCount | undefined;
  readonly unfolded: ReadonlySet<string>;
  /** How many threads wait to take their places while the order is held. */
  readonly waiting: number;
  /** Older threads: there are some, they are being read, that failed, or there are none. */
  readonly older: "some" | "loading" | "failed" | "none";
  /** Every agent that was seen, in alphabetical order. */
  readonly agents: readonly string[];
};

/** Everybody's threads are not in the live feed, so that they are read again this often. */
const pollMs = 10_000;
/** Reading again takes at most one part in so many of the time. */
const pollShare = 10;

/** A list that is followed. `open` once, `close` once. */
export class ThreadListState {
  readonly view: Store<ThreadListView>;
  readonly #services: Pick<Services, "client" | "live">;
  readonly #stop = new AbortController();
  #agents: readonly string[] = [];
  #list: OneList;
  #isPointedAt = false;
  #isFollowing = false;
  #frame: number | null = null;
  #poll: ReturnType<typeof setTimeout> | undefined;

  constructor(services: Pick<Services, "client" | "live">, filter: ListFilter) {
    this.#services = services;
    this.#list = this.#listOf(filter);
    this.view = new Store(this.#viewOf(this.#list));
  }

  /** Reads the list and follows it until `close`. */
  open(): void {
    void this.#readAnew();
    void this.#follow();
    document.addEventListener("visibilitychange", this.#onVisible);
  }

  /** Ends everything; nothing changes afterwards. */
  close(): void {
    this.#stop.abort();
    this.#list.stop.abort();
    clearTimeout(this.#poll);
    document.removeEventListener("visibilitychange", this.#onVisible);
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
  }

  /** Shows another list; the one before stands until the first answer. */
  narrow(filter: ListFilter): void {
    if (isSameFilter(filter, this.#list.filter)) return;
    this.#list.stop.abort();
    this.#list = this.#listOf(filter);
    this.view.set({ ...this.view.get(), isLoading: true });
    void this.#readAnew();
  }

  /** While somebody points at the rows their order stays as it is. */
  point(isPointedAt: boolean): void {
    if (isPointedAt === this.#isPointedAt) return;
    this.#isPointedAt = isPointedAt;
    if (!isPointedAt) this.#list.order.release();
    this.#show();
  }

  /** What waits takes its place. */
  applyWaiting(): void {
    this.#list.order.release();
    this.#show();
  }

  /** Shows a thread's sub-agents, or hides them. */
  unfold(threadId: string, isUnfolded: boolean): void {
    const list = this.#list;
    const unfolded = new Set(list.unfolded);
    if (isUnfolded) unfolded.add(threadId);
    else unfolded.delete(threadId);
    list.unfolded = unfolded;
    this.#show();
    if (isUnfolded) void this.#attempt(list, () => list.reader.readSubAgents(threadId));
  }

  /** Reads the next page, unless that is under way or there is none. */
  async readOn(): Promise<void> {
    const list = this.#list;
    if (list.older === "loading" || typeof list.loaded.end === "string") return;
    list.older = "loading";
    this.#show();
    const isRead = await this.#attempt(list, () => list.reader.readOn(), "older");
    list.older = isRead ? "idle" : "failed";
    this.#show();
  }

  /** Begins again after a failure. */
  retry(): void {
    this.#list.failure = null;
    this.view.set({ ...this.view.get(), isLoading: true, failure: null });
    void this.#readAnew();
    if (!this.#isFollowing) void this.#follow();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    this.#isFollowing = true;
    try {
      // Its own page only tells that the feed has begun; this list reads what it needs.
      for await (const change of this.#services.live.watchList({ query: { limit: 1 }, signal })) {
        if (change.kind === "list") void this.#readAnew();
        else if (change.kind === "upserted") this.#upsert(change.thread);
        else {
          this.#list.loaded.remove(change.threadId);
          this.#list.order.drop(change.threadId);
        }
        this.#show();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SpoolError)) throw error;
      this.#isFollowing = false;
      this.#list.failure = error;
      this.#show();
    }
  }

  #upsert(thread: ListedThread): void {
    const { loaded, order, filter } = this.#list;
    this.#meet([thread]);
    loaded.upsert(thread);
    if (thread.archived && !filter.archived) order.drop(thread.id);
    else order.change(thread);
  }

  async #readAnew(): Promise<void> {
    const list = this.#list;
    const startedAt = performance.now();
    list.round += 1;
    const { round } = list;
    const isRead = await this.#attempt(list, () => list.reader.readAnew());
    if (round !== list.round) return;
    if (isRead) list.failure = null;
    this.#show();
    for (const id of isRead ? list.unfolded : []) {
      await this.#attempt(list, () => list.reader.readSubAgents(id));
    }
    if (list !== this.#list || round !== list.round || !list.filter.all) return;
    clearTimeout(this.#poll);
    const tookMs = performance.now() - startedAt;
    this.#poll = setTimeout(this.#onPoll, Math.max(pollMs, tookMs * pollShare));
  }

  readonly #onPoll = (): void => {
    this.#poll = undefined;
    if (this.#list.filter.all && !document.hidden) void this.#readAnew();
  };

  /** A poll that found the page hidden is made up for. */
  readonly #onVisible = (): void => {
    if (this.#poll === undefined) this.#onPoll();
  };

  /** Whether it went well. What fails is the list's failure, or only that of its older threads. */
  async #attempt(
    list: OneList,
    attempt: () => Promise<void>,
    about: "list" | "older" = "list",
  ): Promise<boolean> {
    try {
      await attempt();
      return true;
    } catch (error) {
      if (list.stop.signal.aborted) return false;
      if (!(error instanceof SpoolError)) throw error;
      if (about === "list") list.failure = error;
      return false;
    }
  }

  #listOf(filter: ListFilter): OneList {
    const loaded = new LoadedThreads(acceptsOf(filter));
    const stop = new AbortController();
    const { client } = this.#services;
    const order = new HeldOrder();
    const onChange = (threads: readonly ListedThread[]) => {
      this.#meet(threads);
      for (const { id } of threads) {
        const thread = loaded.get(id);
        if (thread !== undefined) order.change(thread);
      }
      this.#show();
    };
    return {
      filter,
      loaded,
      stop,
      order,
      reader: new PageReader({ client, filter, loaded, onChange }, stop.signal),
      unfolded: new Set(),
      failure: null,
      older: "idle",
      round: 0,
    };
  }

  /** Shows what there is, with the next frame. */
  #show(): void {
    if (this.#stop.signal.aborted) return;
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      const list = this.#list;
      // Until the first answer the list before stands.
      if (list.loaded.end === "nothing" && list.failure === null) return;
      this.view.set(this.#viewOf(list));
    });
  }

  #viewOf(list: OneList): ThreadListView {
    const { filter, loaded, order, unfolded, failure } = list;
    const { end } = loaded;
    const alone = standingAlone(loaded.threads, loaded);
    const endPlace: ListPlace | null = typeof end === "string" ? null : end.place;
    if (this.#isPointedAt && !order.isHeld && end !== "nothing") order.hold(alone, endPlace);
    const { threads: arranged, waiting } = order.arrange(alone, endPlace);
    const idle = typeof end === "string" ? "none" : "some";
    return {
      filter,
      isLoading: end === "nothing" && failure === null,
      failure,
      ...unfoldedRows(arranged, loaded, unfolded),
      subAgentsOf: (threadId) => countSubAgents(threadId, loaded),
      unfolded,
      waiting,
      older: list.older === "idle" ? idle : list.older,
      agents: this.#agents,
    };
  }

  /** Notes the threads' agents, for the filter. */
  #meet(threads: readonly ListedThread[]): void {
    const unmet = new Set(
      threads.flatMap(({ agentId }) =>
        agentId === null || this.#agents.includes(agentId) ? [] : [agentId],
      ),
    );
    if (unmet.size > 0) this.#agents = [...this.#agents, ...unmet].sort();
  }
}

/** One narrowing of the list, with what is loaded of it. */
type OneList = {
  readonly filter: ListFilter;
  readonly loaded: LoadedThreads;
  readonly order: HeldOrder;
  readonly reader: PageReader;
  readonly stop: AbortController;
  unfolded: ReadonlySet<string>;
  failure: SpoolError | null;
  older: "idle" | "loading" | "failed";
  /** Counts the readings anew; an overtaken one has nothing to say. */
  round: number;
};
