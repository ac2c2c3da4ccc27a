/**
 * Sign-ins as rows of accounts.db: reading, adding, ending, without caches or rules. A secret never
 * passes through here, only its digest. Called by `sign-ins.ts`.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { SignIn } from "@spool/protocol/resources";
import { timestampOf } from "@spool/protocol/times";

/** A stored sign-in; times in milliseconds since the epoch. */
export type SignInRecord = {
  readonly id: string;
  readonly keyId: string;
  readonly orgId: string;
  readonly userId: string;
  readonly userAgent: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** To the minute; null when never used. */
  readonly lastUsedAt: number | null;
};

/** Whose sign-ins a caller may see and end. */
export type SignInRange = { readonly orgId: string; readonly userId: string };

const columns = "id, key_id, org_id, user_id, user_agent, created_at, expires_at, last_used_at";

/** A sign-in as REST shows it; `currentId` is the one the request came with (AUTH25). */
export function signInResource(record: SignInRecord, currentId: string | undefined): SignIn {
  const { id, userAgent, createdAt, expiresAt, lastUsedAt } = record;
  return {
    id,
    createdAt: timestampOf(createdAt),
    lastUsedAt: lastUsedAt === null ? null : timestampOf(lastUsedAt),
    expiresAt: timestampOf(expiresAt),
    userAgent,
    current: id === currentId,
  };
}

/** Stores a new sign-in under `digest`. */
export function insertSignIn(sql: DatabaseSync, record: SignInRecord, digest: string): void {
  const { lastUsedAt: _unused, ...values } = record;
  sql
    .prepare(
      `INSERT INTO sign_ins
         (id, hash, key_id, org_id, user_id, user_agent, created_at, expires_at)
       VALUES
         (:id, :digest, :keyId, :orgId, :userId, :userAgent, :createdAt, :expiresAt)`,
    )
    .run({ ...values, digest });
}

/** The sign-in with `id`, expired ones included. */
export function selectSignIn(sql: DatabaseSync, id: string): SignInRecord | null {
  const row = sql.prepare(`SELECT ${columns} FROM sign_ins WHERE id = ?`).get(id);
  return row === undefined ? null : recordOf(row);
}

/** The sign-in whose secret has `digest`, expired ones included. */
export function selectSignInByDigest(sql: DatabaseSync, digest: string): SignInRecord | null {
  const row = sql.prepare(`SELECT ${columns} FROM sign_ins WHERE hash = ?`).get(digest);
  return row === undefined ? null : recordOf(row);
}

/** The sign-ins in `range`, newest first, expired ones included. */
export function selectSignIns(sql: DatabaseSync, { orgId, userId }: SignInRange): SignInRecord[] {
  return sql
    .prepare(
      `SELECT ${columns} FROM sign_ins WHERE org_id = ? AND user_id = ?
       ORDER BY created_at DESC, id DESC`,
    )
    .all(orgId, userId)
    .map(recordOf);
}

/** Removes the sign-in `id` if it is in `range`. False when it is not there. */
export function deleteSignIn(
  sql: DatabaseSync,
  id: string,
  { orgId, userId }: SignInRange,
): boolean {
  const result = sql
    .prepare("DELETE FROM sign_ins WHERE id = ? AND org_id = ? AND user_id = ?")
    .run(id, orgId, userId);
  return result.changes !== 0;
}

/** Removes everybody's that expired by `at`; gives their ids. */
export function deleteExpiredSignIns(sql: DatabaseSync, at: number): string[] {
  return idsOf(sql.prepare("DELETE FROM sign_ins WHERE expires_at <= ? RETURNING id").all(at));
}

/** Removes those in `range` but the newest `count`; gives their ids. */
export function deleteOldestSignIns(
  sql: DatabaseSync,
  { orgId, userId }: SignInRange,
  count: number,
): string[] {
  const rows = sql
    .prepare(
      `DELETE FROM sign_ins WHERE id IN (
         SELECT id FROM sign_ins WHERE org_id = ? AND user_id = ?
         ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?)
       RETURNING id`,
    )
    .all(orgId, userId, count);
  return idsOf(rows);
}

function idsOf(rows: Record<string, SQLOutputValue>[]): string[] {
  return rows.map(({ id }) => id as string);
}

function recordOf(row: Record<string, SQLOutputValue>): SignInRecord {
  return {
    id: row.id as string,
    keyId: row.key_id as string,
    orgId: row.org_id as string,
    userId: row.user_id as string,
    userAgent: row.user_agent as string | null,
    createdAt: row.created_at as number,
    expiresAt: row.expires_at as number,
    lastUsedAt: row.last_used_at as number | null,
  };
}
