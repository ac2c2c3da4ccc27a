/** Finds the thread of a command for whoever gives it; what they may not see does not exist. Pure. */
import type { Access } from "@spool/protocol/live-frames";
import { accessTo } from "../auth/access.ts";
import type { ThreadHead } from "../store/rows.ts";
import type { DecideContext } from "./command.ts";
import { threadDeleted, threadIdTaken, threadNotFound } from "./refusals.ts";
import type { ThreadState } from "./state.ts";

/** The thread, for its owner or an admin of its org; else 404, or 410 for its former owner. */
export function existing(
  { head, key }: ThreadState,
  { principal }: DecideContext,
): { readonly head: ThreadHead; readonly access: Access } {
  if (head === null) throw threadNotFound(key.threadId);
  const access = accessTo(principal, head.thread);
  if (access === "none") throw threadNotFound(key.threadId);
  if (head.thread.deletedAt !== null) {
    throw access === "owner" ? threadDeleted(key.threadId) : threadNotFound(key.threadId);
  }
  return { head, access };
}

/** ORG4, DEL4: an id is its owner's again, or nobody's, never another member's. */
export function refuseTakenId(
  { thread }: ThreadHead,
  { principal }: Pick<DecideContext, "principal">,
): void {
  const own = accessTo(principal, thread) === "owner";
  if (thread.deletedAt !== null) {
    throw own ? threadDeleted(thread.threadId) : threadIdTaken(thread.threadId);
  }
  if (!own) throw threadIdTaken(thread.threadId);
}
