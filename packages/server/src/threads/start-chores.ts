/** What the server does once at its start, before it takes traffic: ends what nobody will end. */
import { DomainError } from "@spool/protocol/errors";
import type { Principal } from "../auth/principal.ts";
import type { ThreadRow } from "../store/rows.ts";
import type { ThreadQuery, ThreadStore } from "../store/thread-store.ts";
import type { ThreadCommands } from "./thread-commands.ts";

/** Threads looked up at a time. */
const pageThreads = 500;

type ChoreParts = { readonly store: ThreadStore; readonly commands: ThreadCommands };

/** Closes every compaction that was open when the server stopped, as failed (ROL7). */
export async function abandonCompactions(parts: ChoreParts): Promise<void> {
  let after: ThreadQuery["after"] = null;
  for (;;) {
    const open: ThreadRow[] = await parts.store.listThreads({
      orgId: null,
      ownerUserId: null,
      includeArchived: true,
      agentId: null,
      status: "compacting",
      parentThreadId: null,
      after,
      limit: pageThreads,
    });
    await Promise.all(open.map((row) => abandonCompaction(parts, row)));
    const last = open.at(-1);
    if (last === undefined || open.length < pageThreads) return;
    after = { updatedAt: last.updatedAt, threadId: last.threadId };
  }
}

async function abandonCompaction({ commands }: ChoreParts, row: ThreadRow): Promise<void> {
  try {
    await commands.execute(row, ownerOf(row), { kind: "abandon_compaction" });
  } catch (error) {
    // A thread that refuses writes keeps its open compaction; the others need the server to start.
    if (!(error instanceof DomainError)) throw error;
  }
}

/** Speaks for the thread's owner. */
function ownerOf({ orgId, ownerUserId }: ThreadRow): Principal {
  const credential = { type: "api_key", id: null, expiresAt: null } as const;
  return { orgId, userId: ownerUserId, role: "member", scopes: ["*"], credential, keyId: null };
}
