/**
 * Spool's own session tokens: an API key or a sign-in is turned into a short JWT of at most its rights,
 * so that a page never holds a key (AUTH9–AUTH11). Every token names its key and sign-in; whether
 * those still live is the authenticator's question at each use, not this file's.
 */
import { strict as assert } from "node:assert";
import { DomainError } from "@spool/protocol/errors";
import { sessionTokenSeconds } from "@spool/protocol/limits";
import type { Role, Scope } from "@spool/protocol/resources";
import type { JSONWebKeySet, JWTPayload } from "jose";
import { SignJWT } from "jose/jwt/sign";
import { jwtVerify } from "jose/jwt/verify";
import type { AccountsDb, RandomBytes } from "./accounts-db.ts";
import { invalidCredentials, tokenRefusalOf } from "./invalid-credentials.ts";
import { knownScopesOf, type Principal, requireScopes } from "./principal.ts";
import { SigningKeys } from "./signing-keys.ts";
import type { TokenVerifier, VerifiedToken } from "./verified-token.ts";

/** What tokens need: the open database, a clock (ms since the epoch) and randomness. */
export type SessionTokensOptions = {
  readonly db: AccountsDb;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
};

/** The wanted rights and life; missing ones are the key's scopes and 900 s. */
export type SessionTokenRequest = {
  readonly scopes?: readonly Scope[];
  readonly ttlSeconds?: number;
};

/** A token and when it expires, in milliseconds since the epoch. */
export type MintedToken = { readonly token: string; readonly expiresAt: number };

type OwnClaims = JWTPayload & {
  readonly sub: string;
  readonly org_id: string;
  readonly role: Role;
  readonly scope: string;
  readonly key: string;
  readonly sign_in?: string;
  readonly exp: number;
  readonly jti: string;
};

const requiredClaims = ["sub", "org_id", "role", "scope", "key", "exp", "jti"];

/** Mints and checks the tokens of this installation. */
export class SessionTokens implements TokenVerifier {
  readonly issuer: string;
  readonly #options: SessionTokensOptions;
  readonly #signingKeys: SigningKeys;

  constructor(options: SessionTokensOptions) {
    this.issuer = `spool:${options.db.installation}`;
    this.#options = options;
    this.#signingKeys = new SigningKeys(options);
  }

  /**
   * A token for `principal`, ending no later than its key or sign-in. Rejects with INSUFFICIENT_SCOPE when
   * more scopes than the key's are wanted, or when the principal came with a token itself.
   */
  async mint(principal: Principal, request: SessionTokenRequest = {}): Promise<MintedToken> {
    const keyId = mintingKeyOf(principal);
    const scopes = request.scopes ?? principal.scopes;
    requireScopes(principal.scopes, scopes);
    const ttlSeconds = request.ttlSeconds ?? sessionTokenSeconds.default;
    assert(ttlSeconds >= sessionTokenSeconds.min && ttlSeconds <= sessionTokenSeconds.max);
    const issuedAt = Math.floor(this.#options.now() / 1_000);
    const keyEnd = Math.floor((principal.credential.expiresAt ?? Number.POSITIVE_INFINITY) / 1_000);
    const expiresAt = Math.min(issuedAt + ttlSeconds, keyEnd);
    const { kid, privateKey } = this.#signingKeys.current;
    const token = await new SignJWT({
      org_id: principal.orgId,
      role: principal.role,
      scope: scopes.join(" "),
      key: keyId,
      ...(principal.signInId === undefined ? {} : { sign_in: principal.signInId }),
    })
      .setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid })
      .setIssuer(this.issuer)
      .setAudience(this.issuer)
      .setSubject(principal.userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .setJti(`tok_${this.#options.randomBytes(12).toString("base64url")}`)
      .sign(privateKey);
    return { token, expiresAt: expiresAt * 1_000 };
  }

  async verify(token: string): Promise<VerifiedToken> {
    try {
      const { payload } = await jwtVerify<OwnClaims>(token, ({ kid }) => this.#publicKey(kid), {
        algorithms: ["EdDSA"],
        issuer: this.issuer,
        audience: this.issuer,
        currentDate: new Date(this.#options.now()),
        requiredClaims,
      });
      return { principal: principalOf(payload), validUntil: payload.exp * 1_000 };
    } catch (error) {
      throw tokenRefusalOf(error);
    }
  }

  /** The public keys that check these tokens (AUTH10). */
  jwks(): JSONWebKeySet {
    return this.#signingKeys.jwks();
  }

  #publicKey(kid: string | undefined) {
    const key = kid === undefined ? undefined : this.#signingKeys.find(kid);
    if (key === undefined) throw invalidCredentials("unknown signing key");
    return key.publicKey;
  }
}

function mintingKeyOf(principal: Principal): string {
  const { credential, keyId } = principal;
  const mayMint = credential.type === "api_key" || credential.type === "sign_in";
  if (mayMint && keyId !== null) return keyId;
  throw new DomainError(
    "INSUFFICIENT_SCOPE",
    "A session token cannot make another one; ask with the API key it came from.",
    { details: { required: "api_key" } },
  );
}

// The signature is checked before, so the claims are as `mint` wrote them.
function principalOf(claims: OwnClaims): Principal {
  return {
    orgId: claims.org_id,
    userId: claims.sub,
    role: claims.role,
    scopes: knownScopesOf(claims.scope.split(" ")),
    credential: { type: "session_token", id: claims.jti, expiresAt: claims.exp * 1_000 },
    keyId: claims.key,
    ...(claims.sign_in === undefined ? {} : { signInId: claims.sign_in }),
  };
}
