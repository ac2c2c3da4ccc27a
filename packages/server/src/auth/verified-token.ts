/**
 * What checking a session token gives, whoever issued it: Spool itself (`session-tokens.ts`) or an
 * identity provider (`token-verifier.ts`). The authenticator picks one by the token's issuer.
 */
import type { Principal } from "./principal.ts";

/** A checked token's identity and how long (ms since the epoch) the check need not be repeated. */
export type VerifiedToken = { readonly principal: Principal; readonly validUntil: number };

/** Checks the tokens of one issuer. */
export interface TokenVerifier {
  /** The `iss` of the tokens it can check. */
  readonly issuer: string;

  /**
   * Checks signature, algorithm, issuer, audience, times and claims. Rejects with
   * INVALID_CREDENTIALS for a bad token, INTERNAL when the issuer's keys cannot be had.
   */
  verify(token: string): Promise<VerifiedToken>;
}
