/** The caller's threads, live, for the list. */
import { SpoolError } from "@spool/client/spool-error";
import type { Thread } from "@spool/protocol/resources";
import type { Services } from "../live/services.ts";
import { Store } from "../live/store.ts";

/** What the list shows; `failure` is why it cannot be read. */
export type ThreadListView = {
  readonly isLoading: boolean;
  readonly threads: readonly Thread[];
  readonly failure: string | null;
};

/** A list that is followed. `open` once, `close` once. */
export class ThreadListState {
  readonly view = new Store<ThreadListView>({ isLoading: true, threads: [], failure: null });
  readonly #services: Pick<Services, "live">;
  readonly #stop = new AbortController();
  readonly #threads = new Map<string, Thread>();

  constructor(services: Pick<Services, "live">) {
    this.#services = services;
  }

  open(): void {
    void this.#run();
  }

  close(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const change of this.#services.live.watchList({ signal })) {
        if (change.kind === "list") {
          this.#threads.clear();
          for (const thread of change.threads) this.#threads.set(thread.id, thread);
        } else if (change.kind === "upserted") this.#threads.set(change.threadId, change.thread);
        else this.#threads.delete(change.threadId);
        this.#show();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SpoolError)) throw error;
      this.view.set({ ...this.view.get(), isLoading: false, failure: error.message });
    }
  }

  #show(): void {
    const threads = [...this.#threads.values()]
      .filter((thread) => !thread.archived)
      .sort((a, b) =>
        a.updatedAt < b.updatedAt || (a.updatedAt === b.updatedAt && a.id < b.id) ? 1 : -1,
      );
    this.view.set({ isLoading: false, threads, failure: null });
  }
}
