/**
 * Opens accounts.db: orgs, users, API keys, sign-ins, signing keys, audit log, settings. Nothing in
 * it can be derived from elsewhere, so every commit is flushed. The server and the command line open the same
 * file at the same time, each through this module; it is readable by its owner only.
 */
import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DomainError } from "@spool/protocol/errors";
import { accountsMigrations } from "./accounts-migrations.ts";

/** Makes `size` random bytes; `node:crypto`'s in production. */
export type RandomBytes = (size: number) => Buffer;

/** What to open, with which clock (ms since the epoch) and randomness. */
export type AccountsDbOptions = {
  readonly dataDir: string;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
};

/** An open accounts.db. Close it with `sql.close()`. */
export type AccountsDb = {
  readonly sql: DatabaseSync;
  /** Names this installation for good; its tokens are issued by `spool:<installation>`. */
  readonly installation: string;
  /** The HMAC secret of this installation's cursors, 32 bytes. */
  readonly cursorSecret: Uint8Array;
};

const busyTimeoutMs = 5_000;

/**
 * Opens `<dataDir>/accounts.db`, making folder and file as needed and bringing the schema up to
 * date. Throws an Error of one line when a newer Spool wrote the file.
 */
export function openAccountsDb(options: AccountsDbOptions): AccountsDb {
  const path = join(options.dataDir, "accounts.db");
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  // SQLite gives its -wal and -shm files the mode of the database, which holds private keys.
  closeSync(openSync(path, "a", 0o600));
  const sql = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    sql.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    migrate(sql, path);
    return {
      sql,
      installation: setting(sql, "installation", () => randomText(options, 12)),
      cursorSecret: Buffer.from(
        setting(sql, "cursor_secret", () => randomText(options, 32)),
        "base64url",
      ),
    };
  } catch (error) {
    sql.close();
    throw error;
  }
}

/**
 * Runs `work` in one write transaction and gives its answer. The write lock is taken at the start,
 * so what `work` reads cannot be changed by another process before it writes. Throws
 * STORAGE_UNAVAILABLE when the disk refuses.
 */
export function inTransaction<T>(sql: DatabaseSync, work: () => T): T {
  try {
    sql.exec("BEGIN IMMEDIATE");
    const answer = work();
    sql.exec("COMMIT");
    return answer;
  } catch (error) {
    if (sql.isTransaction) sql.exec("ROLLBACK");
    throw storageRefusalOf(error) ?? error;
  }
}

/** SQLite's primary result codes for a disk that is full, fails, or is held by another. */
const refusals: ReadonlySet<unknown> = new Set([5, 8, 10, 13]);

function storageRefusalOf(error: unknown): DomainError | null {
  const { errcode, message } = error as { errcode?: number; message?: string };
  if (errcode === undefined || !refusals.has(errcode & 0xff)) return null;
  return new DomainError(
    "STORAGE_UNAVAILABLE",
    `accounts.db refuses writes (${message}). Try again once there is room on the disk.`,
    { cause: error },
  );
}

/** The stored setting `name`; the first caller's `make()` decides it for good. */
export function setting(sql: DatabaseSync, name: string, make: () => string): string {
  const select = sql.prepare("SELECT value FROM settings WHERE name = ?");
  const stored = select.get(name);
  if (stored !== undefined) return stored.value as string;
  sql.prepare("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)").run(name, make());
  return select.get(name)?.value as string;
}

function migrate(sql: DatabaseSync, path: string): void {
  const latest = Math.max(...accountsMigrations.keys());
  if (versionOf(sql) === latest) return;
  inTransaction(sql, () => {
    // Read again under the lock: another process may have just done it.
    const version = versionOf(sql);
    if (version > latest) {
      throw new Error(
        `${path} has schema version ${version}, this Spool knows ${latest}: start a newer Spool`,
      );
    }
    for (let next = version + 1; next <= latest; next += 1) {
      sql.exec(accountsMigrations.get(next) ?? "");
    }
    sql.exec(`PRAGMA user_version = ${latest}`);
  });
}

function versionOf(sql: DatabaseSync): number {
  return sql.prepare("PRAGMA user_version").get()?.user_version as number;
}

function randomText(options: AccountsDbOptions, bytes: number): string {
  return options.randomBytes(bytes).toString("base64url");
}
