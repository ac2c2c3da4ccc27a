/**
 * Sessions as agents at work leave them, with all that makes following them hard: compactions,
 * resumptions, turns that were stopped, sub-agents with files of their own. For tests only.
 */
import {
  assistant,
  result,
  session,
  system,
  text,
  toolUse,
  user,
} from "@spool/adapters/testing/claude-rows";
import * as codex from "@spool/adapters/testing/codex-records";

/** A file below the home, and what is in it in the end; `after`: begun once another has so much. */
export type LiveFile = {
  readonly name: string;
  readonly text: string;
  readonly after?: { readonly name: string; readonly bytes: number };
};

/** Codex: prompts, calls, answers, a compaction, a turn that was stopped, and a resumption. */
export function liveCodexFile(id: string, turns: number): LiveFile {
  const records = [codex.sessionMeta({ id })];
  for (let turn = 1; turn <= turns; turn += 1) {
    const name = `${id}-t${turn}`;
    if (turn === Math.ceil(turns / 2)) records.push(codex.sessionMeta({ id }));
    records.push(...codex.turnStart(name), ...codex.prompt(`Please do ${name}`));
    records.push(codex.call(`${name}-call`));
    if (turn % 5 === 4) {
      records.push(codex.event("turn_aborted", { turn_id: name, reason: "interrupted" }));
      continue;
    }
    records.push(codex.output(`${name}-call`, `${name} gives ä😀 `.repeat(60)));
    if (turn % 7 === 3) {
      const history = [{ type: "message", role: "user", content: [] }];
      const payload = { message: `all up to ${name}`, replacement_history: history };
      records.push({ type: "compacted", payload }, codex.event("context_compacted"));
    }
    records.push(...codex.answer(`Did ${name}`), codex.turnEnd(name));
  }
  const name = `.codex/sessions/2026/03/01/rollout-2026-03-01T10-00-00-${id}.jsonl`;
  return { name, text: lines(codex.rollout(...records)) };
}

/** Claude Code: prompts, calls, answers, a compaction, and a sub-agent with a file of its own. */
export function liveClaudeFiles(id: string, turns: number): LiveFile[] {
  const own = { sessionId: id };
  const rows: object[] = [];
  const task = { prompt: "look around", description: "look", subagent_type: "general" };
  for (let turn = 1; turn <= turns; turn += 1) {
    const call = `${id}-c${turn}`;
    const isTask = turn === 2;
    rows.push(user(`Prompt ${turn}`, own));
    const use = isTask ? toolUse(call, "Task", task) : toolUse(call);
    rows.push(assistant(`m${turn}`, use, own));
    const structured = isTask ? { toolUseResult: { agentId: "abc1", status: "completed" } } : {};
    rows.push(result(call, `output ${turn} `.repeat(60), { ...own, ...structured }));
    if (turn % 6 === 4) {
      const metadata = { trigger: "auto", preTokens: 900, postTokens: 100, durationMs: 200 };
      rows.push(system("compact_boundary", { ...own, compactMetadata: metadata }));
      rows.push(user(`All up to ${turn}`, { ...own, isCompactSummary: true }));
    }
    rows.push(assistant(`a${turn}`, text(`Answer ${turn}, so ist es: ä😀`), own));
    rows.push(system("turn_duration", { ...own, durationMs: 1_000 }));
  }
  const side = { ...own, isSidechain: true, agentId: "abc1" };
  const subRows = [user("look around", side)];
  for (let step = 1; step <= turns; step += 1) {
    subRows.push(assistant(`s${step}`, toolUse(`${id}-s${step}`), side));
    subRows.push(result(`${id}-s${step}`, `found ${step} `.repeat(20), side));
  }
  subRows.push(assistant("s-end", text("That is all."), side));
  const folder = ".claude/projects/-home-dev-project";
  const name = `${folder}/${id}.jsonl`;
  const all = session(...rows);
  // An agent writes the call down before it starts the sub-agent.
  const isCall = (row: object) => JSON.stringify(row).includes('"Task"');
  const bytes = Buffer.byteLength(lines(all.slice(0, all.findIndex(isCall) + 1)));
  const subAgent = `${folder}/${id}/subagents/agent-abc1.jsonl`;
  return [
    { name, text: lines(all) },
    { name: subAgent, text: lines(session(...subRows)), after: { name, bytes } },
  ];
}

function lines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}
