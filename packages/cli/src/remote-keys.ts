/**
 * Keys behind a server: the caller's own, an admin's of the org (CFG9). Org and user are always the
 * caller's. Used by `spool keys` when an address is given.
 */
import type { SpoolClient } from "@spool/client/spool-client";
import type { ApiKey } from "@spool/protocol/resources";
import { CommandError, usageError } from "./command-error.ts";
import type { KeyRequest, KeyStore, MadeKey } from "./key-store.ts";

/** The keys a client may manage. */
export class RemoteKeys implements KeyStore {
  readonly #client: SpoolClient;

  constructor(client: SpoolClient) {
    this.#client = client;
  }

  async create({ org, user, ...request }: KeyRequest): Promise<MadeKey> {
    if (org !== undefined || user !== undefined) {
      throw usageError(
        "over --url a key is for its maker; leave out --org and --user, " +
          "or make it on the server's machine with --data-dir",
      );
    }
    const body = Object.entries(request).filter(([, value]) => value !== undefined);
    return this.#client.account.createKey(Object.fromEntries(body));
  }

  async *list({ org, user }: { org?: string; user?: string }): AsyncGenerator<ApiKey> {
    for await (const key of this.#client.account.allKeys()) {
      if (org !== undefined && key.orgId !== org) continue;
      if (user === undefined || key.userId === user) yield key;
    }
  }

  async revoke(keyId: string): Promise<void> {
    try {
      await this.#client.account.revokeKey(keyId);
    } catch (error) {
      if ((error as { status?: number }).status !== 404) throw error;
      throw new CommandError(`there is no key ${keyId}; spool keys list shows them`);
    }
  }

  close(): void {}
}
