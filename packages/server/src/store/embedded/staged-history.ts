/**
 * A history on its way in, written into a folder of its own as it comes: rollout files and indexes
 * as they will be the thread's, and the rows they fold to. Memory holds what was not written yet.
 * What a process leaves behind that died, the next start takes away (`imports-at-start.ts`).
 */
import { strict as assert } from "node:assert";
import { DomainError } from "@spool/protocol/errors";
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import type { ThreadCreated } from "../changes.ts";
import type { EventLine } from "../event-line.ts";
import { applyChange, type MessageIdRow, type RunRow, type ThreadHead } from "../rows.ts";
import type { ThreadKey } from "../thread-key.ts";
import type { StagedHistory } from "../thread-store.ts";
import { importsFolder, stagedRowsFile, stageFolder } from "./data-paths.ts";
import type { FileSystem } from "./file-system.ts";
import { StagedRollout } from "./staged-rollout.ts";
import { StagedRowsWriter } from "./staged-rows.ts";
import type { StoreLimits } from "./store-limits.ts";

/** Where a history is staged; `isClaimed` says whether a commit was given its id. */
export type StagedHistoryParts = {
  readonly files: FileSystem;
  readonly dataDir: string;
  readonly limits: StoreLimits;
  readonly id: string;
  readonly isClaimed: () => boolean;
};

/** One history in its folder. Made by `begin`. */
export class EmbeddedStagedHistory implements StagedHistory {
  readonly id: string;
  readonly #parts: StagedHistoryParts;
  readonly #key: ThreadKey;
  readonly #folder: string;
  readonly #rows: StagedRowsWriter;
  #head: ThreadHead;
  #rollout: StagedRollout | null = null;
  /** The last run that ended: it may go on later, and then its row is not this one (RUN15). */
  #endedRun: RunRow | null = null;
  #messageIds: MessageIdRow[] = [];

  private constructor(parts: StagedHistoryParts, key: ThreadKey, created: ThreadCreated) {
    this.#parts = parts;
    this.id = parts.id;
    this.#key = key;
    this.#folder = stageFolder(parts.dataDir, parts.id);
    this.#rows = new StagedRowsWriter(parts, stagedRowsFile(this.#folder));
    this.#head = applyChange(key, null, created).head;
  }

  /** Makes the folder. Rejects with STORAGE_UNAVAILABLE when the disk refuses. */
  static async begin(
    parts: StagedHistoryParts,
    key: ThreadKey,
    created: ThreadCreated,
  ): Promise<EmbeddedStagedHistory> {
    const staged = new EmbeddedStagedHistory(parts, key, created);
    await refusedByDisk(() => parts.files.makeFolder(staged.#folder));
    return staged;
  }

  add(line: EventLine): Promise<void> {
    return refusedByDisk(() => this.#add(line));
  }

  finish(): Promise<ThreadHead> {
    return refusedByDisk(async () => {
      await this.#rollout?.finish();
      if (this.#endedRun !== null && this.#head.lapsed === null) await this.#spoolEndedRun();
      for (const messageId of this.#messageIds) await this.#rows.add({ messageId });
      await this.#rows.finish();
      await this.#parts.files.syncFolder(this.#folder);
      await this.#parts.files.syncFolder(importsFolder(this.#parts.dataDir));
      return this.#head;
    });
  }

  async discard(): Promise<void> {
    if (this.#parts.isClaimed()) return;
    await this.#rollout?.close();
    await this.#rows.close();
    // What cannot be removed the next start removes.
    await this.#parts.files.remove(this.#folder).catch(() => undefined);
  }

  async #add(line: EventLine): Promise<void> {
    const before = this.#head;
    const applied = applyChange(this.#key, before, { kind: "event", ...line });
    this.#head = applied.head;
    const { run, rollout } = applied.head;
    if (run !== null && before.run === null) await this.#settleEndedRun(run.runId);
    if (applied.endedRun !== null) this.#endedRun = applied.endedRun;
    if (applied.messageId !== null) this.#remember(applied.messageId);
    if (applied.closedRollout !== null) {
      await this.#rollout?.finish();
      this.#rollout = null;
      await this.#rows.add({ rollout: applied.closedRollout });
    }
    this.#rollout ??= await StagedRollout.begin(this.#parts, this.#folder, rollout.rolloutId);
    await this.#rollout.add(line);
  }

  /** The run that begins is the ended one again, or that one's row is its last. */
  async #settleEndedRun(runId: string): Promise<void> {
    if (this.#endedRun !== null && this.#endedRun.runId !== runId) await this.#spoolEndedRun();
    this.#endedRun = null;
  }

  async #spoolEndedRun(): Promise<void> {
    assert(this.#endedRun !== null, "a run has ended");
    await this.#rows.add({ run: this.#endedRun });
    this.#endedRun = null;
  }

  #remember(row: MessageIdRow): void {
    this.#messageIds.push(row);
    // Cut now and then, not at each: a shift of the whole list would be dear.
    if (this.#messageIds.length < 2 * runlessMessageIdsMax) return;
    this.#messageIds = this.#messageIds.slice(-runlessMessageIdsMax);
  }
}

/** What the disk refuses is a refusal to whoever imports; the store itself goes on. */
async function refusedByDisk<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const why =
      code === "ENOSPC" || code === "EDQUOT"
        ? "The disk has no room for the import. Free space and send it again."
        : `The disk refused to take the import (${code}). Check it and send it again.`;
    throw new DomainError("STORAGE_UNAVAILABLE", why, { cause: error, retryAfterSeconds: 2 });
  }
}
