/**
 * Where agents keep their session files, and what a path says of one: its format, and the session it
 * belongs to where only the folder tells. Pure: whoever looks for sessions lists the folders and
 * asks here. What a file holds decides in the end (`recognise.ts`).
 */
import type { FormatId } from "./frame.ts";

/** A folder below which an agent keeps its sessions; it may not exist. */
export type SessionFolder = { readonly format: FormatId; readonly folder: string };

/** What a path says. `parentSessionId` is set for a sub-agent whose file does not name its session. */
export type SessionPath = {
  readonly format: FormatId;
  readonly isSubAgent: boolean;
  readonly parentSessionId?: string;
};

/** Environment variables by name. */
export type Environment = { readonly [name: string]: string | undefined };

/** The folders of all agents, for a home folder and the variables that move them. */
export function sessionFolders(home: string, environment: Environment): SessionFolder[] {
  const codex = environment.CODEX_HOME || `${home}/.codex`;
  const claude = environment.CLAUDE_CONFIG_DIR || `${home}/.claude`;
  return [
    { format: "codex", folder: `${codex}/sessions` },
    { format: "codex", folder: `${codex}/archived_sessions` },
    { format: "claude-code", folder: `${claude}/projects` },
    { format: "gemini-cli", folder: `${home}/.gemini/tmp` },
    { format: "pi", folder: `${home}/.pi/agent/sessions` },
  ];
}

const patterns: readonly (readonly [FormatId, RegExp])[] = [
  [
    "codex",
    /\/(?:sessions|archived_sessions)\/(?:\d{4}\/\d\d\/\d\d\/)?rollout-[^/]+\.jsonl(?:\.zst)?$/,
  ],
  [
    "claude-code",
    /\/projects\/[^/]+\/(?:[^/]+\/subagents\/(?:workflows\/[^/]+\/)?(?<agent>agent-)|(?<old>agent-)?)[^/]+\.jsonl$/,
  ],
  ["gemini-cli", /\/tmp\/[^/]+\/chats\/(?:(?<parent>[^/]+)\/[^/]+\.jsonl|session-[^/]+\.jsonl?)$/],
  ["pi", /\/sessions\/--[^/]*--\/[^/]+_[^/]+\.jsonl$/],
];

/** What the path says of the file, or null where it is no agent's session. Takes either slash. */
export function sessionPath(path: string): SessionPath | null {
  const plain = path.replaceAll("\\", "/");
  for (const [format, pattern] of patterns) {
    const groups = pattern.exec(plain);
    if (groups === null) continue;
    const { agent, old, parent } = groups.groups ?? {};
    const isSubAgent = (agent ?? old ?? parent) !== undefined;
    return { format, isSubAgent, ...(parent === undefined ? {} : { parentSessionId: parent }) };
  }
  return null;
}

/**
 * Paths in the order in which to read them: sessions before their sub-agents, which need what the
 * session's file tells, otherwise by name. A compressed file is left out while its plain one is there.
 */
export function inReadingOrder(paths: readonly string[]): string[] {
  const all = new Set(paths);
  const rank = (path: string) => (sessionPath(path)?.isSubAgent === true ? 1 : 0);
  return [...all]
    .filter((path) => !path.endsWith(".zst") || !all.has(path.slice(0, -".zst".length)))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
