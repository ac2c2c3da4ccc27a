/**
 * Decides which key a caller of `POST /v1/api-keys` may make (AUTH15), and which keys they may see
 * or revoke (AUTH16). Pure; called by the key routes.
 */
import { DomainError } from "@spool/protocol/errors";
import type { CreateApiKey } from "@spool/protocol/requests";
import type { KeyRange } from "./api-key-rows.ts";
import type { NewApiKey } from "./api-keys.ts";
import { type Principal, requireScopes } from "./principal.ts";

/**
 * The key `maker` asks for: its org and user are the maker's, and so is what `body` leaves out.
 * `makerKeyExpiresAt` (ms, null: never) is the expiry of the key behind the maker, whose own
 * credential may be a token of minutes. Throws INSUFFICIENT_SCOPE for more scopes or role than the
 * maker's, INVALID_REQUEST for an `expiresAt` that is no time.
 */
export function requestedKey(
  maker: Principal,
  body: CreateApiKey,
  makerKeyExpiresAt: number | null,
): NewApiKey {
  const scopes = body.scopes ?? maker.scopes;
  const role = body.role ?? maker.role;
  requireScopes(maker.scopes, scopes);
  if (role === "admin" && maker.role !== "admin") {
    throw new DomainError("INSUFFICIENT_SCOPE", "Only an admin can make a key of an admin.", {
      details: { required: "admin" },
    });
  }
  return {
    orgId: maker.orgId,
    userId: maker.userId,
    role,
    scopes,
    name: body.name ?? null,
    label: body.label ?? "live",
    expiresAt: body.expiresAt === undefined ? makerKeyExpiresAt : timeOf(body.expiresAt),
  };
}

/** The keys `principal` may list and revoke: an admin the org's, a member their own. */
export function keyRangeOf(principal: Principal): KeyRange {
  const { orgId, userId, role } = principal;
  return role === "admin" ? { orgId } : { orgId, userId };
}

function timeOf(text: string | null): number | null {
  if (text === null) return null;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) {
    throw new DomainError("INVALID_REQUEST", "expiresAt is not a time; write it as RFC 3339.");
  }
  return milliseconds;
}
