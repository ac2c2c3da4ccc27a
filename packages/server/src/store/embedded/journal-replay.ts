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
import { decodeBatch, decodeHeader, findLaterBatch, headerBytesMax } from "./journal-codec.ts";

/** Bytes in the chain that are not what was written, and the commits in them, if known. */
export type JournalDamage = {
  readonly file: string;
  readonly offset: number;
  readonly commits: readonly JournalCommit[] | null;
};

/** Told what stands in the journal, in order. None may throw. */
export type ReplayHandlers = {
  /** Called for each batch in order. */
  readonly onBatch: (segment: number, batch: JournalBatch) => void;
  readonly onDamage: (segment: number, damage: JournalDamage) => void;
  /** Called behind the last batch of each segment. */
  readonly onSegment: (segment: number, lastBatch: number) => void;
};

/** Where the journal ends: the numbers that the next segment and batch continue from. */
export type ReplayEnd = {
  readonly lastSegment: number;
  readonly lastBatch: number;
  /** The chain's last batch, of which nobody knows whether it was flushed; null when it was. */
  readonly unconfirmed: BytesInFile | null;
};

/** Bytes and the place where they stand. */
export type BytesInFile = {
  readonly file: string;
  readonly offset: number;
  readonly bytes: Buffer;
};

type FoundSegment = {
  readonly number: number;
  readonly file: string;
  readonly bytes: Buffer;
  /** Null: the segment took batches, and its header is not what was written. */
  readonly decoded: { readonly header: SegmentHeader; readonly end: number } | null;
};

/** How far a segment's batches count (`until`), and up to which they must be there. */
type Reach = { readonly until: number; readonly flushed: number };

/**
 * Replays the whole journal; `flushed` is a batch that is known to have been flushed. Removes
 * segments that never took a batch.
 */
export async function replayJournal(
  files: FileSystem,
  dataDir: string,
  parts: { readonly flushed: number; readonly handlers: ReplayHandlers },
): Promise<ReplayEnd> {
  const { flushed, handlers } = parts;
  let end: ReplayEnd = { lastSegment: 0, lastBatch: 0, unconfirmed: null };
  let last: FoundSegment | null = null;
  const numbers = await segmentNumbers(files, dataDir);
  for (const number of numbers) {
    const found = await readSegment(files, dataDir, number);
    if (found === null) {
      await files.remove(segmentFile(dataDir, number));
      continue;
    }
    // One segment behind: how far it counts is written in the one after it.
    const after = found.decoded?.header.after;
    const reach = { until: after ?? Number.POSITIVE_INFINITY, flushed: after ?? 0 };
    if (last !== null) end = laterOf(end, replaySegment(last, reach, handlers));
    last = found;
  }
  const reach = { until: Number.POSITIVE_INFINITY, flushed };
  if (last !== null) end = laterOf(end, replaySegment(last, reach, handlers));
  return { ...end, lastSegment: await lastSegmentNumber(files, dataDir, numbers) };
}

/** Where the chain ends with a further segment, which knows no batch when its header is damaged. */
function laterOf(before: ReplayEnd, end: ReplayEnd): ReplayEnd {
  return { ...end, lastBatch: Math.max(before.lastBatch, end.lastBatch) };
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

async function segmentNumbers(files: FileSystem, dataDir: string): Promise<number[]> {
  const names = await files.list(journalFolder(dataDir));
  return names
    .filter((name) => /^\d{12}\.log$/.test(name))
    .map((name) => Number(name.slice(0, 12)));
}

/** The highest number ever seen, of segments set aside as well: it is not given again. */
async function lastSegmentNumber(
  files: FileSystem,
  dataDir: string,
  numbers: readonly number[],
): Promise<number> {
  const names = await files.list(journalFolder(dataDir));
  const setAside = names.filter((name) => /^\d{12}\.log\.damaged$/.test(name));
  return Math.max(0, ...numbers, ...setAside.map((name) => Number(name.slice(0, 12))));
}

/** Null for a segment that never took a batch: a spare, or one whose header was cut off. */
async function readSegment(
  files: FileSystem,
  dataDir: string,
  number: number,
): Promise<FoundSegment | null> {
  const file = segmentFile(dataDir, number);
  const bytes = (await files.readFile(file)) ?? Buffer.alloc(0);
  const decoded = decodeHeader(bytes);
  if (decoded === null) {
    const batches = bytes.subarray(headerBytesMax);
    if (batches.equals(Buffer.alloc(batches.length))) return null;
  }
  return { number, file, bytes, decoded };
}

/** Replays one segment. Returns where the chain ends with it. */
function replaySegment(
  { number, file, bytes, decoded: start }: FoundSegment,
  { until, flushed }: Reach,
  { onBatch, onDamage, onSegment }: ReplayHandlers,
): ReplayEnd {
  if (start === null) {
    onDamage(number, { file, offset: 0, commits: null });
    onSegment(number, flushed);
    return { lastSegment: number, lastBatch: flushed, unconfirmed: null };
  }
  const { salt, after } = start.header;
  let batch = after;
  let offset = start.end;
  let lastOffset = -1;
  while (batch < until) {
    const chain = { salt, batch: batch + 1 };
    const decoded = decodeBatch(bytes, offset, chain);
    if (decoded.kind === "batch") {
      onBatch(number, decoded);
      lastOffset = offset;
      batch = decoded.batch;
      offset = decoded.end;
      continue;
    }
    // Up to `flushed` nothing may be missing: it was acknowledged. Behind it may stand a torn batch.
    const later = findLaterBatch(bytes, offset + 1, chain);
    if (later === null && batch >= flushed) break;
    const known = decoded.kind === "broken" ? decoded.known : null;
    onDamage(number, { file, offset, commits: known?.commits ?? null });
    lastOffset = -1;
    batch = known ? batch + 1 : later ? later.batch - 1 : flushed;
    offset = known?.end ?? later?.offset ?? bytes.length;
  }
  onSegment(number, batch);
  const isLast = until === Number.POSITIVE_INFINITY && lastOffset >= 0;
  const unconfirmed = isLast
    ? { file, offset: lastOffset, bytes: bytes.subarray(lastOffset, offset) }
    : null;
  return { lastSegment: number, lastBatch: batch, unconfirmed };
}
