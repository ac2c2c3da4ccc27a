/**
 * Keys of a data directory on this machine, beside a running server, which honours every change at
 * once (CFG8). Whoever may write the directory may manage all its keys. Used by `spool keys` when
 * no address is given.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DomainError } from "@spool/protocol/errors";
import type { ApiKey } from "@spool/protocol/resources";
import { type AccountsDb, openAccountsDb } from "@spool/server/auth/accounts-db";
import { apiKeyResource, type KeyPosition } from "@spool/server/auth/api-key-rows";
import { ApiKeys } from "@spool/server/auth/api-keys";
import { CommandError } from "./command-error.ts";
import type { KeyRequest, KeyStore, MadeKey } from "./key-store.ts";

const pageSize = 100;

/** The keys in `<dataDir>/accounts.db`; opened with the first call. */
export class DataDirectoryKeys implements KeyStore {
  readonly #dataDir: string;
  #open: { db: AccountsDb; keys: ApiKeys } | null = null;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** Makes the data directory, org and user as needed. */
  async create(request: KeyRequest): Promise<MadeKey> {
    const { name, label, expiresAt } = request;
    const made = mapped(() =>
      this.#keys().create({
        orgId: request.org ?? "default",
        userId: request.user ?? "admin",
        role: request.role ?? "member",
        scopes: request.scopes ?? ["agent:read", "agent:run"],
        ...(name === undefined ? {} : { name }),
        ...(label === undefined ? {} : { label }),
        ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
      }),
    );
    const { lastUsedAt: _unused, revokedAt: _unrevoked, ...key } = apiKeyResource(made.key);
    return { key: made.secret, ...key };
  }

  async *list({ org, user }: { org?: string; user?: string }): AsyncGenerator<ApiKey> {
    const keys = this.#existing();
    const range = {
      ...(org === undefined ? {} : { orgId: org }),
      ...(user === undefined ? {} : { userId: user }),
    };
    let after: KeyPosition | null = null;
    do {
      const page = keys.list(range, { limit: pageSize, after });
      yield* page.keys.map(apiKeyResource);
      after = page.next;
    } while (after !== null);
  }

  async revoke(keyId: string): Promise<void> {
    if (this.#existing().revoke(keyId, {})) return;
    throw new CommandError(
      `there is no key ${keyId} in ${this.#dataDir}; spool keys list shows them`,
    );
  }

  close(): void {
    this.#open?.keys.close();
    this.#open?.db.sql.close();
    this.#open = null;
  }

  #existing(): ApiKeys {
    if (existsSync(join(this.#dataDir, "accounts.db"))) return this.#keys();
    throw new CommandError(
      `${this.#dataDir} is no data directory; name one with --data-dir, or a server with --url`,
    );
  }

  #keys(): ApiKeys {
    if (this.#open !== null) return this.#open.keys;
    const now = Date.now;
    const db = openAccountsDb({ dataDir: this.#dataDir, now, randomBytes });
    const report = (error: unknown) => {
      throw error;
    };
    // Nothing is used here, so nothing is ever due.
    const schedule = () => () => {};
    const keys = new ApiKeys({ db, now, randomBytes, schedule, report });
    this.#open = { db, keys };
    return keys;
  }
}

function mapped<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DomainError) throw new CommandError(error.message.replace(/\.$/, ""));
    throw error;
  }
}
