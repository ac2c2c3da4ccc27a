/**
 * Ends a Codex run: results known from events alone come out, the tokens it used are counted, and
 * what was remembered for it (twins, calls of events) is forgotten.
 */
import type { JsonObject } from "@spool/protocol/json";
import { numberOf } from "../json-values.ts";
import { completeRun, type RunEnding } from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import type { CodexReader } from "./codex-state.ts";
import { resultsFromEnds } from "./tools.ts";

/** Closes the open run with `ending` and its token usage; nothing happens without one. */
export function closeTurn(reader: CodexReader, ending: RunEnding, moment: Moment): void {
  const { state, log } = reader;
  if (log.thread.run === null) return;
  resultsFromEnds(reader, moment);
  completeRun(log, { ...ending, usage: tokensUsed(state.tokensBefore, state.tokens) }, moment);
  state.tokensBefore = state.tokens;
  state.twins = [];
  state.eventCalls = [];
}

/** The totals' growth; a total that shrank was counted anew. */
function tokensUsed(before: JsonObject | null, after: JsonObject | null): JsonObject | null {
  if (after === null) return null;
  const used = Object.entries(after).map(([name, value]) => {
    const total = numberOf(value) ?? 0;
    const growth = total - (numberOf(before?.[name]) ?? 0);
    return [name, growth < 0 ? total : growth];
  });
  return Object.fromEntries(used);
}
