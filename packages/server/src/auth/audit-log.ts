/**
 * The record of admins' accesses to other people's threads (ORG10), in accounts.db. An entry is on
 * stable storage when `append` returns; the routes append before they answer.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Who did what to which thread; `at` in milliseconds since the epoch. */
export type AuditEntry = {
  readonly at: number;
  readonly orgId: string;
  readonly actorUserId: string;
  /** A verb in the words of the API, for example `thread.rename`. */
  readonly action: string;
  /** Null where the access covered more than one thread, as a list does. */
  readonly threadId: string | null;
  readonly requestId: string;
};

/** The audit log of one accounts.db. */
export class AuditLog {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;

  constructor(sql: DatabaseSync) {
    this.#insert = sql.prepare(
      `INSERT INTO audit_log (at, org_id, actor_user_id, action, thread_id, request_id)
       VALUES (:at, :orgId, :actorUserId, :action, :threadId, :requestId)`,
    );
    this.#select = sql.prepare(
      `SELECT at, org_id AS orgId, actor_user_id AS actorUserId, action, thread_id AS threadId,
         request_id AS requestId
       FROM audit_log WHERE org_id = ? ORDER BY id DESC LIMIT ?`,
    );
  }

  /** Adds `entry`; throws when the database refuses. */
  append(entry: AuditEntry): void {
    this.#insert.run({ ...entry });
  }

  /** The newest `limit` entries of an org, newest first. */
  list(orgId: string, limit: number): AuditEntry[] {
    return this.#select.all(orgId, limit).map((row) => ({ ...row }) as AuditEntry);
  }
}
