/**
 * Makes the tables again from `thread.json` and the rollout files alone: the fold of `rows.ts`
 * over every line that an index covers (LOG6). What only the journal holds is folded by replay.
 */
import path from "node:path";
import { decodeEvent } from "../event-line.ts";
import { type MessageIdRow, type RolloutRow, RowFold, type RunRow } from "../rows.ts";
import { threadJsonFile, threadsFolder } from "./data-paths.ts";
import type { FileSystem } from "./file-system.ts";
import type { RolloutFiles } from "./rollout-files.ts";
import { decodeThreadJson } from "./thread-json.ts";
import type { ViewUpdate, ViewWriter } from "./view-writer.ts";

/** A thread whose files cannot be folded; its folder and why. */
export type RebuildProblem = { readonly folder: string; readonly problem: string };

/** How many threads go into the view per transaction. */
const threadsPerTransaction = 500;

/**
 * Writes the rows of every thread in the directory into an empty view that then stands at
 * `batch`. Returns how many threads there are, and those that could not be read.
 */
export async function rebuildView(parts: {
  files: FileSystem;
  dataDir: string;
  rollouts: RolloutFiles;
  writer: ViewWriter;
  batch: number;
}): Promise<{ threads: number; problems: RebuildProblem[] }> {
  const problems: RebuildProblem[] = [];
  let updates: ViewUpdate[] = [];
  let threads = 0;
  for await (const folder of threadFolders(parts.files, parts.dataDir)) {
    try {
      const update = await foldThread(parts.files, parts.rollouts, folder);
      if (update === null) continue;
      updates.push(update);
      threads += 1;
    } catch (error) {
      problems.push({ folder, problem: (error as Error).message }); // reported, not hidden
    }
    if (updates.length < threadsPerTransaction) continue;
    parts.writer.apply(0, updates);
    updates = [];
  }
  parts.writer.apply(parts.batch, updates);
  parts.writer.checkpoint();
  return { threads, problems };
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
  files: FileSystem,
  rollouts: RolloutFiles,
  folder: string,
): Promise<ViewUpdate | null> {
  const bytes = await files.readFile(threadJsonFile(folder));
  if (bytes === null) return null;
  const start = decodeThreadJson(bytes);
  const { thread } = start.head;
  if (thread.deletedAt !== null) return { thread, rollouts: [], runs: [], messageIds: [] };
  const key = { orgId: thread.orgId, threadId: thread.threadId };
  const fold = new RowFold(key, start.head);
  for (const rolloutId of start.rollouts) {
    const range = { key, rolloutId, from: 1, to: Number.MAX_SAFE_INTEGER };
    await rollouts.collectAscending(range, {
      take(line) {
        fold.apply({ kind: "event", ...decodeEvent(line) });
        return true;
      },
    });
  }
  return lastOfEach(fold.rows());
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
