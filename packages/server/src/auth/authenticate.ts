/**
 * Turns a credential into a principal (AUTH4). Every request passes here, so API keys and tokens
 * seen before are answered at once, without a promise; other tokens are checked by their issuer's
 * keys. Guarantees that a minted token never outlives its key or sign-in (AUTH11, AUTH23).
 */
import { decodeJwt } from "jose/jwt/decode";
import type { ApiKeys } from "./api-keys.ts";
import type { Credential } from "./credentials.ts";
import { DigestMap, digestOf } from "./digest-map.ts";
import { invalidCredentials, tokenRefusalOf } from "./invalid-credentials.ts";
import type { Principal } from "./principal.ts";
import type { SignIns } from "./sign-ins.ts";
import { clockSkewSeconds } from "./token-verifier.ts";
import type { TokenVerifier, VerifiedToken } from "./verified-token.ts";

/** Checked tokens kept in memory. */
const cachedTokensMax = 10_000;

/** The part of `ApiKeys` that recognises keys. */
export type KeyFinder = Pick<ApiKeys, "findKey" | "findById">;

/** The part of `SignIns` that recognises sign-ins. */
export type SignInFinder = Pick<SignIns, "find" | "isLive">;

/** What a principal may live and die with. */
export type CredentialFinders = { readonly keys: KeyFinder; readonly signIns: SignInFinder };

/** Who can recognise credentials; `verifier` where an identity provider is configured. */
export type AuthenticatorOptions = CredentialFinders & {
  readonly ownTokens: TokenVerifier;
  readonly verifier?: TokenVerifier | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Throws or rejects with INVALID_CREDENTIALS; INTERNAL when an issuer's keys cannot be had. */
export type Authenticator = (credential: Credential) => Principal | Promise<Principal>;

/** An authenticator that remembers up to 10,000 checked tokens by their digest. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { keys, signIns, now } = options;
  const checked = new DigestMap<VerifiedToken>(cachedTokensMax);

  async function check(token: string, digest: string): Promise<Principal> {
    const verified = await verifierOf(token, options).verify(token);
    checked.set(digest, verified);
    return requireAlive(verified.principal, options);
  }

  return ({ type, secret }) => {
    if (type === "api_key") {
      const principal = keys.findKey(secret);
      if (principal === null) throw invalidCredentials("no such key");
      return principal;
    }
    if (type === "sign_in") {
      const principal = signIns.find(secret);
      if (principal === null) throw invalidCredentials("no such sign-in");
      return principal;
    }
    const digest = digestOf(secret);
    const known = checked.get(digest);
    if (known === undefined || now() >= known.validUntil) return check(secret, digest);
    return requireAlive(known.principal, options);
  };
}

/**
 * Whether a principal's credential would still be accepted at `now` (ms): a live connection asks
 * this every few seconds, since it was authenticated only once.
 */
export function isCredentialLive(
  principal: Principal,
  finders: CredentialFinders,
  now: number,
): boolean {
  const { keyId, credential } = principal;
  if (!areOriginsAlive(principal, finders)) return false;
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

function requireAlive(principal: Principal, finders: CredentialFinders): Principal {
  if (areOriginsAlive(principal, finders)) return principal;
  throw invalidCredentials("its key or sign-in is gone");
}

/** Whether the key and the sign-in that `principal` comes from still live, where it has such. */
function areOriginsAlive({ keyId, signInId }: Principal, finders: CredentialFinders): boolean {
  if (keyId !== null && finders.keys.findById(keyId) === null) return false;
  return signInId === undefined || finders.signIns.isLive(signInId);
}
