/**
 * API keys as rows of accounts.db: reading, paging, inserting, revoking, without caches or rules.
 * A secret never passes through here, only its digest. Called by `api-keys.ts`.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { ApiKey, KeyLabel, Role, Scope } from "@spool/protocol/resources";
import { timestampOf } from "@spool/protocol/times";
import { knownScopesOf } from "./principal.ts";

/** A stored key; times in milliseconds since the epoch. */
export type ApiKeyRecord = {
  readonly id: string;
  readonly orgId: string;
  readonly userId: string;
  readonly name: string | null;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly label: KeyLabel;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  /** To the minute; null when never used. */
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
};

/** Which keys a caller may list or revoke: those of a user, of an org, or (`{}`) all of them. */
export type KeyRange = { readonly orgId?: string; readonly userId?: string };

/** Where a page of keys goes on: the last key of the page before. */
export type KeyPosition = { readonly createdAt: number; readonly id: string };

/** One page of keys, newest first; `next` is null at the end. */
export type KeyPage = { readonly keys: ApiKeyRecord[]; readonly next: KeyPosition | null };

const columns = `id, org_id, user_id, name, role, scopes, label,
  created_at, expires_at, last_used_at, revoked_at`;

/** A key as REST shows it (AUTH16). */
export function apiKeyResource(key: ApiKeyRecord): ApiKey {
  return {
    ...key,
    scopes: [...key.scopes],
    createdAt: timestampOf(key.createdAt),
    expiresAt: timestampOrNull(key.expiresAt),
    lastUsedAt: timestampOrNull(key.lastUsedAt),
    revokedAt: timestampOrNull(key.revokedAt),
  };
}

/** Stores a new key under `digest`, with its org and user where they are new. */
export function insertKey(sql: DatabaseSync, key: ApiKeyRecord, digest: string): void {
  const { orgId, userId, createdAt } = key;
  sql.prepare("INSERT OR IGNORE INTO orgs (id, created_at) VALUES (?, ?)").run(orgId, createdAt);
  sql
    .prepare("INSERT OR IGNORE INTO users (org_id, id, created_at) VALUES (?, ?, ?)")
    .run(orgId, userId, createdAt);
  const { lastUsedAt: _unused, revokedAt: _unrevoked, ...values } = key;
  sql
    .prepare(
      `INSERT INTO api_keys
         (id, hash, org_id, user_id, name, role, scopes, label, created_at, expires_at)
       VALUES
         (:id, :digest, :orgId, :userId, :name, :role, :scopes, :label, :createdAt, :expiresAt)`,
    )
    .run({ ...values, digest, scopes: key.scopes.join(" ") });
}

/** The key with `id`, revoked and expired ones included. */
export function selectKey(sql: DatabaseSync, id: string): ApiKeyRecord | null {
  const row = sql.prepare(`SELECT ${columns} FROM api_keys WHERE id = ?`).get(id);
  return row === undefined ? null : recordOf(row);
}

/** The key whose secret has `digest`, revoked and expired ones included. */
export function selectKeyByDigest(sql: DatabaseSync, digest: string): ApiKeyRecord | null {
  const row = sql.prepare(`SELECT ${columns} FROM api_keys WHERE hash = ?`).get(digest);
  return row === undefined ? null : recordOf(row);
}

/** A page of the keys in `range`, by (createdAt, id) descending, revoked ones included. */
export function selectKeys(
  sql: DatabaseSync,
  range: KeyRange,
  page: { readonly limit: number; readonly after?: KeyPosition | null },
): KeyPage {
  const { condition, values } = conditionOf(range);
  const after = page.after ?? { createdAt: Number.MAX_SAFE_INTEGER, id: "" };
  const rows = sql
    .prepare(
      `SELECT ${columns} FROM api_keys WHERE ${condition} AND (created_at, id) < (?, ?)
       ORDER BY created_at DESC, id DESC LIMIT ?`,
    )
    .all(...values, after.createdAt, after.id, page.limit + 1);
  const keys = rows.slice(0, page.limit).map(recordOf);
  const last = keys.at(-1);
  const more = rows.length > page.limit && last !== undefined;
  return { keys, next: more ? { createdAt: last.createdAt, id: last.id } : null };
}

/** Revokes the key `id` if it is in `range`. False when it is not there; again is no error. */
export function revokeKey(
  sql: DatabaseSync,
  id: string,
  revocation: { readonly range: KeyRange; readonly at: number },
): boolean {
  const { condition, values } = conditionOf(revocation.range);
  const result = sql
    .prepare(
      `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND ${condition}`,
    )
    .run(revocation.at, id, ...values);
  return result.changes !== 0;
}

function conditionOf(range: KeyRange): { condition: string; values: SQLInputValue[] } {
  const terms = ["1"];
  const values: SQLInputValue[] = [];
  if (range.orgId !== undefined) {
    terms.push("org_id = ?");
    values.push(range.orgId);
  }
  if (range.userId !== undefined) {
    terms.push("user_id = ?");
    values.push(range.userId);
  }
  return { condition: terms.join(" AND "), values };
}

function recordOf(row: Record<string, SQLOutputValue>): ApiKeyRecord {
  return {
    id: row.id as string,
    orgId: row.org_id as string,
    userId: row.user_id as string,
    name: row.name as string | null,
    role: row.role as Role,
    scopes: knownScopesOf((row.scopes as string).split(" ")),
    label: row.label as KeyLabel,
    createdAt: row.created_at as number,
    expiresAt: row.expires_at as number | null,
    lastUsedAt: row.last_used_at as number | null,
    revokedAt: row.revoked_at as number | null,
  };
}

function timestampOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : timestampOf(milliseconds);
}
