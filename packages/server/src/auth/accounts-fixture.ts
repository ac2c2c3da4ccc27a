/**
 * For tests of this folder: an accounts.db in a temporary folder with a clock that stands still and
 * timers that run when told. `reopen` opens the same file again, as another process would.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type AccountsDb, openAccountsDb } from "./accounts-db.ts";
import { ApiKeys, type NewApiKey } from "./api-keys.ts";
import type { Principal } from "./principal.ts";
import { SignIns } from "./sign-ins.ts";

/** A time to begin with: 2026-01-31T12:00:00Z in milliseconds. */
export const startTime = Date.UTC(2026, 0, 31, 12);

/** A member of `acme` with every agent scope, to be varied. */
export const alice: NewApiKey = {
  orgId: "acme",
  userId: "alice",
  role: "member",
  scopes: ["agent:read", "agent:run"],
};

/** One opened accounts.db with its keys, and what the tests turn. */
export type AccountsFixture = {
  readonly dataDir: string;
  readonly clock: { time: number };
  readonly now: () => number;
  readonly db: AccountsDb;
  readonly keys: ApiKeys;
  readonly signIns: SignIns;
  /** Timers that wait; `tasks.shift()?.()` runs the next. */
  readonly tasks: (() => void)[];
  /** What background writes reported. */
  readonly reports: unknown[];
  /** Another connection to the same file, with its own caches. */
  readonly reopen: () => { db: AccountsDb; keys: ApiKeys; signIns: SignIns };
};

/** Opens a fresh accounts.db; closed and removed when the test ends. */
export function accountsFixture(t: TestContext): AccountsFixture {
  const dataDir = mkdtempSync(join(tmpdir(), "spool-accounts-"));
  const clock = { time: startTime };
  const now = () => clock.time;
  const tasks: (() => void)[] = [];
  const reports: unknown[] = [];
  const opened: AccountsDb[] = [];
  const reopen = () => {
    const db = openAccountsDb({ dataDir, now, randomBytes });
    opened.push(db);
    const schedule = (task: () => void) => void tasks.push(task);
    const report = (error: unknown) => void reports.push(error);
    const shared = { db, now, randomBytes, schedule, report };
    const keys = new ApiKeys(shared);
    return { db, keys, signIns: new SignIns({ ...shared, keys }) };
  };
  t.after(() => {
    for (const { sql } of opened) if (sql.isOpen) sql.close();
    rmSync(dataDir, { recursive: true });
  });
  return { dataDir, clock, now, ...reopen(), tasks, reports, reopen };
}

/** The principal of a new key. */
export function principalOfNewKey(keys: ApiKeys, key: NewApiKey = alice): Principal {
  return keys.findKey(keys.create(key).secret) as Principal;
}
