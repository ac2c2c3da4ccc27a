/**
 * Commands of the REST routes on threads, around `ThreadCommands`: what an admin does to somebody
 * else's thread is on record before it is done (ORG10), and results are shown as the caller may see
 * them. Publishing passes here too, without any look at the thread before.
 */
import { DomainError } from "@spool/protocol/errors";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { PublishRequest } from "@spool/protocol/publish-parser";
import type {
  CreateThread,
  RegisteredRun,
  RegisterRun,
  UpdateThread,
} from "@spool/protocol/requests";
import type { Thread } from "@spool/protocol/resources";
import { accessTo } from "../auth/access.ts";
import type { RunRow, ThreadHead, ThreadRow } from "../store/rows.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { Command } from "./command.ts";
import { threadNotFound } from "./refusals.ts";
import { threadView } from "./resource-view.ts";
import type { CommandResult, ThreadCommands } from "./thread-commands.ts";
import type { Audit, Caller } from "./visible-thread.ts";

/** What editing needs. */
export type EditSources = {
  readonly store: ThreadStore;
  readonly commands: ThreadCommands;
  readonly audit: Audit;
  /** Ids of a new thread and of a new run. */
  readonly newThreadId: () => string;
  readonly newRunId: () => string;
};

/** The edits of one server. All reject with the DomainError that refuses the command. */
export class ThreadEdits {
  readonly #sources: EditSources;

  constructor(sources: EditSources) {
    this.#sources = sources;
  }

  /** Publishes frames (PUB9). */
  publish({ principal, requestId }: Caller, request: PublishRequest): Promise<PublishAnswer> {
    const key = { orgId: principal.orgId, threadId: request.threadId };
    return this.#sources.commands.execute(key, principal, { kind: "publish", request }).then(
      ({ answer }) => answer as PublishAnswer,
      (error) => this.#refused({ principal, requestId }, request.threadId, error),
    );
  }

  /**
   * Registers a run (RUN17), its thread made where there is none; one that is there already stays
   * as it is. Without ids it gets new ones, the thread's made from the run's.
   */
  async registerRun(
    caller: Caller,
    body: RegisterRun,
  ): Promise<{ readonly run: RegisteredRun; readonly isNew: boolean }> {
    const runId = body.runId ?? this.#sources.newRunId();
    const threadId = body.threadId ?? `thr_${runId.slice("run_".length)}`;
    const command = { kind: "register_run", runId, body } as const;
    const { head, changed } = await this.#execute(caller, threadId, command).catch((error) => {
      return this.#refused(caller, threadId, error);
    });
    const isActive = head.run?.runId === runId;
    const run = isActive ? (head.run as RunRow) : await this.#storedRun(head, runId);
    const rolloutId = head.thread.activeRolloutId;
    const { runSequence } = run;
    // What changes while another run is active, or none, is only a lapsed run's end.
    const isNew = changed && isActive;
    return { run: { threadId, runId, rolloutId, runSequence, status: "registered" }, isNew };
  }

  async #storedRun({ thread }: ThreadHead, runId: string): Promise<RunRow> {
    const run = (await this.#sources.store.load(thread, { runId }))?.run ?? null;
    if (run === null) throw threadNotFound(thread.threadId); // deleted meanwhile
    return run;
  }

  /** Creates a thread, or gives the caller's own that has the id (REST3). */
  async create(
    caller: Caller,
    body: CreateThread,
  ): Promise<{ readonly thread: Thread; readonly isNew: boolean }> {
    const threadId = body.id ?? this.#sources.newThreadId();
    const result = await this.#execute(caller, threadId, { kind: "create", body });
    return { thread: viewFor(caller, result.head.thread), isNew: result.changed };
  }

  /** Renames, archives, sets metadata (REST8). */
  async update(caller: Caller, threadId: string, body: UpdateThread): Promise<Thread> {
    for (const action of updateActionsOf(body)) await this.#record(caller, threadId, action);
    const { head } = await this.#execute(caller, threadId, { kind: "update", body });
    return viewFor(caller, head.thread);
  }

  /** Deletes (DEL1); `force` also while a run is active. */
  async delete(caller: Caller, threadId: string, force: boolean): Promise<void> {
    await this.#record(caller, threadId, "thread.delete");
    await this.#execute(caller, threadId, { kind: "delete", force });
  }

  /** Ends the active run (RUN7) and tells which one it was. */
  async cancel(
    caller: Caller,
    threadId: string,
  ): Promise<{ readonly thread: Thread; readonly runId: string; readonly sequence: number }> {
    await this.#record(caller, threadId, "thread.cancel");
    const { head } = await this.#execute(caller, threadId, { kind: "cancel" });
    const { sequence } = head.thread;
    // The run that was cancelled is the last one to have started by the event that ended it.
    const [run] = await this.#sources.store.listRuns({
      key: { orgId: caller.principal.orgId, threadId },
      before: sequence + 1,
      limit: 1,
    });
    return { thread: viewFor(caller, head.thread), runId: run?.runId as string, sequence };
  }

  #execute({ principal }: Caller, threadId: string, command: Command): Promise<CommandResult> {
    const key = { orgId: principal.orgId, threadId };
    return this.#sources.commands.execute(key, principal, command);
  }

  /** What an admin tried on somebody else's thread is on record; throws what refused it. */
  #refused(caller: Caller, threadId: string, error: unknown): never {
    if (error instanceof DomainError && error.code === "NOT_OWNER") {
      this.#sources.audit(caller, "thread.publish", threadId);
    }
    throw error;
  }

  /** Before the deed: an entry for what was refused is better than a deed without one. */
  async #record(caller: Caller, threadId: string, action: string): Promise<void> {
    const { principal } = caller;
    if (principal.role !== "admin") return;
    const { store, audit } = this.#sources;
    const thread = (await store.load({ orgId: principal.orgId, threadId }))?.head.thread;
    if (thread === undefined || thread.deletedAt !== null) return;
    if (accessTo(principal, thread) === "metadata") audit(caller, action, threadId);
  }
}

function updateActionsOf(body: UpdateThread): string[] {
  const actions: string[] = [];
  if (body.title !== undefined) actions.push("thread.rename");
  if (body.archived !== undefined) actions.push("thread.archive");
  if (body.metadata !== undefined) actions.push("thread.set_metadata");
  return actions;
}

function viewFor({ principal }: Caller, thread: ThreadRow): Thread {
  return threadView(thread, accessTo(principal, thread) === "owner" ? "owner" : "metadata");
}
