/**
 * Remembers when each API key or sign-in was last used and writes it to accounts.db later, in batches: a
 * request only marks a map, at most one write per key and minute follows. The times are a hint for
 * people; a crash loses at most the last batch.
 */
import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "./accounts-db.ts";

/** Milliseconds within which a key's further uses are not noted. */
const precisionMs = 60_000;
/** Milliseconds a noted use waits for others to be written with it. */
const delayMs = 10_000;

/** Runs `task` once, `milliseconds` from now; an unreferenced `setTimeout` in production. */
export type Schedule = (task: () => void, milliseconds: number) => void;

/** Where uses are written, what delays the writes, and who is told when one fails. */
export type LastUseOptions = {
  /** Whose ids are noted. */
  readonly table: "api_keys" | "sign_ins";
  readonly sql: DatabaseSync;
  readonly schedule: Schedule;
  readonly report: (error: unknown) => void;
};

/** The uses that are not written yet. */
export class LastUse {
  readonly #options: LastUseOptions;
  readonly #noted = new Map<string, number>();
  #pending = new Map<string, number>();
  #scheduled = false;

  constructor(options: LastUseOptions) {
    this.#options = options;
  }

  /** Notes that `id` was used `at` (ms since the epoch). */
  note(id: string, at: number): void {
    const noted = this.#noted.get(id);
    if (noted !== undefined && Math.abs(at - noted) < precisionMs) return;
    this.#noted.set(id, at);
    this.#pending.set(id, at);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.schedule(() => this.#flushOnTime(), delayMs);
  }

  /** The use of `id` that is not written yet, else null. */
  pendingOf(id: string): number | null {
    return this.#pending.get(id) ?? null;
  }

  /** Drops what is held of `id`, which is no more. */
  forget(id: string): void {
    this.#noted.delete(id);
    this.#pending.delete(id);
  }

  /** Writes what was noted. Throws when the database refuses; the uses then stay noted. */
  flush(): void {
    if (this.#pending.size === 0) return;
    const { sql, table } = this.#options;
    // No fsync: in WAL mode the file stays consistent without it, and the event loop does not wait.
    sql.exec("PRAGMA synchronous = NORMAL");
    try {
      const update = sql.prepare(`UPDATE ${table} SET last_used_at = ? WHERE id = ?`);
      inTransaction(sql, () => {
        for (const [id, at] of this.#pending) update.run(at, id);
      });
    } finally {
      sql.exec("PRAGMA synchronous = FULL");
    }
    this.#pending = new Map();
  }

  #flushOnTime(): void {
    this.#scheduled = false;
    try {
      this.flush();
    } catch (error) {
      // Nothing depends on these times; the next use schedules another attempt.
      this.#options.report(error);
    }
  }
}
