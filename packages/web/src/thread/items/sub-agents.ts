/**
 * The sub-agents of a thread: which call started which thread (WEB27). Asked for once, when the
 * thread is opened, and followed by the live list afterwards. The one place that looks them up.
 */
import type { LiveClient } from "@spool/client/live-client";
import { SpoolError } from "@spool/client/spool-error";
import type { Thread } from "@spool/protocol/resources";
import { createContext, use } from "react";
import { useStore } from "../../live/services.ts";
import { Store } from "../../live/store.ts";

type Children = ReadonlyMap<string, Thread>;

/** The sub-agents' threads, by the call that started them. `open` once, `close` once. */
export class SubAgents {
  readonly byCall = new Store<Children>(new Map());
  readonly #live: Pick<LiveClient, "watchList">;
  readonly #threadId: string;
  readonly #stop = new AbortController();

  constructor(live: Pick<LiveClient, "watchList">, threadId: string) {
    this.#live = live;
    this.#threadId = threadId;
  }

  /** Looks them up and follows them until `close`. */
  open(): void {
    void this.#follow();
  }

  /** Nothing changes afterwards. */
  close(): void {
    this.#stop.abort();
  }

  async #follow(): Promise<void> {
    const query = { parent: this.#threadId, archived: true };
    const { signal } = this.#stop;
    try {
      for await (const change of this.#live.watchList({ query, signal })) {
        if (change.kind === "list") this.#take(change.threads);
        else if (change.kind === "upserted") this.#take([change.thread]);
        else this.#drop(change.threadId);
      }
    } catch (error) {
      // Refused for good: calls are shown without their sub-agents, the thread itself says why.
      if (!signal.aborted && !(error instanceof SpoolError)) throw error;
    }
  }

  #take(threads: readonly Thread[]): void {
    const own = threads.filter((thread) => thread.parentThreadId === this.#threadId);
    const entries = own.flatMap((thread) =>
      thread.parentToolCallId === null ? [] : [[thread.parentToolCallId, thread] as const],
    );
    if (entries.length > 0) this.byCall.set(new Map([...this.byCall.get(), ...entries]));
  }

  #drop(threadId: string): void {
    const entries = [...this.byCall.get()];
    const left = entries.filter(([, thread]) => thread.id !== threadId);
    if (left.length < entries.length) this.byCall.set(new Map(left));
  }
}

/** Carries the open thread's sub-agents to its calls. */
export const SubAgentsContext = createContext<SubAgents | null>(null);

const none = new Store<Children>(new Map());

/** The thread that a call started; null when it started none, or none is known yet. */
export function useSubAgent(toolCallId: string): Thread | null {
  return useStore(use(SubAgentsContext)?.byCall ?? none).get(toolCallId) ?? null;
}
