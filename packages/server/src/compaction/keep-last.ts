/**
 * What a compaction keeps word for word: the last whole turns behind the summary, as the
 * `replacement` of its `compaction_completed` (ROL17). Pure.
 */
import type { JsonObject } from "@spool/protocol/json";
import { bodyBytesMax } from "@spool/protocol/limits";
import type { Entry, History } from "../context/history.ts";

/** Bytes of a replacement: the event must stay one that any reader takes. */
const replacementBytesMax = bodyBytesMax - 512 * 1_024;

/** The summary as its first message, then the newest turns; fewer where they would be too much. */
export function keptTurns(
  { entries }: History,
  turns: number,
  summary: string,
): readonly JsonObject[] {
  const head = { type: "user_message", payload: { content: summary, isSummary: true } };
  const kept: JsonObject[] = [];
  let room = replacementBytesMax - bytesOf(head);
  for (const turn of turnsOf(entries).slice(-turns).reverse()) {
    const items = turn.map(itemOf);
    room -= items.reduce((sum, item) => sum + bytesOf(item), 0);
    if (room < 0) break;
    kept.unshift(...items);
  }
  return [head, ...kept];
}

/** A user's message and everything until the next; what stands before the first is no turn. */
function turnsOf(entries: readonly Entry[]): Entry[][] {
  const turns: Entry[][] = [];
  for (const entry of entries) {
    if (entry.type === "user_message") turns.push([entry]);
    else turns.at(-1)?.push(entry);
  }
  return turns;
}

function itemOf({ type, payload, sequence }: Entry): JsonObject {
  return { type, payload, ...(sequence === null ? {} : { fromSequence: sequence }) };
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}
