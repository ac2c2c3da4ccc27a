/**
 * API keys: making, listing, revoking and recognising them (AUTH7, AUTH8, AUTH16). A secret leaves
 * this module once, when it is made; what stays is its SHA-256. Used by the server's routes and
 * authenticator, and by the command line on the same data directory beside a running server.
 */
import { DomainError } from "@spool/protocol/errors";
import { isOrgId } from "@spool/protocol/ids";
import type { KeyLabel, Role, Scope } from "@spool/protocol/resources";
import { type AccountsDb, inTransaction, type RandomBytes, setting } from "./accounts-db.ts";
import { ApiKeyCache } from "./api-key-cache.ts";
import {
  type ApiKeyRecord,
  insertKey,
  type KeyPage,
  type KeyPosition,
  type KeyRange,
  revokeKey,
  selectKeys,
} from "./api-key-rows.ts";
import { digestOf } from "./digest-map.ts";
import { LastUse, type Schedule } from "./last-use.ts";
import { isUserId, knownScopesOf, type Principal } from "./principal.ts";

/** What keys need from outside; `report` hears of failed background writes. */
export type ApiKeysOptions = {
  readonly db: AccountsDb;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly schedule: Schedule;
  readonly report: (error: unknown) => void;
};

/** A key to make; its org and user are made as needed. `expiresAt` in ms since the epoch. */
export type NewApiKey = {
  readonly orgId: string;
  readonly userId: string;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly name?: string | null;
  readonly label?: KeyLabel;
  readonly expiresAt?: number | null;
};

/** A made key and its secret, which cannot be had again. */
export type MadeApiKey = { readonly key: ApiKeyRecord; readonly secret: string };

const firstAdmin: NewApiKey = {
  orgId: "default",
  userId: "admin",
  role: "admin",
  scopes: ["*"],
  name: "first admin",
};

/** The keys of one accounts.db. Call `close` before the database is closed. */
export class ApiKeys {
  readonly #options: ApiKeysOptions;
  readonly #cache: ApiKeyCache;
  readonly #lastUse: LastUse;

  constructor(options: ApiKeysOptions) {
    const { sql } = options.db;
    this.#options = options;
    this.#cache = new ApiKeyCache({ sql, now: options.now });
    const { schedule, report } = options;
    this.#lastUse = new LastUse({ sql, table: "api_keys", schedule, report });
  }

  /** Makes a key. Throws INVALID_REQUEST for an org or user id that is none (AUTH5). */
  create(request: NewApiKey): MadeApiKey {
    requireIds(request);
    return inTransaction(this.#options.db.sql, () => this.#insert(request));
  }

  /** A page of the keys in `range`, newest first, revoked ones included (AUTH16). */
  list(
    range: KeyRange,
    page: { readonly limit: number; readonly after?: KeyPosition | null },
  ): KeyPage {
    const { keys, next } = selectKeys(this.#options.db.sql, range, page);
    const withPending = keys.map((key) => {
      return { ...key, lastUsedAt: this.#lastUse.pendingOf(key.id) ?? key.lastUsedAt };
    });
    return { keys: withPending, next };
  }

  /** Revokes the key `id` at once (AUTH16). False when `range` holds no such key. */
  revoke(id: string, range: KeyRange): boolean {
    const found = revokeKey(this.#options.db.sql, id, { range, at: this.#options.now() });
    this.#cache.forget();
    return found;
  }

  /** The principal behind `secret`, or null when the key is unknown, expired or revoked. */
  findKey(secret: string): Principal | null {
    const principal = this.#cache.find(secret);
    if (principal !== null && principal.keyId !== null) {
      this.#lastUse.note(principal.keyId, this.#options.now());
    }
    return principal;
  }

  /** The principal of the key `id`, or null when it is unknown, expired or revoked (AUTH11). */
  findById(id: string): Principal | null {
    return this.#cache.findById(id);
  }

  /**
   * On a data directory's first start makes org `default` with its admin and gives the secret;
   * null ever after. `keep` stores the secret (in `<data>/admin.key`) before the key counts, so
   * that a crash in between leaves a useless file instead of a key that nobody knows.
   */
  ensureFirstAdmin(keep: (secret: string) => void): string | null {
    const { sql } = this.#options.db;
    return inTransaction(sql, () => {
      let made: string | null = null;
      setting(sql, "first_admin_key", () => {
        const { key, secret } = this.#insert(firstAdmin);
        keep(secret);
        made = secret;
        return key.id;
      });
      return made;
    });
  }

  /** Writes the last uses that are still in memory. */
  close(): void {
    this.#lastUse.flush();
  }

  #insert(request: NewApiKey): MadeApiKey {
    const { randomBytes, now, db } = this.#options;
    const label = request.label ?? "live";
    const secret = `rt_${label}_${randomBytes(32).toString("base64url")}`;
    const key: ApiKeyRecord = {
      id: `key_${randomBytes(12).toString("base64url")}`,
      orgId: request.orgId,
      userId: request.userId,
      name: request.name ?? null,
      role: request.role,
      scopes: knownScopesOf(request.scopes),
      label,
      createdAt: now(),
      expiresAt: request.expiresAt ?? null,
      lastUsedAt: null,
      revokedAt: null,
    };
    insertKey(db.sql, key, digestOf(secret));
    return { key, secret };
  }
}

function requireIds(request: NewApiKey): void {
  if (!isOrgId(request.orgId)) {
    throw new DomainError(
      "INVALID_REQUEST",
      "An org id is 1 to 64 letters, digits, hyphens and underscores.",
    );
  }
  if (!isUserId(request.userId)) {
    throw new DomainError("INVALID_REQUEST", "A user id is 1 to 256 characters of text.");
  }
}
