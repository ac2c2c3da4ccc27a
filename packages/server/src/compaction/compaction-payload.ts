/**
 * What a requested compaction's `compaction_completed` says, but for its id: the summary that came
 * with the request or is made of the rollout, and what stays word for word.
 */
import type { CompactThread } from "@spool/protocol/compaction";
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";
import { type History, historyOf } from "../context/history.ts";
import { extractiveSummary } from "./extractive-summary.ts";
import { keptTurns } from "./keep-last.ts";
import type { Summariser } from "./summariser.ts";

/** The rollout's events, its own beginning included, what was asked for, and a model, if any. */
export type PayloadParts = {
  readonly events: readonly Event[];
  readonly wishes: CompactThread;
  readonly model: Summariser | null;
};

/** Rejects with the model's SummariserError. */
export async function compactionPayload(
  parts: PayloadParts,
  signal: AbortSignal,
): Promise<JsonObject> {
  const { events, wishes } = parts;
  const { keepLast = 0 } = wishes;
  const history = historyOf(events);
  const { summary, ...tokens } = await summaryOf(history, parts, signal);
  const kept = keepLast === 0 ? [] : keptTurns(history, keepLast, summary);
  // Where no turn can be kept the summary alone says it all.
  return { ...(kept.length < 2 ? { summary } : { replacement: kept }), ...tokens };
}

type MadeSummary = {
  readonly summary: string;
  readonly tokensBefore?: number;
  readonly tokensAfter?: number;
};

function summaryOf(
  history: History,
  { events, wishes, model }: PayloadParts,
  signal: AbortSignal,
): MadeSummary | Promise<MadeSummary> {
  const { summary, instructions = null } = wishes;
  if (summary !== undefined) return { summary };
  if (model === null) return { summary: extractiveSummary(history, instructions) };
  const request = { events, previousSummary: history.summary, instructions };
  return model(request, signal).then(({ text, ...tokens }) => ({ summary: text, ...tokens }));
}
