/**
 * Writes changed rows into the view: one transaction per call, one upsert per row. Runs inside
 * the view's worker, and at start when the view is made again.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import type { MessageIdRow, RolloutRow, RunRow, ThreadRow } from "../rows.ts";
import { rolloutValues, runValues, textColumn, threadColumns, threadValues } from "./view-rows.ts";

/** The rows of one thread that go into the view together. */
export type ViewUpdate = {
  readonly thread: ThreadRow;
  readonly rollouts: readonly RolloutRow[];
  readonly runs: readonly RunRow[];
  readonly messageIds: readonly MessageIdRow[];
  /**
   * The thread's own row is not written: by it a start tells which changes the view has, and it
   * may be newer than these parts.
   */
  readonly partsOnly?: boolean;
};

/** Writes through one connection, which stays its owner's to close. */
export class ViewWriter {
  readonly #db: DatabaseSync;
  readonly #thread: StatementSync;
  readonly #rollout: StatementSync;
  readonly #run: StatementSync;
  readonly #messageId: StatementSync;
  readonly #forgetMessageIds: StatementSync;
  readonly #erase: StatementSync[];
  readonly #batch: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    const places = (count: number) => Array(count).fill("?").join(", ");
    const set = threadColumns.slice(2).map((column) => `${column} = excluded.${column}`);
    this.#thread = db.prepare(
      `insert into agent_threads (${threadColumns.join(", ")})
       values (${places(threadColumns.length)})
       on conflict (org_id, thread_id) do update set ${set.join(", ")}`,
    );
    this.#rollout = db.prepare(`insert or replace into thread_rollouts values (${places(9)})`);
    this.#run = db.prepare(`insert or replace into thread_runs values (${places(14)})`);
    this.#messageId = db.prepare(`insert or replace into thread_messages values (${places(4)})`);
    this.#forgetMessageIds = db.prepare(
      `delete from thread_messages where org_id = ?1 and thread_id = ?2 and sequence <
         (select sequence from thread_messages where org_id = ?1 and thread_id = ?2
          order by sequence desc limit 1 offset ${runlessMessageIdsMax - 1})`,
    );
    this.#erase = ["thread_rollouts", "thread_runs", "thread_messages"].map((table) =>
      db.prepare(`delete from ${table} where org_id = ? and thread_id = ?`),
    );
    this.#batch = db.prepare("update checkpoint set batch = max(batch, ?)");
  }

  /** Writes updates that bring the view to `batch`. All or nothing. */
  apply(batch: number, updates: readonly ViewUpdate[]): void {
    this.#db.exec("begin immediate");
    try {
      for (const update of updates) this.#write(update);
      this.#batch.run(batch);
      this.#db.exec("commit");
    } catch (error) {
      this.#db.exec("rollback");
      throw error;
    }
  }

  /**
   * Puts everything applied so far on stable storage, and nothing erased stays in the log. Throws
   * when a reader or another writer was in the way: then neither is certain.
   */
  checkpoint(): void {
    this.#db.exec("pragma synchronous = full");
    const result = this.#db.prepare("pragma wal_checkpoint(truncate)").get();
    this.#db.exec("pragma synchronous = normal");
    if (result?.busy !== 0) throw new Error("the tables are in use: their log was not emptied");
  }

  #write({ thread, rollouts, runs, messageIds, partsOnly }: ViewUpdate): void {
    const { orgId, threadId } = thread;
    if (!partsOnly) this.#thread.run(...threadValues(thread));
    if (thread.deletedAt !== null) {
      for (const statement of this.#erase) statement.run(orgId, threadId);
      return;
    }
    for (const row of rollouts) this.#rollout.run(orgId, threadId, ...rolloutValues(row));
    for (const row of runs) this.#run.run(orgId, threadId, ...runValues(row));
    for (const { sequence, messageId } of messageIds) {
      this.#messageId.run(orgId, threadId, sequence, textColumn(messageId));
    }
    if (messageIds.length > 0) this.#forgetMessageIds.run(orgId, threadId);
  }
}
