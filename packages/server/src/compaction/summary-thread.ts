/**
 * The server's end of a summary: reads the rollout's lines a page at a time and hands them to a
 * thread of its own, which parses, summarises and asks a model, so that nothing of it keeps publishers or watchers
 * waiting. One thread per summary; when the signal ends it, it is gone.
 */
import { Worker } from "node:worker_threads";
import type { JsonObject } from "@spool/protocol/json";
import type { ThreadStore } from "../store/thread-store.ts";
import type { MakeSummary, SummaryTask } from "./compactions.ts";
import type { ModelCounters } from "./model-counters.ts";
import type { ModelSettings } from "./model-settings.ts";
import { SummariserError } from "./summariser.ts";
import type { SummaryAnswer, SummaryMessage, SummarySetup } from "./summary-worker.ts";

/** Bytes of lines handed over at a time. */
const pageBytes = 2 * 1024 * 1024;
const pageEvents = 5_000;
/** Megabytes of heap a summary may use; one that needs more fails alone. */
const heapMegabytesMax = 512;

/** What making summaries needs; `settings` null where no model is configured. */
export type SummaryParts = {
  readonly store: ThreadStore;
  readonly settings: ModelSettings | null;
  readonly counters: ModelCounters;
};

/** A maker of summaries of the store's threads. */
export function summaryMaker(parts: SummaryParts): MakeSummary {
  return async (task, signal) => {
    const { summary, keepLast = 0 } = task.wishes;
    // Nothing of the thread is needed for it.
    if (summary !== undefined && keepLast === 0) return { summary };
    const thread = new SummaryThread(task, parts);
    const end = () => void thread.end();
    signal.addEventListener("abort", end, { once: true });
    try {
      for await (const page of linesOf(parts.store, task))
        await thread.send({ kind: "lines", page });
      return await thread.send({ kind: "make" });
    } finally {
      signal.removeEventListener("abort", end);
      await thread.end();
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
    yield joined(lines);
    if (next === null) return;
    from = next;
  }
}

function joined(lines: readonly Buffer[]): Uint8Array {
  let bytes = 0;
  for (const line of lines) bytes += line.length + 1;
  const page = new Uint8Array(bytes);
  let at = 0;
  for (const line of lines) {
    page.set(line, at);
    at += line.length + 1;
    page[at - 1] = 0x0a;
  }
  return page;
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
  #isOver = false;

  constructor({ wishes }: SummaryTask, { settings, counters }: SummaryParts) {
    const model = settings === null ? null : { ...settings, url: settings.url.href };
    const workerData: SummarySetup = { wishes, model };
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

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #reject(error: Error): void {
    this.#waiting?.reject(error);
  }
}
