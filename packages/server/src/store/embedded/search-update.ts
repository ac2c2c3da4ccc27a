/**
 * What the search index lacks of one thread: its title as it is now, and the lines of events that
 * it does not hold yet. Asked by `search-feed.ts`; changes nothing.
 */
import { crc32 } from "node:zlib";
import { joinedLines, typeOfLine } from "../event-line.ts";
import type { ThreadRow } from "../rows.ts";
import { isSearched } from "../search-text.ts";
import type { ThreadKey } from "../thread-key.ts";
import { type EventPage, type EventQuery, StorageDamage } from "../thread-store.ts";
import type { HeldLines } from "./search-held-lines.ts";
import type { IndexedThread } from "./search-reader.ts";
import type { SearchUpdate } from "./search-writer.ts";

/** Where threads are read, and how far they are indexed. */
export type SearchUpdateParts = {
  readonly indexed: (key: ThreadKey) => IndexedThread | null;
  readonly threadRow: (key: ThreadKey) => ThreadRow | null;
  /** Whether the thread's events are in their place; `changed` is called when they come to be. */
  readonly isReadable: (key: ThreadKey) => boolean;
  readonly readEvents: (query: EventQuery) => Promise<EventPage>;
  readonly log: (line: string) => void;
};

/** What is to be done for a thread now, and what is left then. */
export type NextUpdate = {
  readonly update: SearchUpdate | null;
  /** What is indexed of it is another history's, or it is gone. */
  readonly isToErase?: boolean;
  /** Of one to be said, `changed` tells. */
  readonly left: "nothing" | "more" | "all, to be said";
};

const linesAtOnce = 2_000;

/** What the index lacks of a thread, as far as the bytes go. */
export async function nextUpdate(
  parts: SearchUpdateParts & { readonly held: HeldLines },
  key: ThreadKey,
  bytesMax: number,
): Promise<NextUpdate> {
  const { threadRow, isReadable } = parts;
  const row = threadRow(key);
  const isGone = row === null || row.deletedAt !== null;
  // Said again, by `changed`, when it is.
  if (!isGone && !isReadable(key)) return { update: null, left: "all, to be said" };
  const indexed = parts.indexed(key);
  if (isGone) return { update: null, isToErase: indexed !== null, left: "nothing" };
  if (!(await isBeginning(parts, indexed, row))) {
    return { update: null, isToErase: true, left: "more" };
  }
  const { sequence, crc, metaVersion } = row;
  if (indexed?.sequence === sequence && indexed.metaVersion === metaVersion) {
    return { update: null, left: "nothing" };
  }
  const { ownerUserId, title, titleSource } = row;
  const told = { key, ownerUserId, title, titleSource, metaVersion };
  const from = (indexed?.sequence ?? 0) + 1;
  const held = parts.held.lines(key, from, sequence);
  if (held !== null) {
    return { update: { ...told, sequence, crc, lines: joinedLines(held) }, left: "nothing" };
  }
  const page = await eventPage(parts, { key, from, to: sequence, bytesMax });
  if (page === null) return { update: null, left: "nothing" };
  // Imported meanwhile: what was read may be of two histories.
  if (threadRow(key)?.metaVersion !== metaVersion) return { update: null, left: "more" };
  const last = page.lines.at(-1);
  const reached = {
    sequence: page.next === null ? sequence : page.next - 1,
    crc: last === undefined ? crc : crc32(last),
  };
  const lines = joinedLines(page.lines.filter((line) => isSearched(typeOfLine(line))));
  const left = page.next === null ? "nothing" : "more";
  return { update: { ...told, ...reached, lines }, left };
}

/** Whether what is indexed is how the thread begins: an import may have replaced its end. */
async function isBeginning(
  parts: SearchUpdateParts,
  indexed: IndexedThread | null,
  row: ThreadRow,
): Promise<boolean> {
  if (indexed === null || indexed.sequence === 0) return true;
  const { sequence, crc } = indexed;
  if (sequence >= row.sequence) return sequence === row.sequence && crc === row.crc;
  // Each import is a change of this version too (MOVE8).
  if (indexed.metaVersion === row.metaVersion) return true;
  const page = await eventPage(parts, { key: row, from: sequence, to: sequence, bytesMax: 1 });
  const line = page?.lines[0];
  return line === undefined || crc32(line) === crc;
}

/** Null where the history is damaged: what can still be read of it is not searched. */
async function eventPage(
  { readEvents, log }: SearchUpdateParts,
  of: Pick<EventQuery, "key" | "from" | "to" | "bytesMax">,
): Promise<EventPage | null> {
  if (of.from > of.to) return { lines: [], next: null };
  const all = { rolloutId: null, order: "asc", type: null, limit: linesAtOnce } as const;
  try {
    return await readEvents({ ...of, ...all });
  } catch (error) {
    if (!(error instanceof StorageDamage)) throw error;
    log(`${of.key.threadId} is left out of search: ${error.message}`);
    return null;
  }
}
