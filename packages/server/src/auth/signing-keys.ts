/**
 * The Ed25519 keys that sign Spool's own session tokens (AUTH10), kept in accounts.db. The newest
 * signs, all of them verify and are published, so that a new key does not end living tokens.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKeyInput,
  type KeyObject,
} from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { JSONWebKeySet, JWK } from "jose";
import { type AccountsDb, inTransaction, type RandomBytes } from "./accounts-db.ts";

/** A key pair and the name tokens know it by. */
export type SigningKey = {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
};

/** What makes the first key: the open database, a clock (ms) and randomness for its name. */
export type SigningKeysOptions = {
  readonly db: AccountsDb;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
};

/** The signing keys as they were when the server started. */
export class SigningKeys {
  readonly #keys: ReadonlyMap<string, SigningKey>;
  /** The key that signs. */
  readonly current: SigningKey;

  /** Reads the keys; makes the first one where there is none. */
  constructor(options: SigningKeysOptions) {
    const { sql } = options.db;
    const keys = inTransaction(sql, () => {
      const stored = storedKeys(sql);
      return stored.length > 0 ? stored : [makeKey(options)];
    });
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
    this.current = keys[0] as SigningKey;
  }

  /** The key named `kid`, or undefined. */
  find(kid: string): SigningKey | undefined {
    return this.#keys.get(kid);
  }

  /** The public halves, as served at `/.well-known/jwks.json`. */
  jwks(): JSONWebKeySet {
    const keys = [...this.#keys.values()].map(({ kid, publicKey }) => {
      return { ...(publicKey.export({ format: "jwk" }) as JWK), kid, alg: "EdDSA", use: "sig" };
    });
    return { keys };
  }
}

function storedKeys(sql: DatabaseSync): SigningKey[] {
  return sql
    .prepare("SELECT kid, private_jwk FROM signing_keys ORDER BY created_at DESC, kid")
    .all()
    .map((row) => signingKey(row.kid as string, JSON.parse(row.private_jwk as string)));
}

function makeKey({ db, now, randomBytes }: SigningKeysOptions): SigningKey {
  const kid = `sig_${randomBytes(12).toString("base64url")}`;
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  db.sql
    .prepare("INSERT INTO signing_keys (kid, private_jwk, created_at) VALUES (?, ?, ?)")
    .run(kid, JSON.stringify(jwk), now());
  return signingKey(kid, jwk);
}

function signingKey(kid: string, jwk: JsonWebKeyInput["key"]): SigningKey {
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  return { kid, privateKey, publicKey: createPublicKey(privateKey) };
}
