/** Who the server's own commands are given by; they never come from a request. */
import type { Principal } from "../auth/principal.ts";
import type { ThreadRow } from "../store/rows.ts";

/** Speaks for the thread's owner. */
export function ownerOf({
  orgId,
  ownerUserId,
}: Pick<ThreadRow, "orgId" | "ownerUserId">): Principal {
  const credential = { type: "api_key", id: null, expiresAt: null } as const;
  return { orgId, userId: ownerUserId, role: "member", scopes: ["*"], credential, keyId: null };
}
