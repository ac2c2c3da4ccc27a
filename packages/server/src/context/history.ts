/**
 * The events of an active rollout → what was said and done in it: the summary it begins with, and
 * the messages, calls and results behind it, those a compaction kept spliced in as if they stood
 * there (CTX2, CTX3). Pure; the beginning of conversations and of what a compaction keeps.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";

/** An event as far as contexts look at it. */
export type SourceEvent = Pick<Event, "sequence" | "type" | "payload">;

const entryTypes = ["user_message", "assistant_message", "tool_call", "tool_result"] as const;

/** What an entry may be. */
export type EntryType = (typeof entryTypes)[number];

/** A message, call or result; `sequence` null where the compaction that kept it does not say. */
export type Entry = {
  readonly type: EntryType;
  readonly payload: JsonObject;
  readonly sequence: number | null;
};

/** What a rollout says, in order. */
export type History = { readonly summary: string | null; readonly entries: readonly Entry[] };

const known: ReadonlySet<string> = new Set(entryTypes);

/** Whether events of this type have any part in a context. */
export function countsForContext(type: string): boolean {
  return known.has(type) || type === "compaction_completed";
}

/** Reads events in order. A completed compaction replaces what stood before it. */
export function historyOf(events: Iterable<SourceEvent>): History {
  let summary: string | null = null;
  let entries: Entry[] = [];
  for (const { sequence, type, payload } of events) {
    if (isEntryType(type)) entries.push({ type, payload, sequence });
    else if (isCompleted(type, payload)) ({ summary, entries } = afterCompaction(payload));
  }
  return { summary, entries };
}

/** Whether a message of a replacement is the summary of what it replaces (CTX3). */
export function isSummaryMessage({ type, payload }: Entry): boolean {
  return type === "user_message" && payload.isSummary === true;
}

function isEntryType(type: unknown): type is EntryType {
  return known.has(type as string);
}

function isCompleted(type: string, payload: JsonObject): boolean {
  return type === "compaction_completed" && payload.status !== "failed";
}

function afterCompaction(payload: JsonObject): { summary: string | null; entries: Entry[] } {
  const { summary, replacement } = payload;
  const items = Array.isArray(replacement) ? replacement.flatMap(entryOf) : [];
  const said = items.filter(isSummaryMessage).map((item) => String(item.payload.content ?? ""));
  const own = typeof summary === "string" && summary.trim() !== "" ? summary : null;
  return {
    summary: own ?? (said.length === 0 ? null : said.join("\n\n")),
    entries: items.filter((item) => !isSummaryMessage(item)),
  };
}

/** An item of a replacement; none where it is of another type or of no use (`custom`, …). */
function entryOf(item: unknown): Entry[] {
  const { type, payload, fromSequence } = (item ?? {}) as JsonObject;
  if (!isEntryType(type) || typeof payload !== "object" || payload === null) return [];
  const sequence = typeof fromSequence === "number" ? fromSequence : null;
  return [{ type, payload: payload as JsonObject, sequence }];
}
