/**
 * Rollout files and their indexes: lines go in at a known offset, block by block with checksums,
 * and come out verified. What the index does not cover is not content: it is what a checkpoint
 * was writing when the machine stopped, and the journal still holds it (LOG14, LOG20).
 */
import { crc32 } from "node:zlib";
import type { RolloutRow } from "../rows.ts";
import type { ThreadKey } from "../thread-key.ts";
import { StorageDamage } from "../thread-store.ts";
import { rolloutFile, rolloutIndexFile, threadFolder } from "./data-paths.ts";
import { type FileSystem, isMissing, type OpenFile, readFully, writeFully } from "./file-system.ts";
import { bytesOfWrite, endOfWrite, type RolloutWrite } from "./journal-record.ts";
import {
  blocksOf,
  decodeBlocks,
  encodeBlocks,
  type IndexBlock,
  indexRecordBytes,
} from "./rollout-index-codec.ts";
import type { StoreLimits } from "./store-limits.ts";

type RolloutPlace = { readonly key: ThreadKey; readonly rolloutId: string };

/** Lines of a rollout between two sequences, both included. */
export type LineRange = RolloutPlace & {
  readonly from: number;
  readonly to: number;
};

/** Takes lines one after the other; false: no more, please. */
export interface LineSink {
  take(line: Buffer, sequence: number): boolean;
  /** Told of memory that was read for this sink alone, before it is given the lines in it. */
  owns?(bytes: Buffer): void;
}

/** Writes and reads rollouts by block; StorageDamage where a checksum does not fit (LOG20). */
export class RolloutFiles {
  readonly #files: FileSystem;
  readonly #dataDir: string;
  readonly #limits: StoreLimits;
  readonly #indexes = new Map<string, readonly IndexBlock[]>();
  /** Where rollouts end that this process has written, by the path of their index. */
  readonly #ownEnds = new Map<string, number>();
  /** Counts the times files were changed behind the back of reads that are under way. */
  #epoch = 0;

  constructor(parts: { files: FileSystem; dataDir: string; limits: StoreLimits }) {
    this.#files = parts.files;
    this.#dataDir = parts.dataDir;
    this.#limits = parts.limits;
  }

  /**
   * Writes chunks that stand next to each other at their place and indexes them; both files are
   * on stable storage when it resolves. Doing it again changes nothing. The folder must exist.
   */
  async write(key: ThreadKey, rolloutId: string, chunks: readonly RolloutWrite[]): Promise<void> {
    const first = chunks[0] as RolloutWrite;
    const folder = threadFolder(this.#dataDir, key);
    const indexPath = rolloutIndexFile(folder, rolloutId);
    const known = await this.#writtenBlocks(indexPath);
    const kept = known.filter((block) => block.offset + block.bytes <= first.offset);
    const covered = endOf(kept);
    if (covered !== first.offset) {
      throw new StorageDamage(
        `${indexPath} covers ${covered} bytes where ${first.offset} were written before; ` +
          "restore the file from a backup",
      );
    }
    const bytes = Buffer.concat(chunks.map(bytesOfWrite));
    const isOwn = this.#ownEnds.get(indexPath) === first.offset;
    // Until both are written, nothing is known of either.
    this.#ownEnds.delete(indexPath);
    await this.#put(rolloutFile(folder, rolloutId), bytes, { offset: first.offset, isOwn });
    const added = bySegment(chunks).flatMap((run) => this.#blocksIn(run, bytes, first.offset));
    const indexOffset = kept.length * indexRecordBytes;
    await this.#put(indexPath, encodeBlocks(added), { offset: indexOffset, isOwn });
    this.#remember(indexPath, [...kept, ...added]);
    this.#rememberEnd(indexPath, first.offset + bytes.length);
  }

  /**
   * Hands lines to `sink` in ascending order until it is full. False when it is. Throws
   * StorageDamage where a line of the range is not in the file, or is not what was written.
   */
  async collectAscending(range: LineRange, sink: LineSink): Promise<boolean> {
    const blocks = within(await this.#blocksUpTo(range, { sequence: range.to }), range);
    for (const group of groupsOf(blocks, this.#limits.readBytes)) {
      const bytes = await this.#read(range, group);
      sink.owns?.(bytes);
      for (const { line, sequence } of linesOf(bytes, firstOf(group))) {
        if (sequence < range.from) continue;
        if (sequence > range.to) return true;
        if (!sink.take(line, sequence)) return false;
      }
    }
    return true;
  }

  /** The same in descending order. */
  async collectDescending(range: LineRange, sink: LineSink): Promise<boolean> {
    const blocks = within(await this.#blocksUpTo(range, { sequence: range.to }), range);
    for (const group of groupsOf(blocks, this.#limits.readBytes).reverse()) {
      const bytes = await this.#read(range, group);
      sink.owns?.(bytes);
      const lines = [...linesOf(bytes, firstOf(group))].reverse();
      for (const { line, sequence } of lines) {
        if (sequence > range.to || sequence < range.from) continue;
        if (!sink.take(line, sequence)) return false;
      }
    }
    return true;
  }

  /** The verified bytes [start, end) of the file, in pieces. */
  async *bytes(key: ThreadKey, rollout: RolloutRow, start: number, end: number) {
    const place = { key, rolloutId: rollout.rolloutId };
    const all = await this.#blocksUpTo(place, { offset: end });
    const blocks = all.filter(({ offset, bytes }) => offset < end && offset + bytes > start);
    for (const group of groupsOf(blocks, this.#limits.readBytes / 4)) {
      const bytes = await this.#read(place, group);
      const { offset } = group[0] as IndexBlock;
      yield bytes.subarray(Math.max(0, start - offset), Math.min(bytes.length, end - offset));
    }
  }

  /**
   * Hands lines to `take` from the first on, up to the first block that is not what was written.
   * Gives how many bytes those were, and what is wrong behind them; null when nothing is.
   */
  async everyLine(
    key: ThreadKey,
    rolloutId: string,
    take: (line: Buffer) => void,
  ): Promise<{ covered: number; problem: string | null }> {
    const place = { key, rolloutId };
    let covered = 0;
    for (const group of groupsOf(await this.#blocks(place), this.#limits.readBytes)) {
      const bytes = await this.#read(place, group).catch((error) => {
        if (error instanceof StorageDamage) return error.message;
        throw error;
      });
      if (typeof bytes === "string") return { covered, problem: bytes };
      for (const { line } of linesOf(bytes, firstOf(group))) take(line);
      covered += bytes.length;
    }
    const size = await this.size(key, rolloutId);
    if (size === covered) return { covered, problem: null };
    const path = rolloutIndexFile(threadFolder(this.#dataDir, key), rolloutId);
    return {
      covered,
      problem: `${path} covers ${covered} of ${size} bytes; restore it from a backup`,
    };
  }

  /** How many bytes there are of a rollout; 0 when it has no file. */
  async size(key: ThreadKey, rolloutId: string): Promise<number> {
    const path = rolloutFile(threadFolder(this.#dataDir, key), rolloutId);
    try {
      const file = await this.#files.open(path, "read");
      return await file.size().finally(() => file.close());
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  /** Forgets what is kept in memory of a thread whose files are gone, or others. */
  forget(key: ThreadKey): void {
    this.#epoch += 1;
    const folder = threadFolder(this.#dataDir, key);
    for (const path of this.#indexes.keys()) {
      if (!path.startsWith(folder)) continue;
      this.#indexes.delete(path);
      this.#ownEnds.delete(path);
    }
  }

  /** The blocks of neighbouring chunks, whose bytes stand in `bytes`, which begins at `start`. */
  #blocksIn(run: readonly RolloutWrite[], bytes: Buffer, start: number): IndexBlock[] {
    const [first, last] = [run[0] as RolloutWrite, run.at(-1) as RolloutWrite];
    const end = endOfWrite(last);
    const lines = bytes.subarray(first.offset - start, end - start);
    return blocksOf(lines, first, this.#limits.blockBytes);
  }

  async #put(
    path: string,
    bytes: Buffer,
    { offset, isOwn }: { offset: number; isOwn: boolean },
  ): Promise<void> {
    const file = await this.#files.open(path, "write");
    try {
      await writeFully(file, bytes, offset);
      // What an interrupted checkpoint left behind the end is not content.
      const end = offset + bytes.length;
      if (!isOwn && (await file.size()) > end) await file.truncate(end);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** The index as the last write left it, from memory where that was this process's own. */
  async #writtenBlocks(indexPath: string): Promise<readonly IndexBlock[]> {
    const known = this.#ownEnds.has(indexPath) ? this.#indexes.get(indexPath) : undefined;
    return known ?? decodeBlocks((await this.#files.readFile(indexPath)) ?? Buffer.alloc(0));
  }

  #rememberEnd(indexPath: string, end: number): void {
    this.#ownEnds.delete(indexPath);
    this.#ownEnds.set(indexPath, end);
    if (this.#ownEnds.size > this.#limits.indexesMax) {
      this.#ownEnds.delete(this.#ownEnds.keys().next().value as string);
    }
  }

  /** The index, which must reach a sequence or an offset: StorageDamage when it does not. */
  async #blocksUpTo(
    place: RolloutPlace,
    to: { readonly sequence: number } | { readonly offset: number },
  ): Promise<readonly IndexBlock[]> {
    const reached = (blocks: readonly IndexBlock[]) =>
      "sequence" in to ? lastSequenceOf(blocks) >= to.sequence : endOf(blocks) >= to.offset;
    let blocks = await this.#blocks(place);
    if (reached(blocks)) return blocks;
    const path = rolloutIndexFile(threadFolder(this.#dataDir, place.key), place.rolloutId);
    // What is kept in memory may have been read just before a checkpoint wrote more.
    this.#indexes.delete(path);
    blocks = await this.#blocks(place);
    if (reached(blocks)) return blocks;
    throw new StorageDamage(
      `${path} is not what was written: it ends at offset ${blocks.length * indexRecordBytes}, ` +
        `behind event ${lastSequenceOf(blocks)}; restore it from a backup`,
    );
  }

  async #blocks({ key, rolloutId }: RolloutPlace): Promise<readonly IndexBlock[]> {
    const path = rolloutIndexFile(threadFolder(this.#dataDir, key), rolloutId);
    const known = this.#indexes.get(path);
    if (known !== undefined) return known;
    const epoch = this.#epoch;
    const bytes = await this.#files.readFile(path);
    const blocks = bytes === null ? [] : decodeBlocks(bytes);
    if (epoch !== this.#epoch) return blocks;
    // Meanwhile a checkpoint may have written a longer one.
    const meanwhile = this.#indexes.get(path);
    if (meanwhile !== undefined) return meanwhile;
    this.#remember(path, blocks);
    return blocks;
  }

  #remember(path: string, blocks: readonly IndexBlock[]): void {
    this.#indexes.delete(path);
    this.#indexes.set(path, blocks);
    if (this.#indexes.size > this.#limits.indexesMax) {
      this.#indexes.delete(this.#indexes.keys().next().value as string);
    }
  }

  /** Bytes of neighbouring blocks, each checked against its checksum. */
  async #read(place: RolloutPlace, group: readonly IndexBlock[]): Promise<Buffer> {
    const path = rolloutFile(threadFolder(this.#dataDir, place.key), place.rolloutId);
    const first = group[0] as IndexBlock;
    let file: OpenFile | null = null;
    try {
      file = await this.#files.open(path, "read");
      const bytes = await readFully(file, first.offset, endOf(group) - first.offset);
      for (const block of group) {
        const from = block.offset - first.offset;
        if (crc32(bytes.subarray(from, from + block.bytes)) === block.crc) continue;
        throw new StorageDamage(
          `${path} is not what was written, in the ${block.bytes} bytes from offset ` +
            `${block.offset} (events ${block.firstSequence} and on); restore it from a backup`,
        );
      }
      return bytes;
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new StorageDamage(`${path} is missing; restore it from a backup`);
    } finally {
      await file?.close();
    }
  }
}

/**
 * Runs of chunks of one journal segment. A block never holds lines of two: where a crash leaves only
 * the newer segment in the journal, writing goes on at a border between blocks.
 */
function bySegment(chunks: readonly RolloutWrite[]): RolloutWrite[][] {
  const runs: RolloutWrite[][] = [];
  for (const chunk of chunks) {
    const run = runs.at(-1);
    if (run?.[0]?.segment === chunk.segment) run.push(chunk);
    else runs.push([chunk]);
  }
  return runs;
}

function endOf(blocks: readonly IndexBlock[]): number {
  const last = blocks.at(-1);
  return last === undefined ? 0 : last.offset + last.bytes;
}

function lastSequenceOf(blocks: readonly IndexBlock[]): number {
  const last = blocks.at(-1);
  return last === undefined ? 0 : last.firstSequence + last.lines - 1;
}

/** The blocks that hold any of the lines. */
function within(blocks: readonly IndexBlock[], { from, to }: LineRange): readonly IndexBlock[] {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const block = blocks[middle] as IndexBlock;
    if (block.firstSequence + block.lines <= from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < blocks.length && (blocks[end] as IndexBlock).firstSequence <= to) end += 1;
  return blocks.slice(low, end);
}

/** Neighbouring blocks that are read at once. */
function groupsOf(blocks: readonly IndexBlock[], bytesMax: number): IndexBlock[][] {
  const groups: IndexBlock[][] = [];
  let bytes = 0;
  for (const block of blocks) {
    const group = groups.at(-1);
    if (group === undefined || bytes + block.bytes > bytesMax) {
      groups.push([block]);
      bytes = block.bytes;
    } else {
      group.push(block);
      bytes += block.bytes;
    }
  }
  return groups;
}

function firstOf(group: readonly IndexBlock[]): number {
  return (group[0] as IndexBlock).firstSequence;
}

/** The lines in a run of bytes, without their newlines, with their sequences. */
function* linesOf(bytes: Buffer, firstSequence: number) {
  let sequence = firstSequence;
  for (let at = 0; at < bytes.length; sequence += 1) {
    const newline = bytes.indexOf(0x0a, at);
    yield { line: bytes.subarray(at, newline), sequence };
    at = newline + 1;
  }
}

/** Hands the lines of tail chunks to `sink`. False when it is full. */
export function collectChunks(
  chunks: readonly RolloutWrite[],
  range: LineRange,
  order: "asc" | "desc",
  sink: LineSink,
): boolean {
  const ordered = order === "asc" ? chunks : [...chunks].reverse();
  for (const chunk of ordered) {
    if (chunk.lastSequence < range.from || chunk.firstSequence > range.to) continue;
    const lines = [...linesOf(bytesOfWrite(chunk), chunk.firstSequence)];
    if (order === "desc") lines.reverse();
    for (const { line, sequence } of lines) {
      if (sequence < range.from || sequence > range.to) continue;
      if (!sink.take(line, sequence)) return false;
    }
  }
  return true;
}
