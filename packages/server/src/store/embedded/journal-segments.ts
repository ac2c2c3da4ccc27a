/**
 * The journal's files. A segment is made ahead of need, its zeros and its name on stable storage,
 * so that a flush does not change the file's size and nobody waits for a new one. One that could
 * not be made is taken away again, so that trying on a full disk leaves nothing behind.
 */
import path from "node:path";
import { segmentFile } from "./data-paths.ts";
import { type FileSystem, type OpenFile, writeFully } from "./file-system.ts";
import { encodeHeader } from "./journal-codec.ts";
import type { StoreLimits } from "./store-limits.ts";

/** An open segment. `position` is where the next batch goes, `allocated` how far zeros reach. */
export type Segment = {
  readonly number: number;
  readonly file: OpenFile;
  readonly salt: string;
  /** When it took its first batch; null before. Milliseconds since the epoch. */
  openSince: number | null;
  position: number;
  allocated: number;
  growing: Promise<void> | null;
};

/** Where segments lie, and what the first one is to be called. */
export type JournalSegmentsParts = {
  readonly files: FileSystem;
  readonly dataDir: string;
  readonly limits: StoreLimits;
  /** Eight hex digits that no segment had before. */
  readonly newSalt: () => string;
  /** The first segment to write: one above everything there is. */
  readonly nextSegment: number;
};

/** Makes segments, one ahead of need, and lets go of them. */
export class JournalSegments {
  readonly #parts: JournalSegmentsParts;
  #nextSegment: number;
  #spare: Promise<Segment | null> | null = null;
  #closings: Promise<unknown> = Promise.resolve();

  constructor(parts: JournalSegmentsParts) {
    this.#parts = parts;
    this.#nextSegment = parts.nextSegment;
  }

  /**
   * A new segment with its header on stable storage, so that the journal always says which batch
   * (`after`) the tables must hold at least. The one after it is prepared meanwhile. Rejects with
   * the disk's error.
   */
  async next(after: number): Promise<Segment> {
    const spare = this.#spare;
    this.#spare = null;
    const segment = (await spare) ?? (await this.#make());
    try {
      const bytes = encodeHeader({ segment: segment.number, salt: segment.salt, after });
      await writeFully(segment.file, bytes, 0);
      await segment.file.sync();
      segment.position = bytes.length;
    } catch (error) {
      await this.#discard(segment.number, segment.file);
      throw error;
    }
    // One that cannot be made is made again, and the failure told, when it is needed.
    this.#spare = this.#make().catch(() => null);
    return segment;
  }

  /** Zeros ahead of the position; a batch that would pass them waits for those under way. */
  async allocate(segment: Segment, end: number): Promise<void> {
    const { allocateBytes } = this.#parts.limits;
    if (end > segment.allocated && segment.growing !== null) await segment.growing;
    segment.allocated = Math.max(segment.allocated, end);
    if (segment.growing !== null || segment.allocated - end > allocateBytes / 2) return;
    const from = segment.allocated;
    segment.allocated += allocateBytes;
    segment.growing = writeFully(segment.file, Buffer.alloc(allocateBytes), from)
      .catch(() => {
        segment.allocated = from; // only time is lost: the batch meets the same disk itself
      })
      .finally(() => {
        segment.growing = null;
      });
  }

  /** Lets go of a segment's file. All that counts in it was synced before. */
  end(segment: Segment): void {
    const closing = async () => {
      await segment.growing;
      await segment.file.close();
    };
    this.#closings = Promise.allSettled([this.#closings, closing()]);
  }

  /** Closes what is open, and takes away the spare. */
  async close(): Promise<void> {
    const spare = await this.#spare;
    this.#spare = null;
    if (spare) await this.#discard(spare.number, spare.file);
    await this.#closings;
  }

  async #make(): Promise<Segment> {
    const { files, dataDir, limits, newSalt } = this.#parts;
    const number = this.#nextSegment;
    this.#nextSegment += 1;
    const allocated = limits.allocateBytes;
    const name = segmentFile(dataDir, number);
    const file = await files.open(name, "write");
    try {
      await writeFully(file, Buffer.alloc(allocated), 0);
      await file.sync();
      await files.syncFolder(path.dirname(name));
    } catch (error) {
      await this.#discard(number, file);
      throw error;
    }
    const salt = newSalt();
    return { number, file, salt, openSince: null, position: 0, allocated, growing: null };
  }

  /** Takes away a segment without batches. What cannot be removed the next start removes. */
  async #discard(number: number, file: OpenFile): Promise<void> {
    const { files, dataDir } = this.#parts;
    await file.close().catch(() => undefined); // nothing in it counts
    await files.remove(segmentFile(dataDir, number)).catch(() => undefined); // the same
  }
}
