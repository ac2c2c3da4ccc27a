/**
 * Finds the principal behind an API key's secret, on the path of every request: from memory, in
 * under 1 µs. Guarantees that a revocation counts at the next lookup when this process made it, and
 * within 50 ms when another did (the command line beside a running server). Used by `ApiKeys`.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type ApiKeyRecord, selectKey, selectKeyByDigest } from "./api-key-rows.ts";
import { DigestMap, digestOf } from "./digest-map.ts";
import type { Principal } from "./principal.ts";

/** Keys kept in memory, about 1 KiB each. */
const cachedKeysMax = 50_000;
/** Milliseconds for which the file is taken as unchanged. */
const lookIntervalMs = 50;

/** What `ApiKeyCache` reads: the open database and a clock in milliseconds. */
export type ApiKeyCacheOptions = { readonly sql: DatabaseSync; readonly now: () => number };

/**
 * The keys in use, each as the principal it stands for.
 *
 *   lookup ── 50 ms since the last look? ── yes ── data_version moved? ── yes ── forget all keys
 *                        no ──────────────────────────── no ──────────────────────────┴──▶ answer
 *
 * SQLite moves `data_version` exactly when another connection has committed to the file; writes of
 * this process do not move it and must call `forget`. Unknown secrets are not remembered, so that
 * guesses cost no memory.
 */
export class ApiKeyCache {
  readonly #sql: DatabaseSync;
  readonly #now: () => number;
  readonly #dataVersion: StatementSync;
  readonly #byDigest = new DigestMap<Principal>(cachedKeysMax);
  readonly #byId = new Map<string, Principal>();
  #seenVersion: unknown;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ApiKeyCacheOptions) {
    this.#sql = options.sql;
    this.#now = options.now;
    this.#dataVersion = options.sql.prepare("PRAGMA data_version");
  }

  /** The principal behind `secret`; null when the key is unknown, expired or revoked. */
  find(secret: string): Principal | null {
    const at = this.#now();
    this.#look(at);
    const digest = digestOf(secret);
    let principal = this.#byDigest.get(digest);
    if (principal === undefined) {
      principal = principalOf(selectKeyByDigest(this.#sql, digest));
      if (principal === undefined) return null;
      this.#byDigest.set(digest, principal);
    }
    return isLive(principal, at) ? principal : null;
  }

  /** The principal of the key `id`; null when it is unknown, expired or revoked. */
  findById(id: string): Principal | null {
    const at = this.#now();
    this.#look(at);
    let principal = this.#byId.get(id);
    if (principal === undefined) {
      principal = principalOf(selectKey(this.#sql, id));
      if (principal === undefined) return null;
      if (this.#byId.size >= cachedKeysMax) this.#byId.clear();
      this.#byId.set(id, principal);
    }
    return isLive(principal, at) ? principal : null;
  }

  /** Forgets every key: call it after this process has changed one. */
  forget(): void {
    this.#byDigest.clear();
    this.#byId.clear();
  }

  #look(at: number): void {
    // The distance, not the difference: a clock that was set back must not stop the looks.
    if (Math.abs(at - this.#lookedAt) < lookIntervalMs) return;
    const version = this.#dataVersion.get()?.data_version;
    this.#lookedAt = at;
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    this.forget();
  }
}

function isLive(principal: Principal, at: number): boolean {
  const { expiresAt } = principal.credential;
  return expiresAt === null || at < expiresAt;
}

function principalOf(key: ApiKeyRecord | null): Principal | undefined {
  if (key === null || key.revokedAt !== null) return undefined;
  return {
    orgId: key.orgId,
    userId: key.userId,
    role: key.role,
    scopes: key.scopes,
    credential: { type: "api_key", id: key.id, expiresAt: key.expiresAt },
    keyId: key.id,
  };
}
