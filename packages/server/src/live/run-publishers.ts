/**
 * Which sockets published in which active run, so that they, and nobody else, are told when it is
 * being cancelled (LIVE25). Follows the bus of a thread only while a socket publishes in it.
 */
import { keyText, type ThreadKey } from "../store/thread-key.ts";
import type { BusMessage, LiveBus } from "./live-bus.ts";

/** A socket that wants to know: also of the end of the run, and of its being opened again. */
export type RunPublisher = {
  cancelRequested(threadId: string, runId: string): void;
  runChanged(threadId: string, runId: string, isActive: boolean): void;
};

type Entry = {
  readonly runs: Map<string, Set<RunPublisher>>;
  readonly unsubscribe: () => void;
};

/** The publishing sockets of one server, by thread and run. */
export class RunPublishers {
  readonly #bus: LiveBus;
  readonly #threads = new Map<string, Entry>();

  constructor(bus: LiveBus) {
    this.#bus = bus;
  }

  /** Threads with a publishing socket. */
  get size(): number {
    return this.#threads.size;
  }

  /** The socket publishes in the run from here on. */
  add(key: ThreadKey, runId: string, publisher: RunPublisher): void {
    const text = keyText(key);
    let entry = this.#threads.get(text);
    if (entry === undefined) {
      const unsubscribe = this.#bus.subscribe(key, (messages) => this.#heard(key, messages));
      entry = { runs: new Map(), unsubscribe };
      this.#threads.set(text, entry);
    }
    const publishers = entry.runs.get(runId) ?? new Set();
    entry.runs.set(runId, publishers.add(publisher));
  }

  remove(key: ThreadKey, runId: string, publisher: RunPublisher): void {
    const text = keyText(key);
    const entry = this.#threads.get(text);
    const publishers = entry?.runs.get(runId);
    publishers?.delete(publisher);
    if (entry === undefined || publishers?.size !== 0) return;
    entry.runs.delete(runId);
    if (entry.runs.size > 0) return;
    entry.unsubscribe();
    this.#threads.delete(text);
  }

  #heard(key: ThreadKey, messages: readonly BusMessage[]): void {
    const { threadId } = key;
    for (const message of messages) {
      if (message.kind === "cancel_requested") {
        for (const publisher of this.#of(key, message.runId)) {
          publisher.cancelRequested(threadId, message.runId);
        }
      } else if (message.kind === "event") {
        const { type, runId } = message.event;
        if (runId === null || (type !== "run_completed" && type !== "run_started")) continue;
        for (const publisher of this.#of(key, runId)) {
          publisher.runChanged(threadId, runId, type === "run_started");
        }
      }
    }
  }

  /** A copy: whoever is told may leave. */
  #of(key: ThreadKey, runId: string): RunPublisher[] {
    return [...(this.#threads.get(keyText(key))?.runs.get(runId) ?? [])];
  }
}
