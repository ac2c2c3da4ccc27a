/**
 * Sign-ins of browsers (AUTH20–AUTH25): each stands for an API key, for 7 days at most, and is known
 * by the secret in a cookie, of which only the SHA-256 is stored. Guarantees that one that has ended
 * counts nowhere from the next request on. Used by the sign-in routes and the authenticator.
 */
import { signInSeconds, signInsMax } from "@spool/protocol/limits";
import { type AccountsDb, inTransaction, type RandomBytes } from "./accounts-db.ts";
import type { ApiKeys } from "./api-keys.ts";
import { digestOf } from "./digest-map.ts";
import { invalidCredentials } from "./invalid-credentials.ts";
import { LastUse, type Schedule } from "./last-use.ts";
import type { Principal } from "./principal.ts";
import { shortUserAgent } from "./short-user-agent.ts";
import {
  deleteExpiredSignIns,
  deleteOldestSignIns,
  deleteSignIn,
  insertSignIn,
  type SignInRange,
  type SignInRecord,
  selectSignIn,
  selectSignInByDigest,
  selectSignIns,
} from "./sign-in-rows.ts";

/** What sign-ins need from outside; `report` hears of failed background writes. */
export type SignInsOptions = {
  readonly db: AccountsDb;
  readonly keys: Pick<ApiKeys, "findById">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly schedule: Schedule;
  readonly report: (error: unknown) => void;
};

/** A made sign-in and its secret, which cannot be had again. */
export type MadeSignIn = { readonly signIn: SignInRecord; readonly secret: string };

/** Sign-ins whose end is known without reading it, about 100 bytes each. */
const cachedMax = 50_000;

/** The sign-ins of one accounts.db, which one server alone changes. `close` before the database. */
export class SignIns {
  readonly #options: SignInsOptions;
  readonly #lastUse: LastUse;
  /** Ids of sign-ins that have not been ended, with when they expire. */
  readonly #expiries = new Map<string, number>();

  constructor(options: SignInsOptions) {
    const { db, schedule, report } = options;
    this.#options = options;
    this.#lastUse = new LastUse({ sql: db.sql, table: "sign_ins", schedule, report });
  }

  /**
   * Signs in with the key `keyId`, for 7 days but not beyond the key. It is on stable storage when
   * this returns. Throws INVALID_CREDENTIALS when the key is gone. A person's oldest sign-in
   * beyond 100 ends.
   */
  begin(keyId: string, userAgent: string | undefined): MadeSignIn {
    const { db, keys, now, randomBytes } = this.#options;
    const principal = keys.findById(keyId);
    if (principal === null) throw invalidCredentials("its key is gone");
    const at = now();
    const { orgId, userId, credential } = principal;
    const secret = `rt_signin_${randomBytes(32).toString("base64url")}`;
    const signIn: SignInRecord = {
      id: `sin_${randomBytes(12).toString("base64url")}`,
      keyId,
      orgId,
      userId,
      userAgent: shortUserAgent(userAgent),
      createdAt: at,
      expiresAt: Math.min(
        at + signInSeconds * 1_000,
        credential.expiresAt ?? Number.POSITIVE_INFINITY,
      ),
      lastUsedAt: null,
    };
    const ended = inTransaction(db.sql, () => {
      const expired = deleteExpiredSignIns(db.sql, at);
      insertSignIn(db.sql, signIn, digestOf(secret));
      return [...expired, ...deleteOldestSignIns(db.sql, { orgId, userId }, signInsMax)];
    });
    for (const id of ended) this.#forget(id);
    return { signIn, secret };
  }

  /** The principal behind a cookie's `secret`, or null when it, its sign-in or its key is gone. */
  find(secret: string): Principal | null {
    const { db, keys, now } = this.#options;
    // Found by its digest, so that the time taken tells nothing of the secret.
    const signIn = selectSignInByDigest(db.sql, digestOf(secret));
    const at = now();
    if (signIn === null || at >= signIn.expiresAt) return null;
    const principal = keys.findById(signIn.keyId);
    if (principal === null) return null;
    this.#lastUse.note(signIn.id, at);
    const { id, expiresAt } = signIn;
    return { ...principal, credential: { type: "sign_in", id, expiresAt }, signInId: id };
  }

  /** Whether the sign-in `id` goes on; of its key nothing is said. Costs under 1 µs mostly. */
  isLive(id: string): boolean {
    let expiresAt = this.#expiries.get(id);
    if (expiresAt === undefined) {
      expiresAt = selectSignIn(this.#options.db.sql, id)?.expiresAt;
      if (expiresAt === undefined) return false;
      if (this.#expiries.size >= cachedMax) this.#expiries.clear();
      this.#expiries.set(id, expiresAt);
    }
    return this.#options.now() < expiresAt;
  }

  /** The sign-ins in `range` that go on, newest first. */
  list(range: SignInRange): SignInRecord[] {
    const { db, keys, now } = this.#options;
    return selectSignIns(db.sql, range)
      .filter(({ expiresAt, keyId }) => now() < expiresAt && keys.findById(keyId) !== null)
      .map((signIn) => {
        return { ...signIn, lastUsedAt: this.#lastUse.pendingOf(signIn.id) ?? signIn.lastUsedAt };
      });
  }

  /** Ends the sign-in `id` at once, with its tokens. False when `range` holds no such one. */
  end(id: string, range: SignInRange): boolean {
    const { sql } = this.#options.db;
    const found = inTransaction(sql, () => deleteSignIn(sql, id, range));
    if (found) this.#forget(id);
    return found;
  }

  /** Writes the last uses that are still in memory. */
  close(): void {
    this.#lastUse.flush();
  }

  #forget(id: string): void {
    this.#expiries.delete(id);
    this.#lastUse.forget(id);
  }
}
