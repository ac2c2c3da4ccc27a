/**
 * The frame around a Codex rollout's messages: where turns begin and end, what they ran with and
 * used, and compactions.
 */
import { titleCharactersMax } from "@spool/protocol/limits";
import { listOf, numberOf, objectOf, present, restOf, textOf } from "../json-values.ts";
import { payloadId, runIdOf } from "../source-ids.ts";
import { shortText } from "../source-metadata.ts";
import {
  awaitTurn,
  changeHeader,
  completeCompaction,
  concludedEnding,
  ensureRun,
  keep,
  startCompaction,
} from "../thread-log.ts";
import { closeTurn } from "./close-turn.ts";
import { type CodexRecord, customName } from "./codex-record.ts";
import type { CodexReader } from "./codex-state.ts";
import { keepRecord } from "./held-records.ts";
import { readLastAnswer } from "./messages.ts";
import { replacementItem } from "./response-items.ts";
import { withoutKnownInstructions } from "./session-meta.ts";

/** A `session_meta`: kept, its base instructions only where they are not the ones kept before. */
export function readSessionMeta({ state, log }: CodexReader, record: CodexRecord): void {
  const data = withoutKnownInstructions(state, record);
  keep(log, { name: customName(record), data }, record.moment);
}

/** A turn begins. A run still open is over by that, though nothing said how it ended. */
export function readTurnStarted(reader: CodexReader, record: CodexRecord): void {
  const { log } = reader;
  const turnId = textOf(record.payload.turn_id) ?? `${record.moment.byteOffset}`;
  const { run, awaited } = log.thread;
  // A prompt written before its turn's begin has opened a run: that run is the turn.
  const adopts = run?.origin === "implicit" && !run.active;
  if (run !== null && (adopts || run.turnId === turnId)) {
    run.turnId = turnId;
    keepRecord(reader, record);
    return;
  }
  const isNamed = run?.origin === "turn";
  const concluded = concludedEnding(log, "next_turn");
  const status = isNamed ? "interrupted" : concluded.status;
  closeTurn(reader, { ...concluded, status }, record.moment);
  if (awaited !== null) {
    const data = { turn_id: awaited.turnId, ...awaited.fields };
    keep(log, { name: "codex.task_started", data }, awaited.moment);
  }
  const metadata = { turnId, ...restOf(record.payload, ["type", "turn_id"]) };
  awaitTurn(log, { turnId, fields: { metadata }, moment: record.moment });
}

/** What the turn runs with: model and settings go into its `run_started`, the record is kept. */
export function readTurnContext(reader: CodexReader, record: CodexRecord): void {
  const { payload, moment } = record;
  const model = textOf(payload.model);
  reader.state.model = model === null ? null : payloadId(model);
  keepRecord(reader, record);
  const { awaited } = reader.log.thread;
  if (awaited === null) return;
  const settings = present({
    cwd: shortText(payload.cwd),
    effort: shortText(payload.effort),
    approvalPolicy: shortText(payload.approval_policy),
    sandbox: shortText(objectOf(payload.sandbox_policy)?.type),
  });
  const metadata = { ...objectOf(awaited.fields.metadata), ...settings };
  awaited.fields = { ...awaited.fields, model: reader.state.model, metadata };
  ensureRun(reader.log, moment);
}

/** A turn is complete; with an `error` it failed. */
export function readTurnComplete(reader: CodexReader, record: CodexRecord): void {
  if (!endsOpenTurn(reader, record)) return;
  readLastAnswer(reader, record);
  const { error, duration_ms } = record.payload;
  const isFailed = error !== undefined && error !== null;
  const status = isFailed ? "failed" : "completed";
  closeTurn(reader, { status, error, durationMs: numberOf(duration_ms) }, record.moment);
}

/** A turn was stopped: the user's interruption, or another reason the record names. */
export function readTurnAborted(reader: CodexReader, record: CodexRecord): void {
  if (!endsOpenTurn(reader, record)) return;
  const reason = textOf(record.payload.reason) ?? "aborted";
  const durationMs = numberOf(record.payload.duration_ms);
  closeTurn(reader, { status: "cancelled", reason, durationMs }, record.moment);
}

/** Whether the record ends what is open; an end of another turn is kept instead. */
function endsOpenTurn(reader: CodexReader, record: CodexRecord): boolean {
  const { thread } = reader.log;
  if (thread.run === null && thread.awaited !== null) ensureRun(reader.log, record.moment);
  const turnId = textOf(record.payload.turn_id);
  const isOther =
    turnId !== null && thread.run?.turnId !== turnId && thread.usedRunIds.includes(runIdOf(turnId));
  if (thread.run !== null && !isOther) return true;
  keepRecord(reader, record);
  return false;
}

/** Notes the thread's token totals; the record is kept. */
export function readTokenCount(reader: CodexReader, record: CodexRecord): void {
  const totals = objectOf(objectOf(record.payload.info)?.total_token_usage);
  if (totals !== null) reader.state.tokens = totals;
  keepRecord(reader, record);
}

/** The thread's name becomes its title; the record is kept. */
export function readThreadName(reader: CodexReader, record: CodexRecord): void {
  const title = textOf(record.payload.thread_name)?.trim().slice(0, titleCharactersMax);
  if (title) changeHeader(reader.log, { title });
  keepRecord(reader, record);
}

/**
 * A compaction, of which the file only has the end: both frames are made from it. The new history
 * is the replacement; a summary is given only where the record has one in the clear.
 */
export function readCompacted(
  reader: CodexReader,
  record: CodexRecord,
  previousTime: string | null,
): void {
  const { payload, moment } = record;
  const begun = { ...moment, time: previousTime ?? moment.time };
  startCompaction(reader.log, { reason: "agent", synthetic: true }, begun);
  const summary = textOf(payload.message);
  const history = listOf(payload.replacement_history).map(replacementItem);
  const replacement = history.length > 0 || summary === null ? history : null;
  const native = restOf(payload, ["message", "replacement_history"]);
  completeCompaction(reader.log, { summary, replacement, native }, moment);
}
