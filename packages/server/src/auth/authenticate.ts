/**
 * Turns a credential into a principal (AUTH4). Every request passes here, so API keys and tokens
 * seen before are answered at once, without a promise; other tokens are checked by their issuer's
 * keys. Guarantees that a minted token never outlives its key (AUTH11).
 */
import { decodeJwt } from "jose/jwt/decode";
import type { ApiKeys } from "./api-keys.ts";
import type { Credential } from "./credentials.ts";
import { DigestMap, digestOf } from "./digest-map.ts";
import { invalidCredentials, tokenRefusalOf } from "./invalid-credentials.ts";
import type { Principal } from "./principal.ts";
import { clockSkewSeconds } from "./token-verifier.ts";
import type { TokenVerifier, VerifiedToken } from "./verified-token.ts";

/** Checked tokens kept in memory. */
const cachedTokensMax = 10_000;

/** The part of `ApiKeys` that recognises keys. */
export type KeyFinder = Pick<ApiKeys, "findKey" | "findById">;

/** Who can recognise credentials; `verifier` where an identity provider is configured. */
export type AuthenticatorOptions = {
  readonly keys: KeyFinder;
  readonly ownTokens: TokenVerifier;
  readonly verifier?: TokenVerifier | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Throws or rejects with INVALID_CREDENTIALS; INTERNAL when an issuer's keys cannot be had. */
export type Authenticator = (credential: Credential) => Principal | Promise<Principal>;

/** An authenticator that remembers up to 10,000 checked tokens by their digest. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, now } = options;
  const checked = new DigestMap<VerifiedToken>(cachedTokensMax);

  async function check(token: string, digest: string): Promise<Principal> {
    const verified = await verifierOf(token, options).verify(token);
    checked.set(digest, verified);
    return requireKeyAlive(verified.principal, keys);
  }

  return ({ type, secret }) => {
    if (type === "api_key") {
      const principal = keys.findKey(secret);
      if (principal === null) throw invalidCredentials("no such key");
      return principal;
    }
    const digest = digestOf(secret);
    const known = checked.get(digest);
    if (known === undefined || now() >= known.validUntil) return check(secret, digest);
    return requireKeyAlive(known.principal, keys);
  };
}

/**
 * Whether a principal's credential would still be accepted at `now` (ms): a live connection asks
 * this every few seconds, since it was authenticated only once.
 */
export function isCredentialLive(principal: Principal, keys: KeyFinder, now: number): boolean {
  const { keyId, credential } = principal;
  if (keyId !== null && keys.findById(keyId) === null) return false;
  if (credential.expiresAt === null) return true;
  // Only an identity provider's clock may differ from ours.
  const skewMs = keyId === null ? clockSkewSeconds * 1_000 : 0;
  return now < credential.expiresAt + skewMs;
}

/** Picks by the unchecked issuer; the verifier then checks that very issuer. */
function verifierOf(token: string, options: AuthenticatorOptions): TokenVerifier {
  const issuer = issuerOf(token);
  if (issuer === options.ownTokens.issuer) return options.ownTokens;
  if (options.verifier !== undefined && issuer === options.verifier.issuer) return options.verifier;
  throw invalidCredentials("unknown issuer");
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    throw tokenRefusalOf(error);
  }
}

function requireKeyAlive(principal: Principal, keys: KeyFinder): Principal {
  if (principal.keyId !== null && keys.findById(principal.keyId) === null) {
    throw invalidCredentials("its key is gone");
  }
  return principal;
}
