/** Sessions of any length in the shapes of real ones, as lines. For tests only. */
import {
  assistant,
  result,
  session,
  text,
  toolUse,
  user,
} from "@spool/adapters/testing/claude-rows";
import * as codex from "@spool/adapters/testing/codex-records";

/** A Codex rollout of `turns` turns; its thread is `thr_<id>`. */
export function codexLines(id: string, turns: number): string {
  const records = [codex.sessionMeta({ id })];
  for (let turn = 1; turn <= turns; turn += 1) records.push(...codexTurn(`${id}-t${turn}`));
  return lines(codex.rollout(...records));
}

/** Turns behind those of `codexLines`. */
export function codexTurns(...names: readonly string[]): string {
  return lines(codex.rollout(...names.flatMap(codexTurn)));
}

/** A Claude Code session of `turns` turns; its thread is `thr_<id>`. */
export function claudeLines(id: string, turns: number): string {
  const rows: object[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    rows.push(
      user(`Prompt ${turn}`, { sessionId: id }),
      assistant(`m${turn}`, toolUse(`c${turn}`), { sessionId: id }),
      result(`c${turn}`, `output ${turn} `.repeat(40), { sessionId: id }),
      assistant(`a${turn}`, text(`Answer ${turn}, so ist es: ä😀`), { sessionId: id }),
    );
  }
  return lines(session(...rows));
}

function codexTurn(turn: string): object[] {
  return [
    ...codex.turnStart(turn),
    ...codex.prompt(`Please do ${turn}`),
    codex.call(`${turn}-call`),
    codex.output(`${turn}-call`, `${turn} gives ä😀 `.repeat(30)),
    ...codex.answer(`Did ${turn}`),
    codex.turnEnd(turn),
  ];
}

function lines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join("");
}
