/**
 * What to do with a session file, judged by what was published of it and by how it is now. Pure;
 * used by `session-watch.ts`.
 */
import type { Seen } from "./folder-scan.ts";

/** How far a file was published, kept between starts. */
export type Published = {
  readonly dev: number;
  readonly ino: number;
  /** Every byte before it is on the server's stable storage. */
  readonly position: number;
  /** The file's time when it was read to there. */
  readonly mtimeMs: number;
};

/** `nothing`, go on at the position, or read it from its beginning (what is known is not sent). */
export type FilePlan = "nothing" | "continue" | "again";

/** `published` is null for a file never published, or no longer the one that was. */
export function planFile(published: Published | null, seen: Seen): FilePlan {
  if (published === null) return seen.size === 0 ? "nothing" : "again";
  if (published.dev !== seen.dev || published.ino !== seen.ino) return "again";
  if (seen.size > published.position) return "continue";
  if (seen.size < published.position) return "again";
  return seen.mtimeMs === published.mtimeMs ? "nothing" : "again";
}

/** Whether a pass that ended at `next` brought anything beyond `before`; reading anew does not. */
export function movesOn(before: Published | null, next: Published, seen: Seen): boolean {
  if (before === null || before.dev !== next.dev || before.ino !== next.ino) return true;
  return next.position >= before.position || seen.size < before.position;
}

/** Whether a file's agent may still be at work: its run is then kept alive while it is silent. */
export function isRecent(seen: Seen, nowMs: number, withinMs: number): boolean {
  return nowMs - seen.mtimeMs < withinMs;
}
