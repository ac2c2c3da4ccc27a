/**
 * Checks the session tokens of an identity provider against its JWKS (AUTH12) and maps their claims
 * to a principal (AUTH13). Keys are fetched when first needed, kept for 10 minutes, and fetched
 * again for an unknown `kid` at most every 30 s, so that made-up tokens cause no requests.
 */
import { DomainError } from "@spool/protocol/errors";
import { isOrgId } from "@spool/protocol/ids";
import type { JWTPayload, JWTVerifyGetKey } from "jose";
import { JOSENotSupported, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createRemoteJWKSet } from "jose/jwks/remote";
import { jwtVerify } from "jose/jwt/verify";
import { invalidCredentials, tokenRefusalOf } from "./invalid-credentials.ts";
import { isUserId, knownScopesOf, type Principal } from "./principal.ts";
import type { TokenVerifier, VerifiedToken } from "./verified-token.ts";

/** Names of the claims that hold a principal's parts, each at the token's top level. */
export type ClaimNames = {
  readonly user: string;
  readonly org: string;
  readonly role: string;
  readonly scopes: string;
};

/** Whose tokens to accept; `now` in milliseconds since the epoch. */
export type TokenVerifierOptions = {
  /** http or https. */
  readonly jwksUrl: URL;
  readonly issuer: string;
  readonly audience: string;
  readonly claims: ClaimNames;
  readonly now: () => number;
};

/** Clocks of issuer and server may differ by this much, in seconds. */
export const clockSkewSeconds = 60;

/** Asymmetric ones only: a public key must never serve as a shared secret, nor `none` pass. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** A checked token is checked again after this long, so that a withdrawn issuer key is noticed. */
const trustedForMs = 10 * 60_000;

/** A verifier for the tokens of one identity provider. Throws on a URL that is not http(s). */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keyOf = issuerKeys(options.jwksUrl);
  return {
    issuer: options.issuer,
    async verify(token) {
      const at = options.now();
      try {
        const { payload } = await jwtVerify(token, keyOf, {
          algorithms,
          issuer: options.issuer,
          audience: options.audience,
          clockTolerance: clockSkewSeconds,
          currentDate: new Date(at),
          requiredClaims: ["exp"],
        });
        return verifiedToken(payload, options.claims, at);
      } catch (error) {
        throw tokenRefusalOf(error);
      }
    },
  };
}

function issuerKeys(url: URL): JWTVerifyGetKey {
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new Error(`the JWKS URL must be http or https, not ${url.protocol}`);
  }
  const remote = createRemoteJWKSet(url);
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isTokensFault(error)) throw error;
      throw new DomainError(
        "INTERNAL",
        "The identity provider's keys cannot be read just now; try again shortly.",
        { cause: error },
      );
    }
  };
}

/** No key of the set fits the token; everything else means that there is no usable set. */
function isTokensFault(error: unknown): boolean {
  return (
    error instanceof JWKSNoMatchingKey ||
    error instanceof JWKSMultipleMatchingKeys ||
    error instanceof JOSENotSupported
  );
}

function verifiedToken(payload: JWTPayload, names: ClaimNames, at: number): VerifiedToken {
  const userId = payload[names.user];
  const orgId = payload[names.org];
  const expiresAt = (payload.exp as number) * 1_000;
  if (typeof userId !== "string" || !isUserId(userId)) throw invalidCredentials("user claim");
  if (typeof orgId !== "string" || !isOrgId(orgId)) throw invalidCredentials("org claim");
  const principal: Principal = {
    orgId,
    userId,
    role: payload[names.role] === "admin" ? "admin" : "member",
    scopes: knownScopesOf(wordsOf(payload[names.scopes])),
    credential: {
      type: "session_token",
      id: typeof payload.jti === "string" ? payload.jti : null,
      expiresAt,
    },
    keyId: null,
  };
  const expiry = expiresAt + clockSkewSeconds * 1_000;
  return { principal, validUntil: Math.min(expiry, at + trustedForMs) };
}

/** A scope claim is text with spaces (OAuth) or a list. */
function wordsOf(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(" ");
  if (!Array.isArray(claim)) return [];
  return claim.filter((word) => typeof word === "string");
}
