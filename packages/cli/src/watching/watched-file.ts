/**
 * A session file as the watch knows it, and the few questions asked of it. Changed by
 * `session-watch.ts` and `settle-pass.ts` alone.
 */
import { isRecent, type Published, planFile } from "./file-plan.ts";
import type { Seen } from "./folder-scan.ts";
import type { FollowedSession, LeftOut } from "./followed-session.ts";
import { isSubAgentFile } from "./session-links.ts";

/** A file and what is known of it. */
export type WatchedFile = {
  readonly path: string;
  seen: Seen;
  published: Published | null;
  /** Null between passes of a file that rests: the next one begins at its beginning. */
  session: FollowedSession | null;
  isBusy: boolean;
  /** It changed while it was read. */
  isDirty: boolean;
  /** The last pass was refused, and the next one reads anew. */
  isRepeated: boolean;
  /** Foreign, or closed to us: not looked at until it changes. */
  isToldOf: boolean;
  /** Set while it waits for its time. */
  timer: NodeJS.Timeout | undefined;
  /** It waits because of a refusal; otherwise it is looked at as soon as it changes. */
  isDelayed: boolean;
  readonly leftOut: LeftOut;
};

/** An agent may be silent so long at work; its run is kept alive meanwhile. */
const atWorkMs = 1_800_000;

/** A file that was just found. */
export function newWatchedFile(path: string, seen: Seen, published: Published | null): WatchedFile {
  return {
    path,
    seen,
    published,
    session: null,
    isBusy: false,
    isDirty: false,
    isRepeated: false,
    isToldOf: false,
    timer: undefined,
    isDelayed: false,
    leftOut: { threads: new Set(), runs: new Set() },
  };
}

/** Whether there is something to read; at the start also in a file whose run may still be open. */
export function isDue(file: WatchedFile, isFirst: boolean): boolean {
  if (planFile(file.published, file.seen) !== "nothing") return true;
  return isFirst && file.seen.size > 0 && isAtWork(file);
}

/** Ends a file's waiting, unless that is for a refusal; gives whether it may be read now. */
export function wake(file: WatchedFile): boolean {
  if (file.timer === undefined) return true;
  if (file.isDelayed) return false;
  clearTimeout(file.timer);
  file.timer = undefined;
  return true;
}

/** Whether the file's agent may be at work. */
export function isAtWork({ seen }: WatchedFile): boolean {
  return isRecent(seen, Date.now(), atWorkMs);
}

/** Whether nothing happened to a file between two looks. */
export function isSame(a: Seen, b: Seen): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino && a.dev === b.dev;
}

/** Newest first, so that what runs now is seen first; sessions before the sub-agents they name. */
export function backlogOrder(a: WatchedFile, b: WatchedFile): number {
  const rank = Number(isSubAgentFile(a.path)) - Number(isSubAgentFile(b.path));
  return rank === 0 ? b.seen.mtimeMs - a.seen.mtimeMs : rank;
}
