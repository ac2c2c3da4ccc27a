/**
 * Makes the tables again from `thread.json` and the rollout files alone: the fold of `rows.ts`
 * over every line that an index covers (LOG6). What only the journal holds is folded by replay.
 */
import { strict as assert } from "node:assert";
import path from "node:path";
import { decodeEvent } from "../event-line.ts";
import { type MessageIdRow, type RolloutRow, RowFold, type RunRow } from "../rows.ts";
import { keyText, type ThreadKey } from "../thread-key.ts";
import { keyOfFolder, threadFolder, threadJsonFile, threadsFolder } from "./data-paths.ts";
import type { FileSystem } from "./file-system.ts";
import type { RolloutFiles } from "./rollout-files.ts";
import { decodeThreadJson } from "./thread-json.ts";
import type { ViewUpdate, ViewWriter } from "./view-writer.ts";

/** A thread whose files cannot be folded, and why. */
export type RebuildProblem = { readonly key: ThreadKey; readonly problem: string };

/**
 * A rollout that could be read up to `covered` bytes only: what a checkpoint left half done, and
 * then the journal goes on there, or damage, which `problem` tells. `rolloutId` null: files of a
 * thread without its `thread.json`.
 */
export type UncoveredRollout = {
  readonly key: ThreadKey;
  readonly rolloutId: string | null;
  readonly covered: number;
  readonly problem: string;
};

/** What came of a rebuild. */
export type Rebuilt = {
  threads: number;
  readonly problems: RebuildProblem[];
  readonly uncovered: UncoveredRollout[];
};

/** How many threads go into the view per transaction. */
const threadsPerTransaction = 500;

/**
 * Writes the rows of every thread in the directory into an empty view that then stands at
 * `batch`. Threads that could not be read are left out and named.
 */
export async function rebuildView(parts: {
  files: FileSystem;
  dataDir: string;
  rollouts: RolloutFiles;
  writer: ViewWriter;
  batch: number;
}): Promise<Rebuilt> {
  const rebuilt: Rebuilt = { threads: 0, problems: [], uncovered: [] };
  let updates: ViewUpdate[] = [];
  for await (const folder of threadFolders(parts.files, parts.dataDir)) {
    const key = keyOfFolder(folder);
    try {
      const update = await foldThread(parts, key, rebuilt.uncovered);
      if (update === null) continue;
      updates.push(update);
      rebuilt.threads += 1;
    } catch (error) {
      // A disk that refuses says nothing about the thread.
      if ((error as NodeJS.ErrnoException).syscall !== undefined) throw error;
      rebuilt.problems.push({ key, problem: (error as Error).message });
    }
    if (updates.length < threadsPerTransaction) continue;
    parts.writer.apply(0, updates);
    updates = [];
  }
  parts.writer.apply(parts.batch, updates);
  parts.writer.checkpoint();
  return rebuilt;
}

/** The folders of all threads. */
async function* threadFolders(files: FileSystem, dataDir: string): AsyncGenerator<string> {
  const root = threadsFolder(dataDir);
  for (const shard of await files.list(root)) {
    for (const name of await files.list(path.join(root, shard))) yield path.join(root, shard, name);
  }
}

/** Null without `thread.json`: the whole thread still stands in the journal. */
async function foldThread(
  parts: { files: FileSystem; dataDir: string; rollouts: RolloutFiles },
  key: ThreadKey,
  uncovered: UncoveredRollout[],
): Promise<ViewUpdate | null> {
  const folder = threadFolder(parts.dataDir, key);
  const bytes = await parts.files.readFile(threadJsonFile(folder));
  if (bytes === null) {
    const problem = `${threadJsonFile(folder)} is missing; restore it from a backup`;
    const names = await parts.files.list(folder);
    if (names.length > 0) uncovered.push({ key, rolloutId: null, covered: 0, problem });
    return null;
  }
  const start = decodeThreadJson(bytes);
  const { thread } = start.head;
  assert(keyText(thread) === keyText(key), "thread.json is of the thread its folder is named for");
  if (thread.deletedAt !== null) return { thread, rollouts: [], runs: [], messageIds: [] };
  const fold = new RowFold(key, start.head);
  await foldRollouts(parts.rollouts, fold, { key, rolloutIds: start.rollouts, uncovered });
  return lastOfEach(fold.rows());
}

/**
 * Folds the lines in the files, up to the first that is not as it was written. A crash may have
 * left a rollout half written, or one of its two names lost, or both; then the rest of it, and all
 * of those behind it, stand in the journal. Only the last rollout can be without a line.
 */
async function foldRollouts(
  rollouts: RolloutFiles,
  fold: RowFold,
  of: { key: ThreadKey; rolloutIds: readonly string[]; uncovered: UncoveredRollout[] },
): Promise<void> {
  const { key, rolloutIds, uncovered } = of;
  let broken: string | null = null;
  for (const rolloutId of rolloutIds) {
    if (broken !== null) {
      const size = await rollouts.size(key, rolloutId);
      if (size > 0) uncovered.push({ key, rolloutId, covered: 0, problem: broken });
      continue;
    }
    const { covered, problem } = await rollouts.everyLine(key, rolloutId, (line) => {
      fold.apply({ kind: "event", ...decodeEvent(line) });
    });
    if (problem === null && (covered > 0 || rolloutId === rolloutIds.at(-1))) continue;
    broken = problem ?? `rollout ${rolloutId} is missing; restore it from a backup`;
    uncovered.push({ key, rolloutId, covered, problem: broken });
  }
}

/** A run that ended and a rollout that closed stand once, in their last state. */
function lastOfEach(rows: {
  thread: ViewUpdate["thread"];
  rollouts: readonly RolloutRow[];
  runs: readonly RunRow[];
  messageIds: readonly MessageIdRow[];
}): ViewUpdate {
  const rollouts = new Map(rows.rollouts.map((row) => [row.rolloutId, row]));
  const runs = new Map(rows.runs.map((row) => [row.runId, row]));
  return { ...rows, rollouts: [...rollouts.values()], runs: [...runs.values()] };
}
