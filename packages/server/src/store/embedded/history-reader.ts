/**
 * Reads a thread's lines from where they are: rollout files, and behind them the memory tail.
 * Everything that is asked for comes, byte for byte, or StorageDamage is thrown: what the tables
 * say is there is never left out in silence (LOG2, LOG10).
 */
import type { RolloutRow } from "../rows.ts";
import type { ThreadKey } from "../thread-key.ts";
import { type ByteRange, type EventPage, type EventQuery, StorageDamage } from "../thread-store.ts";
import { bytesOfWrite, endOfWrite, type RolloutWrite } from "./journal-record.ts";
import { LineCollector } from "./line-collector.ts";
import type { MemoryTail } from "./memory-tail.ts";
import { mergedRollouts } from "./merged-rows.ts";
import { collectChunks, type RolloutFiles } from "./rollout-files.ts";
import type { RowOverlay } from "./row-overlay.ts";
import type { ViewReader } from "./view-reader.ts";

/** Where rows and lines are, on disk and in memory. */
export type HistoryReaderParts = {
  readonly reader: ViewReader;
  readonly overlay: RowOverlay;
  readonly tail: MemoryTail;
  readonly rollouts: RolloutFiles;
};

/** Reads of events. Each sees the thread as it is when the call is made. */
export class HistoryReader {
  readonly #parts: HistoryReaderParts;

  constructor(parts: HistoryReaderParts) {
    this.#parts = parts;
  }

  /** A page of lines, of the thread as it stands now. */
  async page(query: EventQuery): Promise<EventPage> {
    const collector = new LineCollector(query);
    const rollouts = this.#rolloutsOf(query);
    if (query.order === "desc") rollouts.reverse();
    // Taken at once: what a checkpoint moves meanwhile stands in both.
    const tails = rollouts.map((row) => this.#parts.tail.chunks(query.key, row.rolloutId));
    for (const [index, row] of rollouts.entries()) {
      if (!(await this.#collect(query, row, tails[index] ?? [], collector))) break;
    }
    return collector.page();
  }

  /** The rollout's bytes [start, end), of which the tail's are taken now, in pieces. */
  bytes(key: ThreadKey, rollout: RolloutRow, range: ByteRange): AsyncGenerator<Buffer> {
    const chunks = this.#parts.tail.chunks(key, rollout.rolloutId);
    return this.#pieces(key, rollout, range, chunks);
  }

  async *#pieces(
    key: ThreadKey,
    rollout: RolloutRow,
    { start, end }: ByteRange,
    chunks: readonly RolloutWrite[],
  ): AsyncGenerator<Buffer> {
    const last = chunks.at(-1);
    if (last !== undefined && endOfWrite(last) < end) throw missing(rollout, last);
    const fileEnd = Math.min(end, chunks[0]?.offset ?? end);
    if (start < fileEnd) yield* this.#parts.rollouts.bytes(key, rollout, start, fileEnd);
    for (const chunk of chunks) {
      const { offset } = chunk;
      const bytes = bytesOfWrite(chunk);
      const from = Math.max(0, start - offset);
      const to = Math.min(bytes.length, end - offset);
      if (from < to) yield bytes.subarray(from, to);
    }
  }

  /** The rollouts a query covers, in order. */
  #rolloutsOf({ key, rolloutId, from, to }: EventQuery): RolloutRow[] {
    const { reader, overlay } = this.#parts;
    const query = { key, before: null, limit: Number.MAX_SAFE_INTEGER };
    return mergedRollouts(reader, overlay.get(key), query)
      .filter((row) => rolloutId === null || row.rolloutId === rolloutId)
      .filter((row) => row.lastSequence >= from && row.firstSequence <= to && row.lastSequence > 0)
      .reverse();
  }

  /** Lines of one rollout, file and tail. False when the collector is full. */
  async #collect(
    query: EventQuery,
    row: RolloutRow,
    chunks: readonly RolloutWrite[],
    collector: LineCollector,
  ): Promise<boolean> {
    const { key, order } = query;
    const most = collector.wanted ?? Number.POSITIVE_INFINITY;
    let from = Math.max(query.from, row.firstSequence);
    let to = Math.min(query.to, row.lastSequence);
    if (order === "asc") to = Math.min(to, from + most - 1);
    else from = Math.max(from, to - most + 1);
    const last = chunks.at(-1);
    if (last !== undefined && last.lastSequence < to) throw missing(row, last);
    const range = { key, rolloutId: row.rolloutId, from, to };
    const inTail = () => collectChunks(chunks, range, order, collector);
    const fileTo = Math.min(to, (chunks[0]?.firstSequence ?? Number.POSITIVE_INFINITY) - 1);
    if (from > fileTo) return inTail();
    const fileRange = { ...range, to: fileTo };
    const { rollouts } = this.#parts;
    return order === "asc"
      ? (await rollouts.collectAscending(fileRange, collector)) && inTail()
      : inTail() && (await rollouts.collectDescending(fileRange, collector));
  }
}

/** What the tables know of was in the journal, and the journal could not be read there. */
function missing({ rolloutId }: RolloutRow, last: RolloutWrite): StorageDamage {
  return new StorageDamage(
    `${rolloutId} lacks what came behind event ${last.lastSequence}: it stood in a part of the ` +
      "journal that is damaged; restore the data directory from a backup",
  );
}
