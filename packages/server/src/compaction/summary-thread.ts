/**
 * The server's end of a summary: reads the rollout's lines a page at a time and hands them to a
 * thread of its own, which parses, summarises and asks a model, so that nothing of it keeps
 * publishers or watchers waiting. A thread makes one summary at a time. One that failed, or that the
 * signal ended, is gone; one that made a usual one rests a while for the next.
 */
import { Worker } from "node:worker_threads";
import type { JsonObject } from "@spool/protocol/json";
import { joinedLines } from "../store/event-line.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { MakeSummary, SummaryTask } from "./compactions.ts";
import type { ModelCounters } from "./model-counters.ts";
import type { ModelSettings } from "./model-settings.ts";
import { SummariserError } from "./summariser.ts";
import type { SummaryAnswer, SummaryMessage, SummarySetup } from "./summary-worker.ts";

/** Bytes of lines handed over at a time. */
const pageBytes = 2 * 1024 * 1024;
const pageEvents = 5_000;
/** A thread that took more bytes than this gives its memory back at once. */
const restBytesMax = 16 * 1024 * 1024;
/** Megabytes of heap a summary may use; one that needs more fails alone. */
const heapMegabytesMax = 512;

/** What making summaries needs; `settings` null where no model is configured. */
export type SummaryParts = {
  readonly store: ThreadStore;
  readonly settings: ModelSettings | null;
  readonly counters: ModelCounters;
  /** Milliseconds a thread waits for another summary. */
  readonly restMs: number;
};

/** A maker of summaries of the store's threads. */
export function summaryMaker(parts: SummaryParts): MakeSummary {
  let resting: SummaryThread | null = null;
  return async (task, signal) => {
    const { wishes } = task;
    // Nothing of the thread is needed for it.
    if (wishes.summary !== undefined && !wishes.keepLast) return { summary: wishes.summary };
    const rested = resting;
    resting = null;
    const thread = rested?.wake() ? rested : new SummaryThread(parts);
    const end = () => void thread.end();
    signal.addEventListener("abort", end, { once: true });
    let isUsable = false;
    try {
      let bytes = 0;
      for await (const page of linesOf(parts.store, task)) {
        bytes += page.length;
        await thread.send({ kind: "lines", page });
      }
      const payload = await thread.send({ kind: "make", wishes });
      isUsable = bytes <= restBytesMax && !signal.aborted && resting === null;
      return payload;
    } finally {
      signal.removeEventListener("abort", end);
      if (isUsable) {
        resting = thread;
        thread.rest(parts.restMs);
      } else await thread.end();
    }
  };
}

/** Pages of whole lines, each with its newline, in memory of their own. */
async function* linesOf(store: ThreadStore, task: SummaryTask): AsyncGenerator<Uint8Array> {
  const { key, rollout, lastSequence } = task;
  for (let from = rollout.firstSequence; from <= lastSequence; ) {
    const { lines, next } = await store.readEvents({
      ...{ key, rolloutId: rollout.rolloutId, from, to: lastSequence },
      ...{ order: "asc", type: null, limit: pageEvents, bytesMax: pageBytes },
    });
    yield joinedLines(lines);
    if (next === null) return;
    from = next;
  }
}

/** Takes over what the thread counted of the model; nothing where none was asked. */
function count(
  counters: ModelCounters,
  { kind, counts }: Exclude<SummaryAnswer, { kind: "taken" }>,
) {
  if (counts.requests === 0) return;
  counters.requests += counts.requests;
  counters.retries += counts.retries;
  counters.tokens += counts.tokens;
  if (kind === "made") counters.summaries += 1;
  else counters.failures += 1;
}

/** A running thread; one message is under way at a time. */
class SummaryThread {
  readonly #worker: Worker;
  #waiting: PromiseWithResolvers<JsonObject> | null = null;
  #restTimer: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor({ settings, counters }: SummaryParts) {
    const model = settings === null ? null : { ...settings, url: settings.url.href };
    const workerData: SummarySetup = { model };
    this.#worker = new Worker(new URL("./summary-worker.ts", import.meta.url), {
      workerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    });
    this.#worker.on("message", (answer: SummaryAnswer) => {
      if (answer.kind !== "taken") count(counters, answer);
      if (answer.kind === "failed") this.#reject(new SummariserError(answer.message));
      else this.#waiting?.resolve(answer.kind === "made" ? answer.payload : {});
    });
    this.#worker.on("error", (error) => this.#reject(error as Error));
    this.#worker.on("exit", () => {
      this.#isOver = true;
      this.#reject(new SummariserError("The summary was ended before it was made"));
    });
  }

  /** Resolves when the thread has taken the message, with the payload for `make`. */
  send(message: SummaryMessage): Promise<JsonObject> {
    this.#waiting = Promise.withResolvers();
    if (this.#isOver) this.#reject(new SummariserError("The summary was ended before it was made"));
    const transfer = message.kind === "lines" ? [message.page.buffer as ArrayBuffer] : [];
    this.#worker.postMessage(message, transfer);
    return this.#waiting.promise;
  }

  /** Waits for another summary, without keeping the process, and ends when none comes. */
  rest(milliseconds: number): void {
    this.#worker.unref();
    this.#restTimer = setTimeout(() => void this.end(), milliseconds);
    this.#restTimer.unref();
  }

  /** Ends the rest. False where the thread is over. */
  wake(): boolean {
    clearTimeout(this.#restTimer ?? undefined);
    this.#worker.ref();
    return !this.#isOver;
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#worker.terminate();
  }

  #reject(error: Error): void {
    this.#waiting?.reject(error);
  }
}
