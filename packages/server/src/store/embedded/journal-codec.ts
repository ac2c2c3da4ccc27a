/**
 * The journal's format. Pure.
 *
 *   segment := header line, batches
 *   header  := {"spool":"journal","version":1,"segment":7,"salt":"…","after":41} TAB crc NL
 *   batch   := {"salt":"…","batch":42,"bytes":805,"body":"…","commits":[…]} TAB crc NL, body
 *   body    := `bytes` bytes: the event lines of all commits in order, each with its newline
 *
 * The line's CRC-32 covers the line, `body` is the CRC-32 of the body. Event lines stand in the
 * body as they stand in the rollout file, so they are neither escaped nor printed twice. A batch
 * continues the chain when its salt is the segment's and its number the next one; the first that
 * does not ends the replay (LOG9). `after` names the last batch flushed before the segment began:
 * what an older segment holds beyond it was never acknowledged (LOG12).
 */
import { strict as assert } from "node:assert";
import { crc32 } from "node:zlib";
import type { Change } from "../changes.ts";

/** A segment's number, the salt of its batches, and the last batch flushed before it (`after`). */
export type SegmentHeader = {
  readonly segment: number;
  readonly salt: string;
  readonly after: number;
};

/** Lines of one rollout, next to each other: where they go and how long each is, newline included. */
export type RolloutLines = {
  readonly kind: "events";
  readonly rolloutId: string;
  readonly offset: number;
  readonly firstSequence: number;
  readonly sizes: readonly number[];
};

/** A change as the journal holds it; events are runs of lines in the body. */
export type JournalChange = Exclude<Change, { kind: "event" }> | RolloutLines;

/** A commit as the journal holds it: where its thread stands after it, and what happened. */
export type JournalCommit = {
  readonly orgId: string;
  readonly threadId: string;
  readonly metaVersion: number;
  readonly sequence: number;
  readonly changes: readonly JournalChange[];
};

/** A batch: its number, its commits in order, and their lines behind each other. */
export type JournalBatch = {
  readonly batch: number;
  readonly commits: readonly JournalCommit[];
  readonly body: Buffer;
};

/** What stands at a place of a segment. `end` is the offset behind it. */
export type DecodedBatch =
  | ({ readonly kind: "batch"; readonly end: number } & JournalBatch)
  | { readonly kind: "end" }
  | { readonly kind: "broken"; readonly known: BrokenBatch | null };

/** A batch of which the line is whole and the body is not. `end` is the offset behind it. */
export type BrokenBatch = { readonly commits: readonly JournalCommit[]; readonly end: number };

/** A header is never longer, and a batch behind it never ends before: more bytes mean batches. */
export const headerBytesMax = 128;

/** The first line of a segment. */
export function encodeHeader(header: SegmentHeader): Buffer {
  const line = sealed(JSON.stringify({ spool: "journal", version: 1, ...header }));
  assert(line.length <= headerBytesMax, "a header is short");
  return line;
}

/** The line of a batch, behind which its body stands. */
export function encodeBatchLine(salt: string, batch: JournalBatch): Buffer {
  return sealed(
    `{"salt":"${salt}","batch":${batch.batch},"bytes":${batch.body.length}` +
      `,"body":"${hex(crc32(batch.body))}","commits":${JSON.stringify(batch.commits)}}`,
  );
}

/** The header of a segment's bytes, or null when it has none (a spare, or a torn one). */
export function decodeHeader(bytes: Buffer): { header: SegmentHeader; end: number } | null {
  const line = unsealed(bytes, 0);
  if (line === null) return null;
  const { spool, version, ...header } = JSON.parse(line.text);
  return spool === "journal" && version === 1 ? { header, end: line.end } : null;
}

/** What stands at `offset`, when the chain's next batch is `batch` under `salt`. */
export function decodeBatch(
  bytes: Buffer,
  offset: number,
  chain: { salt: string; batch: number },
): DecodedBatch {
  if (offset >= bytes.length || bytes[offset] === 0) return { kind: "end" };
  const line = unsealed(bytes, offset);
  if (line === null) return { kind: "broken", known: null };
  const head = JSON.parse(line.text);
  if (head.salt !== chain.salt || head.batch !== chain.batch) return { kind: "end" };
  const end = line.end + head.bytes;
  const body = bytes.subarray(line.end, end);
  if (body.length !== head.bytes || hex(crc32(body)) !== head.body) {
    return { kind: "broken", known: { commits: head.commits, end } };
  }
  return { kind: "batch", end, batch: head.batch, commits: head.commits, body };
}

/**
 * Where a later batch of the chain begins behind a broken one, or null. A torn write is the last
 * thing in a journal, because a batch is written only when the one before is flushed; so anything
 * that continues behind a break proves damage (LOG10).
 */
export function findLaterBatch(
  bytes: Buffer,
  from: number,
  chain: { salt: string; batch: number },
): { offset: number; batch: number } | null {
  const marker = Buffer.from(`{"salt":"${chain.salt}","batch":`);
  for (let at = bytes.indexOf(marker, from); at >= 0; at = bytes.indexOf(marker, at + 1)) {
    const line = unsealed(bytes, at);
    if (line === null) continue;
    const { batch } = JSON.parse(line.text);
    if (batch > chain.batch) return { offset: at, batch };
  }
  return null;
}

function sealed(text: string): Buffer {
  const line = Buffer.from(`${text}\t00000000\n`);
  line.write(hex(crc32(line.subarray(0, -10))), line.length - 9, "latin1");
  return line;
}

function unsealed(bytes: Buffer, offset: number): { text: string; end: number } | null {
  const newline = bytes.indexOf(0x0a, offset);
  if (newline < offset + 10 || bytes[newline - 9] !== 0x09) return null;
  const text = bytes.subarray(offset, newline - 9);
  if (bytes.toString("latin1", newline - 8, newline) !== hex(crc32(text))) return null;
  return { text: text.toString("utf8"), end: newline + 1 };
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
