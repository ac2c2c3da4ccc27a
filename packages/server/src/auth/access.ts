/**
 * What a principal may see of a thread (ORG2, ORG6). Pure: the routes turn the answer into
 * refusals, where a stranger's thread does not exist and an admin gets metadata only.
 */
import type { Principal } from "./principal.ts";

/** `owner`: everything. `metadata`: an admin of the org on another's thread. `none`: not there. */
export type Access = "owner" | "metadata" | "none";

/** The access of `principal` to a thread of `orgId` that belongs to `ownerUserId`. */
export function accessTo(
  principal: Pick<Principal, "orgId" | "userId" | "role">,
  thread: { readonly orgId: string; readonly ownerUserId: string },
): Access {
  if (principal.orgId !== thread.orgId) return "none";
  if (principal.userId === thread.ownerUserId) return "owner";
  return principal.role === "admin" ? "metadata" : "none";
}
