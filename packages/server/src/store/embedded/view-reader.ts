/**
 * Reads of the view: heads, lists, lookups. Synchronous and short; what is newer than the view is
 * merged in by the store (`merged-rows.ts`). All throw StorageDamage when the file is not what was
 * written, and say so to whoever can have it made again.
 */
import type { DatabaseSync } from "node:sqlite";
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import type { MessageIdRow, RolloutRow, RunRow, ThreadRow } from "../rows.ts";
import type { ThreadKey } from "../thread-key.ts";
import { type PartQuery, StorageDamage, type ThreadQuery } from "../thread-store.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import { rolloutRowOf, runRowOf, textColumn, textOf, threadRowOf } from "./view-rows.ts";
import { isViewDamage } from "./view-schema.ts";

/** Where a thread stands in lists. */
export type ThreadPlace = ThreadKey & { readonly updatedAt: number };

type Value = string | number;
type Row = Record<string, unknown>;

/** Rows as the view holds them, by prepared statements that are kept. */
export class ViewReader {
  readonly #onDamage: () => void;
  readonly #statements: PreparedStatements;

  constructor(db: DatabaseSync, onDamage: () => void = () => undefined) {
    this.#statements = new PreparedStatements(db);
    this.#onDamage = onDamage;
  }

  thread(key: ThreadKey): ThreadRow | null {
    const sql = "select * from agent_threads where org_id = ? and thread_id = ?";
    const row = this.#get(sql, key.orgId, key.threadId);
    return row === undefined ? null : threadRowOf(row);
  }

  /** The rollout with the highest index: the active one. */
  lastRollout(key: ThreadKey): RolloutRow | null {
    const sql = `select * from thread_rollouts where org_id = ? and thread_id = ?
      order by rollout_index desc limit 1`;
    const row = this.#get(sql, key.orgId, key.threadId);
    return row === undefined ? null : rolloutRowOf(row);
  }

  run(key: ThreadKey, runId: string): RunRow | null {
    const sql = "select * from thread_runs where org_id = ? and thread_id = ? and run_id = ?";
    const row = this.#get(sql, key.orgId, key.threadId, runId);
    return row === undefined ? null : runRowOf(row);
  }

  /** The last run-less message ids, oldest first. */
  messageIds(key: ThreadKey): MessageIdRow[] {
    const sql = `select sequence, message_id from thread_messages
      where org_id = ? and thread_id = ? order by sequence desc limit ${runlessMessageIdsMax}`;
    const rows = this.#all(sql, key.orgId, key.threadId).reverse();
    return rows.map((row) => ({
      sequence: row.sequence as number,
      messageId: textOf(row.message_id),
    }));
  }

  /** Threads by `updatedAt` and id descending, one by one: the caller stops when it has enough. */
  *threads(query: ThreadQuery): Generator<ThreadRow> {
    const { clauses, values } = threadClauses(query);
    const sql = `select * from agent_threads where ${clauses.join(" and ")}
      order by updated_at desc, thread_id desc${query.orgId === null ? ", org_id desc" : ""}`;
    try {
      for (const row of this.#statements.of(sql).iterate(...values)) yield threadRowOf(row);
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** A page's places in a list, without the rows: a tenth of the work. */
  places(query: ThreadQuery): ThreadPlace[] {
    const { clauses, values } = threadClauses(query);
    const sql = `select org_id, thread_id, updated_at from agent_threads
      where ${clauses.join(" and ")} order by updated_at desc, thread_id desc limit ?`;
    return this.#places(sql, ...values, query.limit);
  }

  /** The places of those of an org's threads that a list holds, in no order. */
  placesOf(
    query: ThreadQuery & { readonly orgId: string },
    threadIds: readonly string[],
  ): ThreadPlace[] {
    const { clauses, values } = threadClauses({ ...query, orgId: null });
    // Asked one by one: a list's own index would be read as a whole.
    const sql = `select org_id, thread_id, updated_at from json_each(?) as asked
      cross join agent_threads on org_id = ? and thread_id = asked.value where ${clauses.join(" and ")}`;
    return this.#places(sql, JSON.stringify(threadIds), query.orgId, ...values);
  }

  rollouts({ key, before, limit }: PartQuery): RolloutRow[] {
    const sql = `select * from thread_rollouts where org_id = ? and thread_id = ?
      and rollout_index < ? order by rollout_index desc limit ?`;
    const top = before ?? Number.MAX_SAFE_INTEGER;
    return this.#all(sql, key.orgId, key.threadId, top, limit).map(rolloutRowOf);
  }

  runs({ key, before, limit }: PartQuery): RunRow[] {
    const sql = `select * from thread_runs where org_id = ? and thread_id = ?
      and first_sequence < ? order by first_sequence desc limit ?`;
    const top = before ?? Number.MAX_SAFE_INTEGER;
    return this.#all(sql, key.orgId, key.threadId, top, limit).map(runRowOf);
  }

  #places(sql: string, ...values: Value[]): ThreadPlace[] {
    // Rows as arrays, which there are many of, cost a third.
    this.#statements.of(sql).setReturnArrays(true);
    const rows = this.#all(sql, ...values) as unknown as [string, string, number][];
    return rows.map(([orgId, threadId, updatedAt]) => ({ orgId, threadId, updatedAt }));
  }

  #get(sql: string, ...values: Value[]): Row | undefined {
    try {
      return this.#statements.of(sql).get(...values);
    } catch (error) {
      throw this.#told(error);
    }
  }

  #all(sql: string, ...values: Value[]): Row[] {
    try {
      return this.#statements.of(sql).all(...values);
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error: unknown): unknown {
    if (!isViewDamage(error)) return error;
    this.#onDamage();
    const what = "spool.db is not what was written; restart the server, which makes it again";
    return new StorageDamage(what, { cause: error });
  }
}

function threadClauses(query: ThreadQuery) {
  const clauses = ["deleted_at is null"];
  const values: (string | number)[] = [];
  const equal = (column: string, value: string | null) => {
    if (value === null) return;
    clauses.push(`${column} = ?`);
    values.push(textColumn(value));
  };
  equal("org_id", query.orgId);
  equal("owner_user_id", query.ownerUserId);
  equal("agent_id", query.agentId);
  equal("parent_thread_id", query.parentThreadId);
  equal("status", query.status);
  // Lets the small index of threads at work be used.
  if (query.status !== null && query.status !== "idle") clauses.push("status <> 'idle'");
  if (!query.includeArchived) clauses.push("archived_at is null");
  if (query.after !== null) {
    const { updatedAt, threadId, orgId } = query.after;
    const isOfEveryOrg = orgId !== undefined;
    clauses.push(`(updated_at, thread_id${isOfEveryOrg ? ", org_id" : ""}) <
      (?, ?${isOfEveryOrg ? ", ?" : ""})`);
    values.push(updatedAt, threadId, ...(isOfEveryOrg ? [orgId] : []));
  }
  return { clauses, values };
}
