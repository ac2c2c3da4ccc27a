/**
 * The thread that makes summaries, one after the other: takes a rollout's lines, then is told to make
 * its summary, and answers with the payload of the `compaction_completed`. What it held of the thread
 * goes with the answer. Started by `summary-thread.ts`, which ends it.
 */
import os from "node:os";
import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { CompactThread } from "@spool/protocol/compaction";
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";
import type { Log } from "../ops/log.ts";
import { compactionPayload } from "./compaction-payload.ts";
import type { ModelTime } from "./model-attempts.ts";
import { ModelCounters } from "./model-counters.ts";
import type { ModelSettings } from "./model-settings.ts";
import { createModelSummariser } from "./model-summariser.ts";
import { type Summariser, SummariserError } from "./summariser.ts";
import { SummaryInput } from "./summary-input.ts";

/** A configured model, as a thread can be given it. */
export type SummaryModel = Omit<ModelSettings, "url"> & { readonly url: string };

/** The model to ask; null: none. */
export type SummarySetup = { readonly model: SummaryModel | null };

/** Whole lines with their newlines, in order; then the word to make the summary that was asked for. */
export type SummaryMessage =
  | { readonly kind: "lines"; readonly page: Uint8Array }
  | { readonly kind: "make"; readonly wishes: CompactThread };

/** What a model was asked, counted. */
export type SummaryCounts = Pick<ModelCounters, "requests" | "retries" | "tokens">;

/**
 * `taken` answers lines; `failed` is the model's, in words fit for the requester. Anything else that
 * goes wrong ends the thread, and its starter hears of it.
 */
export type SummaryAnswer =
  | { readonly kind: "taken" }
  | { readonly kind: "made"; readonly payload: JsonObject; readonly counts: SummaryCounts }
  | { readonly kind: "failed"; readonly message: string; readonly counts: SummaryCounts };

const port = parentPort;
if (port === null) throw new Error("the summary's worker is started by the server only");

// Publishers come first. On Linux this is this thread's priority, elsewhere it would be the process's.
if (process.platform === "linux") os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);
const { model } = workerData as SummarySetup;
let input = new SummaryInput();
// The thread is ended from outside.
const { signal } = new AbortController();

port.on("message", (message: SummaryMessage) => {
  const answer = (given: SummaryAnswer) => port.postMessage(given);
  if (message.kind === "make") {
    const { events } = input;
    input = new SummaryInput();
    void make(events, message.wishes).then(answer);
    return;
  }
  const { buffer, byteOffset, byteLength } = message.page;
  addLines(Buffer.from(buffer, byteOffset, byteLength));
  answer({ kind: "taken" });
});

async function make(events: readonly Event[], wishes: CompactThread): Promise<SummaryAnswer> {
  const counters = new ModelCounters();
  const summariser = model === null ? null : modelOf(model, counters);
  const counts = () => {
    const { requests, retries, tokens } = counters;
    return { requests, retries, tokens };
  };
  try {
    const payload = await compactionPayload({ events, wishes, model: summariser }, signal);
    return { kind: "made", payload, counts: counts() };
  } catch (error) {
    if (!(error instanceof SummariserError)) throw error;
    return { kind: "failed", message: error.message, counts: counts() };
  }
}

function modelOf({ url, ...settings }: SummaryModel, counters: ModelCounters): Summariser {
  const time: ModelTime = {
    now: () => performance.now(),
    after: (milliseconds, task) => {
      const timer = setTimeout(task, milliseconds);
      return () => clearTimeout(timer);
    },
    pause: (milliseconds, ended) => setTimeoutPromise(milliseconds, undefined, { signal: ended }),
    random: Math.random,
  };
  // What went wrong is told to the server, which logs it.
  const log: Log = { debugs: false, debug() {}, info() {}, warn() {}, error() {} };
  return createModelSummariser({ url: new URL(url), ...settings }, { time, counters, log });
}

function addLines(page: Buffer): void {
  for (let start = 0; start < page.length; ) {
    const end = page.indexOf(0x0a, start);
    input.add(page.subarray(start, end));
    start = end + 1;
  }
}
