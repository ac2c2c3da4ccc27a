/**
 * What `spool keys` does, wherever the keys are: on a data directory of this machine
 * (`data-directory-keys.ts`) or behind a server (`remote-keys.ts`).
 */
import type { ApiKey, KeyLabel, Role, Scope } from "@spool/protocol/resources";

/** A key to make. What is undefined is left to the store. */
export type KeyRequest = {
  readonly org?: string | undefined;
  readonly user?: string | undefined;
  readonly role?: Role | undefined;
  readonly scopes?: Scope[] | undefined;
  readonly name?: string | undefined;
  readonly label?: KeyLabel | undefined;
  /** RFC 3339. */
  readonly expiresAt?: string | undefined;
};

/** A made key; `key` is its secret, shown this once (AUTH7). Further fields say what it may. */
export type MadeKey = {
  readonly id: string;
  readonly key: string;
  readonly [field: string]: unknown;
};

/** Makes, lists and revokes keys. */
export interface KeyStore {
  /** Throws CommandError or SpoolError when refused. */
  create(request: KeyRequest): Promise<MadeKey>;

  /** Newest first, revoked ones included; of one org or user where they are given. */
  list(filter: { org?: string; user?: string }): AsyncIterable<ApiKey>;

  /** Throws CommandError or SpoolError when there is no such key. */
  revoke(keyId: string): Promise<void>;

  close(): void;
}
