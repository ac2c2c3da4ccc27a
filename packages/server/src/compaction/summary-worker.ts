/**
 * The thread that makes one summary: takes the rollout's lines, then is told to make it, and answers
 * with the payload of the `compaction_completed`. Started by `summary-thread.ts`, which ends it.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { CompactThread } from "@spool/protocol/compaction";
import type { JsonObject } from "@spool/protocol/json";
import { compactionPayload } from "./compaction-payload.ts";
import { SummaryInput } from "./summary-input.ts";

/** What was asked for. */
export type SummarySetup = { readonly wishes: CompactThread };

/** Whole lines with their newlines, in order; then the word to make the summary. */
export type SummaryMessage =
  | { readonly kind: "lines"; readonly page: Uint8Array }
  | { readonly kind: "make" };

/** `taken` answers lines. Anything that goes wrong ends the thread, and its starter hears of it. */
export type SummaryAnswer =
  | { readonly kind: "taken" }
  | { readonly kind: "made"; readonly payload: JsonObject };

const port = parentPort;
if (port === null) throw new Error("the summary's worker is started by the server only");

const { wishes } = workerData as SummarySetup;
const input = new SummaryInput();

port.on("message", (message: SummaryMessage) => {
  const answer = (given: SummaryAnswer) => port.postMessage(given);
  if (message.kind === "make") {
    answer({ kind: "made", payload: compactionPayload(input.events, wishes) });
    return;
  }
  const { buffer, byteOffset, byteLength } = message.page;
  addLines(Buffer.from(buffer, byteOffset, byteLength));
  answer({ kind: "taken" });
});

function addLines(page: Buffer): void {
  for (let start = 0; start < page.length; ) {
    const end = page.indexOf(0x0a, start);
    input.add(page.subarray(start, end));
    start = end + 1;
  }
}
