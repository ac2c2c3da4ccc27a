/**
 * What a requested compaction's `compaction_completed` says, but for its id: the summary that came
 * with the request or is made of the rollout, and what stays word for word. Pure.
 */
import type { CompactThread } from "@spool/protocol/compaction";
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";
import { historyOf } from "../context/history.ts";
import { extractiveSummary } from "./extractive-summary.ts";
import { keptTurns } from "./keep-last.ts";

/** Made from the rollout's events, its own beginning included, and what was asked for. */
export function compactionPayload(events: readonly Event[], wishes: CompactThread): JsonObject {
  const { instructions = null, keepLast = 0 } = wishes;
  const history = historyOf(events);
  const summary = wishes.summary ?? extractiveSummary(history, instructions);
  const kept = keepLast === 0 ? [] : keptTurns(history, keepLast, summary);
  // Where no turn can be kept the summary alone says it all.
  return kept.length < 2 ? { summary } : { replacement: kept };
}
