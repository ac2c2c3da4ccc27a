/**
 * Loads a thread for somebody who wants to read it: what they may not see does not exist (ORG3), and
 * an admin's look at somebody else's thread is on record before it is answered (ORG10).
 */
import { DomainError } from "@spool/protocol/errors";
import type { Access } from "@spool/protocol/live-frames";
import { accessTo } from "../auth/access.ts";
import type { Principal } from "../auth/principal.ts";
import type { ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import { threadNotFound } from "./refusals.ts";

/** Who asks, in which request. */
export type Caller = { readonly principal: Principal; readonly requestId: string };

/** Records an access of an admin; `threadId` null where it covers several threads. */
export type Audit = (caller: Caller, action: string, threadId: string | null) => void;

/** A thread as it stands, and what the caller may see of it. */
export type VisibleThread = {
  readonly key: ThreadKey;
  readonly head: ThreadHead;
  readonly access: Access;
};

/** What finding a thread needs. */
export type ThreadSources = { readonly store: ThreadStore; readonly audit: Audit };

/** The thread for `caller`, who wants to do `action`. Rejects with THREAD_NOT_FOUND. */
export async function visibleThread(
  { store, audit }: ThreadSources,
  caller: Caller,
  { threadId, action }: { readonly threadId: string; readonly action: string },
): Promise<VisibleThread> {
  const key = { orgId: caller.principal.orgId, threadId };
  const head = (await store.load(key))?.head;
  if (head === undefined || head.thread.deletedAt !== null) throw threadNotFound(threadId);
  const access = accessTo(caller.principal, head.thread);
  if (access === "none") throw threadNotFound(threadId);
  if (access === "metadata") audit(caller, action, threadId);
  return { key, head, access };
}

/** As `visibleThread`, for content: an admin of the org gets CONTENT_FORBIDDEN (ORG7). */
export async function readableThread(
  sources: ThreadSources,
  caller: Caller,
  wanted: { readonly threadId: string; readonly action: string },
): Promise<VisibleThread> {
  const visible = await visibleThread(sources, caller, wanted);
  if (visible.access === "owner") return visible;
  throw new DomainError(
    "CONTENT_FORBIDDEN",
    "Only the thread's owner may read what is in it. An admin sees its metadata.",
  );
}
