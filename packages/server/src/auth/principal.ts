/**
 * Who a request comes from, and what its scopes allow. Pure; made by the authenticator, read by
 * every route. Guarantees that a principal's org and user are ids that are safe to store.
 */
import { DomainError } from "@spool/protocol/errors";
import { UserId } from "@spool/protocol/ids";
import type { Role, Scope } from "@spool/protocol/resources";
import { validatorOf } from "@spool/protocol/validator";

/** A proven identity. Valid when made; live connections ask again with `isCredentialLive`. */
export type Principal = {
  readonly orgId: string;
  readonly userId: string;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly credential: {
    readonly type: "api_key" | "session_token" | "sign_in" | "internal";
    /** The key's or sign-in's id, or the token's `jti`; null when the token has none. */
    readonly id: string | null;
    /** Milliseconds since the epoch; null when it does not expire. */
    readonly expiresAt: number | null;
  };
  /** The API key this identity lives and dies with; null for an identity provider's token. */
  readonly keyId: string | null;
  /** The sign-in it lives and dies with as well, where it came with one or a token of one. */
  readonly signInId?: string;
};

/** The scopes a route can ask for. */
export type RequiredScope = "agent:read" | "agent:run";

const knownScopes: readonly string[] = [
  "agent:read",
  "agent:run",
  "agent:*",
  "*",
] satisfies Scope[];

const userIdProblem = validatorOf(UserId);

/** Whether the scopes of `principal` include `scope`. */
export function hasScope(principal: Principal, scope: RequiredScope): boolean {
  return coversScope(principal.scopes, scope);
}

/** Throws INSUFFICIENT_SCOPE with `details.required` when `principal` lacks `scope`. */
export function requireScope(principal: Principal, scope: RequiredScope): void {
  requireScopes(principal.scopes, [scope]);
}

/** Throws INSUFFICIENT_SCOPE for the first of `wanted` that `held` does not include. */
export function requireScopes(held: readonly Scope[], wanted: readonly Scope[]): void {
  for (const required of wanted) {
    if (coversScope(held, required)) continue;
    throw new DomainError(
      "INSUFFICIENT_SCOPE",
      `This credential lacks the scope ${required}; use one that has it.`,
      { details: { required } },
    );
  }
}

/** Keeps the scopes Spool knows, each once, and drops every other word. */
export function knownScopesOf(words: readonly string[]): Scope[] {
  return [...new Set(words)].filter((word): word is Scope => knownScopes.includes(word));
}

/**
 * Whether `text` may be a user id: 1 to 256 characters that every store keeps as they are (no lone
 * surrogates, which UTF-8 would make equal, and no NUL).
 */
export function isUserId(text: string): boolean {
  return userIdProblem(text) === null && text.isWellFormed() && !text.includes("\0");
}

function coversScope(held: readonly Scope[], wanted: Scope): boolean {
  for (const scope of held) {
    if (scope === wanted || scope === "*") return true;
    if (scope === "agent:*" && wanted.startsWith("agent:")) return true;
  }
  return false;
}
