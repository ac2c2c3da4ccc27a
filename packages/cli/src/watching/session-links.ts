/**
 * What the files of one session tell of each other: a session's own file names its sub-agents, whose
 * files are read with that (SRC7). A list per session, read first where this process has not read
 * the session's own file. Used by `session-watch.ts`.
 */
import { existsSync } from "node:fs";
import type { AdapterOptions, SubAgentLink } from "@spool/adapters/frame";
import { sessionPath } from "@spool/adapters/session-folders";
import { SessionReader } from "./session-reader.ts";

/** Lists kept, the latest used ones. */
const listsMax = 1_000;
const subAgentPart = /\/subagents\/.*$/;

/** The lists, by session. */
export class SessionLinks {
  readonly #lists = new Map<string, SubAgentLink[]>();

  /** The list of the file's session, which its reader goes on filling. */
  async of(path: string): Promise<SubAgentLink[]> {
    const own = sessionFileOf(path) ?? path;
    const known = this.#lists.get(own);
    const links = known ?? [];
    this.#lists.delete(own);
    this.#lists.set(own, links);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > listsMax && oldest !== undefined) this.#lists.delete(oldest);
    if (known === undefined && own !== path && existsSync(own)) await readLinks(own, links);
    return links;
  }
}

/** The session's own file, for a sub-agent's file in that session's folder; else null. */
export function sessionFileOf(path: string): string | null {
  const own = path.replace(subAgentPart, ".jsonl");
  return own === path ? null : own;
}

/** What a file's path tells its adapter. */
export function adapterOptionsOf(path: string): AdapterOptions {
  const parentSessionId = sessionPath(path)?.parentSessionId;
  return parentSessionId === undefined ? {} : { parentSessionId };
}

/** Whether the file is a sub-agent's, by its path. */
export function isSubAgentFile(path: string): boolean {
  return sessionPath(path)?.isSubAgent === true;
}

async function readLinks(path: string, links: SubAgentLink[]): Promise<void> {
  const reader = new SessionReader(path, {}, links);
  const ignore = async () => {};
  try {
    while ((await reader.pass(ignore, false)).rest === "more");
  } catch {
    // Vanished or closed to us: the sub-agent is published without its call.
  }
}
