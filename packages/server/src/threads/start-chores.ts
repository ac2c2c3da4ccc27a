/** What the server does once at its start, before it takes traffic: ends what nobody will end. */
import { DomainError } from "@spool/protocol/errors";
import type { ThreadRow } from "../store/rows.ts";
import type { ThreadQuery, ThreadStore } from "../store/thread-store.ts";
import { ownerOf } from "./server-principal.ts";
import type { ThreadCommands } from "./thread-commands.ts";

/** Threads looked up at a time. */
const pageThreads = 500;

type ChoreParts = { readonly store: ThreadStore; readonly commands: ThreadCommands };

/** Closes every compaction that was open when the server stopped, as failed (ROL7). */
export async function abandonCompactions(parts: ChoreParts): Promise<void> {
  for await (const row of threadsIn(parts.store, "compacting")) {
    await abandonCompaction(parts, row);
  }
}

/** Has the leases of all active runs watched (RUN13); what each has left its thread tells later. */
export async function watchRuns(
  { store }: Pick<ChoreParts, "store">,
  watch: (row: ThreadRow) => void,
): Promise<void> {
  for await (const row of threadsIn(store, "running")) watch(row);
}

/** Threads of every org in a state, read a page at a time. */
async function* threadsIn(
  store: ThreadStore,
  status: "compacting" | "running",
): AsyncGenerator<ThreadRow> {
  let after: ThreadQuery["after"] = null;
  for (;;) {
    const page: ThreadRow[] = await store.listThreads({
      orgId: null,
      ownerUserId: null,
      includeArchived: true,
      agentId: null,
      status,
      parentThreadId: null,
      after,
      limit: pageThreads,
    });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageThreads) return;
    after = { updatedAt: last.updatedAt, threadId: last.threadId, orgId: last.orgId };
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
