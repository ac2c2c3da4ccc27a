/**
 * Requested compactions of one server (ROL12 to ROL15): begins each on its thread, has the summary
 * made elsewhere, and ends it whatever comes, so that every start gets exactly one end. The thread
 * keeps its active rollout until the summary is there.
 *
 *   request ─▶ start_compaction ─▶ [summary: a thread of its own, bounded in time] ─▶ end_compaction
 *                    │ refused                        │ failed, too late, shutdown ─▶ failed end
 */
import type { CompactAnswer, CompactThread } from "@spool/protocol/compaction";
import { DomainError, type ErrorCode } from "@spool/protocol/errors";
import type { JsonObject } from "@spool/protocol/json";
import type { RolloutRow } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { CommandResult, ThreadCommands } from "../threads/thread-commands.ts";
import type { Audit, Caller } from "../threads/visible-thread.ts";
import { Slots } from "./slots.ts";
import { SummariserError } from "./summariser.ts";

/** What is to be summarised, and what the requester said about it. */
export type SummaryTask = {
  readonly key: ThreadKey;
  readonly compactionId: string;
  /** As it stood when the compaction began, the start itself left out. */
  readonly rollout: RolloutRow;
  readonly lastSequence: number;
  readonly wishes: CompactThread;
};

/** Makes the payload of a `compaction_completed`. Rejects with SummariserError. */
export type MakeSummary = (task: SummaryTask, signal: AbortSignal) => Promise<JsonObject>;

/** What compacting needs; times in milliseconds. */
export type CompactionParts = {
  readonly store: ThreadStore;
  readonly commands: ThreadCommands;
  readonly audit: Audit;
  readonly makeSummary: MakeSummary;
  /** Summaries made at once; more wait, their time running. */
  readonly atOnceMax: number;
  /** How long a request waits before it is answered with `running`. */
  readonly answerMs: number;
  /** How long a summary may take, waiting included. */
  readonly summaryMs: number;
  /** Between two tries to write the end of one while storage refuses. */
  readonly retryMs: number;
  readonly onError: (error: unknown) => void;
};

type Begun = { readonly answer: CompactAnswer; readonly task: SummaryTask | null };

/** Refusals of storage that may be over a moment later. */
const passing: ReadonlySet<ErrorCode> = new Set(["STORAGE_UNAVAILABLE", "OVERLOADED"]);
/** How often the rollout may be another one when the compaction is to begin. */
const looksMax = 5;

/** The requested compactions of one server. `close` ends those under way as failed. */
export class Compactions {
  readonly #parts: CompactionParts;
  readonly #slots: Slots;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: CompactionParts) {
    this.#parts = parts;
    this.#slots = new Slots(parts.atOnceMax);
  }

  /**
   * Compacts a thread. Resolves when it is done, skipped, or still `running` after a while or at
   * once with `respondAsync`. Rejects with the refusal, or with SUMMARISER_FAILED.
   */
  async request(
    caller: Caller,
    threadId: string,
    how: { readonly wishes: CompactThread; readonly respondAsync: boolean },
  ): Promise<CompactAnswer> {
    const { answer, task } = await this.#begin(caller, threadId, how.wishes);
    if (task === null) return answer;
    const work = this.#work(caller, answer, task);
    const settled = work.catch(() => undefined); // the requester is told, if it still waits
    this.#running.add(settled);
    void settled.then(() => this.#running.delete(settled));
    if (how.respondAsync) return answer;
    return inTime(work, { milliseconds: this.#parts.answerMs, otherwise: answer });
  }

  /** Ends what is under way, as failed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  /** `task` null: there is nothing to do. */
  async #begin(caller: Caller, threadId: string, wishes: CompactThread): Promise<Begun> {
    const key = { orgId: caller.principal.orgId, threadId };
    for (let look = 0; look < looksMax; look += 1) {
      const found = await this.#look(key);
      const { head, changed } = await this.#start(caller, key, {
        kind: "start_compaction",
        rolloutId: found?.rollout.rolloutId ?? "",
        hasMessages: found?.hasMessages ?? false,
        instructions: wishes.instructions ?? null,
      });
      const rolloutId = head.thread.activeRolloutId;
      const answer = { threadId, rolloutId, previousRolloutId: null } as const;
      if (changed) {
        const { rollout, thread } = head;
        const compactionId = thread.compaction?.compactionId as string;
        const task = { key, compactionId, rollout, lastSequence: thread.sequence - 1, wishes };
        return { answer: { ...answer, status: "running" }, task };
      }
      if (rolloutId === found?.rollout.rolloutId) {
        return { answer: { ...answer, status: "skipped" }, task: null };
      }
    }
    const message = "The thread is compacted over and over. Wait and ask again.";
    throw new DomainError("OVERLOADED", message, { retryAfterSeconds: 1 });
  }

  /** ORG10: an admin's try on somebody else's thread is on record. */
  async #start(
    caller: Caller,
    key: ThreadKey,
    command: Parameters<ThreadCommands["execute"]>[2],
  ): Promise<CommandResult> {
    try {
      return await this.#parts.commands.execute(key, caller.principal, command);
    } catch (error) {
      if (error instanceof DomainError && error.code === "NOT_OWNER") {
        this.#parts.audit(caller, "thread.compact", key.threadId);
      }
      throw error;
    }
  }

  /** The active rollout, and whether anybody said something in it. Null: no such thread. */
  async #look(key: ThreadKey) {
    const { store } = this.#parts;
    const head = (await store.load(key))?.head;
    if (head === undefined || head.thread.deletedAt !== null) return null;
    const { rollout } = head;
    for (const type of ["user_message", "assistant_message"]) {
      const { lines } = await store.readEvents({
        key,
        rolloutId: rollout.rolloutId,
        from: rollout.firstSequence,
        to: rollout.lastSequence,
        order: "desc",
        type,
        limit: 1,
        bytesMax: 1,
      });
      if (lines.length > 0) return { rollout, hasMessages: true };
    }
    return { rollout, hasMessages: false };
  }

  /** Has the summary made and ends the compaction with it, or as failed. */
  async #work(caller: Caller, answer: CompactAnswer, task: SummaryTask): Promise<CompactAnswer> {
    const failure: { error: SummariserError | null } = { error: null };
    const payload = await this.#payload(task).catch((error: unknown) => {
      failure.error = asFailure(error, this.#parts.onError);
      return { status: "failed", error: failure.error.message };
    });
    const { head, changed } = await this.#end(caller, task, payload);
    if (failure.error !== null) throw summariserFailed(failure.error.message);
    if (!changed) throw summariserFailed("The compaction was ended before its summary was there");
    const rolloutId = head.thread.activeRolloutId;
    return { ...answer, rolloutId, previousRolloutId: answer.rolloutId, status: "completed" };
  }

  async #payload(task: SummaryTask): Promise<JsonObject> {
    const { makeSummary, summaryMs } = this.#parts;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(summaryMs)]);
    let leave = () => {};
    try {
      leave = await this.#slots.enter(signal);
      return { status: "completed", ...(await makeSummary(task, signal)) };
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new SummariserError(
        this.#closing.signal.aborted
          ? "The server stopped before the summary was made"
          : `The summary was not made within ${Math.round(summaryMs / 1_000)} s`,
      );
    } finally {
      leave();
    }
  }

  /** Storage that refuses is asked again: a thread must not stay `compacting`. */
  async #end(caller: Caller, task: SummaryTask, payload: JsonObject): Promise<CommandResult> {
    const { commands, retryMs } = this.#parts;
    const { key, compactionId } = task;
    for (;;) {
      try {
        const command = { kind: "end_compaction", compactionId, payload } as const;
        return await commands.execute(key, caller.principal, command);
      } catch (error) {
        const isPassing = error instanceof DomainError && passing.has(error.code);
        // At a stop the next start closes it (ROL7).
        if (!isPassing || this.#closing.signal.aborted) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      }
    }
  }
}

function asFailure(error: unknown, onError: (error: unknown) => void): SummariserError {
  if (error instanceof SummariserError) return error;
  onError(error);
  return new SummariserError("The summary could not be made");
}

function summariserFailed(why: string): DomainError {
  return new DomainError(
    "SUMMARISER_FAILED",
    `${why.replace(/\.$/, "")}. The thread goes on in its rollout; ask again, or send a summary of your own.`,
  );
}

/** What `work` gives, or `otherwise` when it takes longer. */
async function inTime<Value>(
  work: Promise<Value>,
  { milliseconds, otherwise }: { readonly milliseconds: number; readonly otherwise: Value },
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Value>((resolve) => {
    timer = setTimeout(resolve, milliseconds, otherwise);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
