/**
 * Starts this process over with a small heap, in its place and under its number: a publisher runs
 * all day beside the agents and has little to keep, but Node lets garbage grow to hundreds of
 * megabytes where nothing tells it otherwise. Called first thing by `spool publish --watch`.
 */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../command-context.ts";

/** Room for the longest line that is read, several times over. */
const flags = ["--max-semi-space-size=4", "--max-old-space-size=112"];
/** What native code frees goes back to the system instead of being kept for each thread (glibc). */
const allocator = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_TRIM_THRESHOLD_: "131072",
  MALLOC_MMAP_THRESHOLD_: "65536",
};
const marker = "SPOOL_SMALL_HEAP";

/** Does not return where it can start over; otherwise everything goes on as it is. */
export function restartWithSmallHeap(environment: Environment): void {
  if (environment[marker] !== undefined || process.execve === undefined) return;
  if (process.platform === "win32") return;
  const cache = environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), ".cache");
  const env = {
    ...allocator,
    ...environment,
    [marker]: "1",
    // Modules without their types, ready to run: less memory than making them again.
    NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE ?? join(cache, "spool"),
  };
  const words = [...flags, ...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve(process.execPath, [process.execPath, ...words], env as NodeJS.ProcessEnv);
  } catch {
    // Not allowed here: the heap is larger, and nothing else differs.
  }
}
