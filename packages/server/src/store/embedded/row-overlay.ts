/**
 * Rows that are flushed in the journal but not yet committed in the view. Reads merge them over
 * the view, so that every client reads its own writes (LOG5). An entry goes when the view says it
 * holds the batch that changed it last.
 */
import type { MessageIdRow, RolloutRow, RowChanges, RunRow, ThreadRow } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";

/** A row and the batch that changed it last. */
type Dated<Row> = { readonly row: Row; readonly batch: number };

/** The rows of one thread that are newer than the view's. */
export type OverlayEntry = {
  readonly thread: ThreadRow;
  readonly rollouts: ReadonlyMap<number, Dated<RolloutRow>>;
  readonly runs: ReadonlyMap<string, Dated<RunRow>>;
  readonly messageIds: readonly Dated<MessageIdRow>[];
};

type MutableEntry = {
  thread: ThreadRow;
  readonly rollouts: Map<number, Dated<RolloutRow>>;
  readonly runs: Map<string, Dated<RunRow>>;
  messageIds: Dated<MessageIdRow>[];
  /** The last batch that changed the thread. */
  batch: number;
  /** False once handed to the view, until it changes again. */
  unsent: boolean;
};

/** Changed rows by thread, each with the batch that changed it last. */
export class RowOverlay {
  readonly #entries = new Map<string, MutableEntry>();

  get size(): number {
    return this.#entries.size;
  }

  put(batch: number, key: ThreadKey, rows: RowChanges): void {
    const entry = this.#entryOf(key, { thread: rows.thread, batch });
    entry.thread = rows.thread;
    entry.batch = batch;
    entry.unsent = true;
    if (rows.thread.deletedAt !== null) {
      forgetParts(entry);
      return;
    }
    for (const row of rows.rollouts) entry.rollouts.set(row.index, { row, batch });
    for (const row of rows.runs) entry.runs.set(row.runId, { row, batch });
    for (const row of rows.messageIds) entry.messageIds.push({ row, batch });
  }

  /** The rows of an import: what was known of the thread's parts before is not so any more. */
  replace(batch: number, key: ThreadKey, rows: RowChanges): void {
    forgetParts(this.#entryOf(key, { thread: rows.thread, batch }));
    this.put(batch, key, rows);
  }

  get(key: ThreadKey): OverlayEntry | undefined {
    return this.#entries.get(keyText(key));
  }

  entries(): IterableIterator<OverlayEntry> {
    return this.#entries.values();
  }

  /** Entries that changed since they were last taken, to be written to the view. */
  takeUnsent(): OverlayEntry[] {
    const taken: OverlayEntry[] = [];
    for (const entry of this.#entries.values()) {
      if (!entry.unsent) continue;
      entry.unsent = false;
      taken.push(entry);
    }
    return taken;
  }

  /** Everything is to be written again: the view did not take it. */
  markUnsent(): void {
    for (const entry of this.#entries.values()) entry.unsent = true;
  }

  /** Drops what the view holds: rows whose last change is in `batch` or before. */
  settle(batch: number): void {
    for (const [text, entry] of this.#entries) {
      if (entry.batch <= batch) {
        this.#entries.delete(text);
        continue;
      }
      // A busy thread never rests; its head's rows are of its last batch and stay.
      dropUpTo(entry.rollouts, batch);
      dropUpTo(entry.runs, batch);
      entry.messageIds = entry.messageIds.filter((dated) => dated.batch > batch);
    }
  }

  #entryOf(key: ThreadKey, first: { thread: ThreadRow; batch: number }): MutableEntry {
    const text = keyText(key);
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const entry: MutableEntry = {
      ...first,
      rollouts: new Map(),
      runs: new Map(),
      messageIds: [],
      unsent: true,
    };
    this.#entries.set(text, entry);
    return entry;
  }
}

function forgetParts(entry: MutableEntry): void {
  entry.rollouts.clear();
  entry.runs.clear();
  entry.messageIds = [];
}

function dropUpTo<Key, Row>(rows: Map<Key, Dated<Row>>, batch: number): void {
  for (const [key, dated] of rows) if (dated.batch <= batch) rows.delete(key);
}
