/**
 * The format of a rollout's index: one record of 32 bytes per block of whole lines. Pure.
 *
 *   0 first sequence (6)   6 offset in the rollout (6)   12 bytes (4)   16 lines (4)
 *   20 CRC-32 of the block (4)   24 zero (4)   28 CRC-32 of the 28 bytes before (4)
 *
 * Little endian. A block's checksum is made from the bytes in memory as they were written, and
 * never from what is read back (LOG20).
 */
import { crc32 } from "node:zlib";

/** A block of whole lines: place and size in bytes, and the CRC-32 of those bytes. */
export type IndexBlock = {
  readonly firstSequence: number;
  readonly offset: number;
  readonly bytes: number;
  readonly lines: number;
  readonly crc: number;
};

export const indexRecordBytes = 32;

/** The records of blocks, in order. */
export function encodeBlocks(blocks: readonly IndexBlock[]): Buffer {
  const buffer = Buffer.alloc(blocks.length * indexRecordBytes);
  for (const [at, block] of blocks.entries()) {
    const record = buffer.subarray(at * indexRecordBytes, (at + 1) * indexRecordBytes);
    record.writeUIntLE(block.firstSequence, 0, 6);
    record.writeUIntLE(block.offset, 6, 6);
    record.writeUInt32LE(block.bytes, 12);
    record.writeUInt32LE(block.lines, 16);
    record.writeUInt32LE(block.crc, 20);
    record.writeUInt32LE(crc32(record.subarray(0, 28)), 28);
  }
  return buffer;
}

/** The blocks of an index up to its first record that is torn, damaged or does not follow on. */
export function decodeBlocks(buffer: Buffer): IndexBlock[] {
  const blocks: IndexBlock[] = [];
  let offset = 0;
  for (let at = 0; at + indexRecordBytes <= buffer.length; at += indexRecordBytes) {
    const record = buffer.subarray(at, at + indexRecordBytes);
    if (record.readUInt32LE(28) !== crc32(record.subarray(0, 28))) break;
    const block: IndexBlock = {
      firstSequence: record.readUIntLE(0, 6),
      offset: record.readUIntLE(6, 6),
      bytes: record.readUInt32LE(12),
      lines: record.readUInt32LE(16),
      crc: record.readUInt32LE(20),
    };
    if (block.offset !== offset || block.lines === 0) break;
    offset += block.bytes;
    blocks.push(block);
  }
  return blocks;
}

/** Cuts a run of whole lines into blocks: as many lines as fit in `blockBytes`, at least one. */
export function blocksOf(
  lines: Buffer,
  start: { offset: number; firstSequence: number },
  blockBytes: number,
): IndexBlock[] {
  const blocks: IndexBlock[] = [];
  let from = 0;
  let count = 0;
  let { firstSequence } = start;
  const close = (end: number) => {
    const block = lines.subarray(from, end);
    const crc = crc32(block);
    const offset = start.offset + from;
    blocks.push({ firstSequence, offset, bytes: block.length, lines: count, crc });
    firstSequence += count;
    from = end;
    count = 0;
  };
  for (let at = 0; at < lines.length; ) {
    const next = lines.indexOf(0x0a, at) + 1;
    if (count > 0 && next - from > blockBytes) close(at);
    count += 1;
    at = next;
  }
  if (count > 0) close(lines.length);
  return blocks;
}
