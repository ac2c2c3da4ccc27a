/**
 * Reads the journal at start: every batch of the chain, in order, segment by segment. Pure of
 * decisions about threads; the store folds what it is given (LOG9).
 *
 *   segment 7: header after 40 │ 41 42 43 │ torn or dropped …   ◀─ ends at 43: segment 8 says so
 *   segment 8: header after 43 │ 44 45 │ zeros                  ◀─ the chain's end
 */

import { journalFolder, segmentFile } from "./data-paths.ts";
import { type FileSystem, readFully } from "./file-system.ts";
import type { JournalBatch, JournalCommit, SegmentHeader } from "./journal-codec.ts";
import { decodeBatch, decodeHeader, findLaterBatch } from "./journal-codec.ts";

/** Bytes in the chain that are not what was written, and whose commits they were, if known. */
export type JournalDamage = {
  readonly file: string;
  readonly offset: number;
  readonly commits: readonly JournalCommit[] | null;
};

export type ReplayHandlers = {
  /** Called for each batch in order. */
  readonly onBatch: (segment: number, batch: JournalBatch) => void;
  readonly onDamage: (damage: JournalDamage) => void;
  /** Called behind the last batch of each segment. */
  readonly onSegment: (segment: number, lastBatch: number) => void;
};

/** Where the journal ends: the numbers that the next segment and batch continue from. */
export type ReplayEnd = {
  readonly lastSegment: number;
  readonly lastBatch: number;
};

type FoundSegment = {
  number: number;
  file: string;
  bytes: Buffer;
  header: SegmentHeader;
  at: number;
};

/** Replays the whole journal. Removes segments that never took a batch. */
export async function replayJournal(
  files: FileSystem,
  dataDir: string,
  handlers: ReplayHandlers,
): Promise<ReplayEnd> {
  let last: FoundSegment | null = null;
  let lastSegment = 0;
  let lastBatch = 0;
  for (const number of await segmentNumbers(files, dataDir)) {
    lastSegment = number;
    const found = await readSegment(files, dataDir, number);
    if (found === null) {
      await files.remove(segmentFile(dataDir, number));
      continue;
    }
    // One segment behind: how far it counts is written in the one after it.
    if (last !== null) lastBatch = replaySegment(last, found.header.after, handlers);
    last = found;
  }
  if (last !== null) lastBatch = replaySegment(last, Number.POSITIVE_INFINITY, handlers);
  return { lastSegment, lastBatch };
}

/** The batch that the tables must hold before the journal's first; null without a journal. */
export async function journalStart(files: FileSystem, dataDir: string): Promise<number | null> {
  for (const number of await segmentNumbers(files, dataDir)) {
    const file = await files.open(segmentFile(dataDir, number), "read");
    try {
      const decoded = decodeHeader(await readFully(file, 0, headerBytesMax));
      if (decoded !== null) return decoded.header.after;
    } finally {
      await file.close();
    }
  }
  return null;
}

/** A header is far shorter; its line must be found without reading the segment. */
const headerBytesMax = 1_024;

async function segmentNumbers(files: FileSystem, dataDir: string): Promise<number[]> {
  const names = await files.list(journalFolder(dataDir));
  return names
    .filter((name) => /^\d{12}\.log$/.test(name))
    .map((name) => Number(name.slice(0, 12)));
}

async function readSegment(files: FileSystem, dataDir: string, number: number) {
  const file = segmentFile(dataDir, number);
  const bytes = (await files.readFile(file)) ?? Buffer.alloc(0);
  const decoded = decodeHeader(bytes);
  return decoded === null ? null : { number, file, bytes, header: decoded.header, at: decoded.end };
}

/** Replays one segment up to batch `until`. Returns the last batch of the chain so far. */
function replaySegment(
  { number, file, bytes, header, at }: FoundSegment,
  until: number,
  handlers: ReplayHandlers,
): number {
  let batch = header.after;
  let offset = at;
  while (batch < until) {
    const chain = { salt: header.salt, batch: batch + 1 };
    const decoded = decodeBatch(bytes, offset, chain);
    if (decoded.kind === "batch") {
      handlers.onBatch(number, decoded);
      batch = decoded.batch;
      offset = decoded.end;
      continue;
    }
    // Behind the end of an older segment nothing may be missing: its batches were acknowledged.
    const later = findLaterBatch(bytes, offset + 1, chain);
    const missing = until !== Number.POSITIVE_INFINITY;
    if (later === null && !missing) break;
    const commits = decoded.kind === "broken" ? decoded.commits : null;
    handlers.onDamage({ file, offset, commits });
    if (later === null) {
      batch = until;
      break;
    }
    batch = later.batch - 1;
    offset = later.offset;
  }
  handlers.onSegment(number, batch);
  return batch;
}
