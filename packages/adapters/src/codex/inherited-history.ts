/**
 * History that a forked or spawned thread's file repeats from its parent. Those records are kept, in
 * a run of their own, and no message is made of them: they are the parent's, whose own file has
 * them. Only what the source marks or proves counts as inherited; anything else is the thread's own.
 *
 *   legacy:     own session_meta, parent's session_meta, …parent's turns…, own turn begins
 *   paginated:  own session_meta with subagent_history_start_ordinal: n, …ordinals below n…, n, …
 */
import { numberOf, objectOf, textOf } from "../json-values.ts";
import { payloadId, threadIdOf } from "../source-ids.ts";
import { awaitTurn, completeRun, ensureRun, keep } from "../thread-log.ts";
import type { Moment } from "../thread-state.ts";
import type { CodexRecord } from "./codex-record.ts";
import type { CodexReader } from "./codex-state.ts";
import { withoutKnownInstructions } from "./session-meta.ts";

/** What is known of the inherited part while it is read. */
export type InheritedHistory = {
  /** In a paginated file, the ordinal of the thread's own first record. */
  readonly startOrdinal: number | null;
  /** Whether a turn older than the thread itself has begun: what follows is that turn's. */
  inOlderTurn: boolean;
  records: number;
};

/** Whether the record is inherited; it is then kept, and nothing else is to be made of it. */
export function readInherited(reader: CodexReader, record: CodexRecord): boolean {
  const { state } = reader;
  if (state.inherited === null) {
    if (!begins(reader, record)) return false;
    state.inherited = { startOrdinal: startOrdinalOf(record), inOlderTurn: false, records: 0 };
    // The thread's own first record, which says that others follow.
    if (state.inherited.startOrdinal !== null) return false;
    beginRun(reader, record);
  } else if (isOwn(reader, state.inherited, record)) {
    endInherited(reader, record.moment);
    return false;
  } else if (state.inherited.records === 0) {
    beginRun(reader, record);
  }
  state.inherited.records += 1;
  const totals = objectOf(objectOf(record.payload.info)?.total_token_usage);
  if (totals !== null) Object.assign(state, { tokens: totals, tokensBefore: totals });
  const name = `codex.inherited.${record.kind || record.type || "unknown"}`;
  const isMeta = record.type === "session_meta";
  const data = isMeta ? withoutKnownInstructions(state, record) : record.raw;
  keep(reader.log, { name, data }, record.moment);
  return true;
}

/** The inherited part is over: its run is closed. */
export function endInherited({ state, log }: CodexReader, moment: Moment): void {
  const { inherited } = state;
  state.inherited = null;
  const reason = "inherited_history";
  if (inherited === null || log.messagesOnly) return;
  completeRun(
    log,
    { status: "completed", reason, records: inherited.records, synthetic: true },
    moment,
  );
}

function beginRun({ log }: CodexReader, { payload, moment, type }: CodexRecord): void {
  if (log.messagesOnly) return;
  const own = ownId(log.thread.header.metadata) ?? log.thread.header.threadId;
  const from = type === "session_meta" ? textOf(payload.id) : null;
  const inheritedFrom = from === null ? log.thread.header.parentThreadId : threadIdOf(from);
  const metadata = inheritedFrom === undefined ? {} : { inheritedFrom };
  const fields = { synthetic: true, reason: "inherited_history", metadata };
  awaitTurn(log, { turnId: payloadId(`${own}-inherited`), fields, moment });
  ensureRun(log, moment);
}

/** Only right behind the thread's own first record, before anything of its own. */
function begins({ log: { thread } }: CodexReader, record: CodexRecord): boolean {
  if (record.type !== "session_meta" || thread.usedRunIds.length > 0) return false;
  if (thread.awaited !== null) return false;
  const id = textOf(record.payload.id);
  const own = ownId(thread.header.metadata);
  return startOrdinalOf(record) !== null || (id !== null && own !== null && id !== own);
}

function startOrdinalOf({ payload }: CodexRecord): number | null {
  const start = numberOf(payload.subagent_history_start_ordinal) ?? 0;
  return payload.history_mode === "paginated" && start > 1 ? start : null;
}

function isOwn(reader: CodexReader, inherited: InheritedHistory, record: CodexRecord): boolean {
  if (inherited.startOrdinal !== null) {
    const ordinal = numberOf(record.raw.ordinal);
    return ordinal === undefined || ordinal >= inherited.startOrdinal;
  }
  const { type, kind, payload } = record;
  if (type === "session_meta") return textOf(payload.id) === ownId(metadataOf(reader));
  if (type === "turn_context" || kind === "task_started" || kind === "turn_started") {
    const isOlder = isOlderTurn(reader, record);
    if (isOlder) inherited.inOlderTurn = true;
    // Without an id or a time it proves nothing, and belongs to the turn around it.
    return !isOlder && (!inherited.inOlderTurn || textOf(payload.turn_id) !== null);
  }
  return !inherited.inOlderTurn && (type === "response_item" || type === "event_msg");
}

/** Whether a turn began before the thread was made, by the times in their ids or records. */
function isOlderTurn(reader: CodexReader, { payload }: CodexRecord): boolean {
  const metadata = metadataOf(reader);
  const made = timeInId(ownId(metadata)) ?? Date.parse(textOf(metadata.startedAt) ?? "");
  const startedAt = numberOf(payload.started_at);
  const whole = startedAt === undefined ? undefined : startedAt * 1000 + 999;
  return (timeInId(textOf(payload.turn_id)) ?? whole ?? Number.NaN) < made;
}

/** Milliseconds in a UUID of version 7; null for any other id. */
function timeInId(id: string | null): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/i.exec(id ?? "");
  return match === null ? null : Number.parseInt(`${match[1]}${match[2]}`, 16);
}

function metadataOf({ log }: CodexReader) {
  return log.thread.header.metadata;
}

function ownId(metadata: { readonly [name: string]: unknown }): string | null {
  return textOf(objectOf(metadata.source)?.sessionId);
}
