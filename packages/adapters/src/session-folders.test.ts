/** Paths of agents' sessions, and the order in which to read them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inReadingOrder, sessionFolders, sessionPath } from "./session-folders.ts";

const session = "ef958aa1-0e93-49f0-bb71-150f63befcd1";
const rollout = "rollout-2026-03-01T10-00-00-019d0000-0000-7000-8000-000000000001.jsonl";
const cases: readonly [string, ReturnType<typeof sessionPath>][] = [
  [`/h/.codex/sessions/2026/03/01/${rollout}`, { format: "codex", isSubAgent: false }],
  [`/h/.codex/sessions/2026/03/01/${rollout}.zst`, { format: "codex", isSubAgent: false }],
  [`/h/.codex/archived_sessions/${rollout}`, { format: "codex", isSubAgent: false }],
  ["/h/.codex/history.jsonl", null],
  [`/h/.claude/projects/-w-p/${session}.jsonl`, { format: "claude-code", isSubAgent: false }],
  [
    `/h/.claude/projects/-w-p/${session}/subagents/agent-a1.jsonl`,
    { format: "claude-code", isSubAgent: true },
  ],
  [
    `/h/.claude/projects/-w-p/${session}/subagents/workflows/w1/agent-a1.jsonl`,
    { format: "claude-code", isSubAgent: true },
  ],
  [`/h/.claude/projects/-w-p/${session}/subagents/workflows/w1/journal.jsonl`, null],
  ["/h/.claude/projects/-w-p/agent-a1.jsonl", { format: "claude-code", isSubAgent: true }],
  [
    `C:\\Users\\h\\.claude\\projects\\C--w\\${session}.jsonl`,
    { format: "claude-code", isSubAgent: false },
  ],
  ["/h/.gemini/tmp/a1b2/chats/session-2026-03-01T10-00-abcd1234.jsonl", geminiMain()],
  ["/h/.gemini/tmp/a1b2/chats/session-2026-03-01T10-00-abcd1234.json", geminiMain()],
  [
    `/h/.gemini/tmp/a1b2/chats/${session}/sub.jsonl`,
    { format: "gemini-cli", isSubAgent: true, parentSessionId: session },
  ],
  ["/h/.gemini/tmp/a1b2/logs.json", null],
  ["/h/.pi/agent/sessions/--w-p--/2026-03-01_0190.jsonl", { format: "pi", isSubAgent: false }],
  ["/h/notes.jsonl", null],
];

function geminiMain() {
  return { format: "gemini-cli", isSubAgent: false } as const;
}

test("SRC13 a path says whose session a file is, and whose sub-agent's", () => {
  for (const [path, expected] of cases) assert.deepEqual(sessionPath(path), expected, path);
});

test("SRC13 agents' folders follow the home folder and their own variables", () => {
  const folders = sessionFolders("/h", { CODEX_HOME: "/c", CLAUDE_CONFIG_DIR: "" });
  assert.deepEqual(
    folders.map(({ folder }) => folder),
    [
      "/c/sessions",
      "/c/archived_sessions",
      "/h/.claude/projects",
      "/h/.gemini/tmp",
      "/h/.pi/agent/sessions",
    ],
  );
});

test("SRC13 sessions are read before their sub-agents, a plain file instead of its compressed one", () => {
  const base = "/h/.claude/projects/-w-p";
  const own = `${base}/${session}.jsonl`;
  const sub = `${base}/${session}/subagents/agent-a1.jsonl`;
  const plain = `/h/.codex/sessions/2026/03/01/${rollout}`;
  assert.deepEqual(inReadingOrder([sub, `${plain}.zst`, own, plain, own]), [own, plain, sub]);
  assert.deepEqual(inReadingOrder([`${plain}.zst`]), [`${plain}.zst`]);
});
