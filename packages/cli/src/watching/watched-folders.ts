/**
 * Which folders are watched, and which files in them are sessions: the folders of all known agents
 * (SRC13), or the ones a person names. Pure but for one look at each named path. Used by
 * `spool publish --watch` and `spool attach`.
 */
import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Environment, sessionFolders, sessionPath } from "@spool/adapters/session-folders";
import { usageError } from "../command-error.ts";
import { isOpencodeDatabase } from "./opencode-sessions.ts";

/** A folder to watch, with everything below it. */
export type WatchedFolder = {
  readonly folder: string;
  /** Whose it is, for people. */
  readonly agent: string;
  /** Whether a path below it is a session's file. */
  readonly accepts: (path: string) => boolean;
  /** Nothing below its own folders counts. */
  readonly isFlat?: boolean;
};

const agentNames: Readonly<Record<string, string>> = {
  codex: "Codex",
  "claude-code": "Claude Code",
  "gemini-cli": "Gemini CLI",
  pi: "Pi",
};

/** The folders of all agents of the user whose home this is; they may not exist. */
export function agentFolders(home: string, environment: Environment): WatchedFolder[] {
  const files = sessionFolders(home, environment).map(({ format, folder }) => {
    const accepts = (path: string) => sessionPath(path)?.format === format;
    return { folder, agent: agentNames[format] ?? format, accepts };
  });
  const data = environment.XDG_DATA_HOME || join(home, ".local", "share");
  const folder = join(data, "opencode");
  return [...files, { folder, agent: "OpenCode", accepts: isOpencodeDatabase, isFlat: true }];
}

/** Named folders, in which every JSONL file counts, and named files. Throws CommandError. */
export function namedFolders(paths: readonly string[]): WatchedFolder[] {
  return paths.map((given) => {
    const path = resolve(given);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) throw usageError(`${given} does not exist; name a folder to watch`);
    if (found.isDirectory()) return { folder: path, agent: basename(path), accepts: isSession };
    const isNamed = (file: string) => file === path || isOpencodeLog(file, path);
    return { folder: dirname(path), agent: basename(path), accepts: isNamed };
  });
}

function isSession(path: string): boolean {
  const isFile = /\.jsonl(?:\.zst)?$/.test(path) || sessionPath(path) !== null;
  return isFile || isOpencodeDatabase(path);
}

function isOpencodeLog(file: string, database: string): boolean {
  return isOpencodeDatabase(database) && file === `${database}-wal`;
}
