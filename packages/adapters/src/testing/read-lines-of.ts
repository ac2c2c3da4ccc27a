/**
 * Feeds hand-written records to an adapter, as the lines of a file, and gives back its frames.
 * Every frame is checked on the way: id shapes (WIRE13), payload schema (PUB1), numbering (PUB3),
 * one run at a time.
 */
import assert from "node:assert/strict";
import { durablePayloads } from "@spool/protocol/durable-frames";
import { RunId, ThreadId } from "@spool/protocol/ids";
import { unprintable } from "@spool/protocol/json";
import { PublisherTimestamp } from "@spool/protocol/times";
import { transientPayloads } from "@spool/protocol/transient-frames";
import { validatorOf } from "@spool/protocol/validator";
import { adapterOf } from "../formats.ts";
import type {
  AdapterOptions,
  FormatId,
  Frame,
  LiveFrame,
  SessionProblem,
  SubAgentLink,
  ThreadHeader,
} from "../frame.ts";

/** What a file gave: the last header and the frames of each thread, and the problems. */
export type Result = {
  readonly headers: Record<string, ThreadHeader>;
  readonly frames: readonly Frame[];
  readonly live: readonly LiveFrame[];
  readonly links: readonly SubAgentLink[];
  readonly problems: readonly SessionProblem[];
};

const payloadChecks = Object.fromEntries(
  Object.entries(durablePayloads).map(([type, schema]) => [type, validatorOf(schema)]),
);
const liveChecks = Object.fromEntries(
  Object.entries(transientPayloads).map(([type, schema]) => [type, validatorOf(schema)]),
);
const checkThreadId = validatorOf(ThreadId);
const checkRunId = validatorOf(RunId);
const checkTime = validatorOf(PublisherTimestamp);

/** How to feed the lines. `complete` ends the file; `storedAt` sends the state through JSON there. */
export type Feeding = AdapterOptions & {
  readonly complete?: boolean;
  readonly storedAt?: readonly number[];
};

/** Records (printed as JSON) or lines as they are → frames, checked. */
export function readRecords(
  format: FormatId,
  records: readonly unknown[],
  { complete, storedAt = [], ...options }: Feeding = {},
): Result {
  const adapter = adapterOf(format);
  let state = adapter.start(options);
  const headers: Record<string, ThreadHeader> = {};
  const frames: Frame[] = [];
  const live: LiveFrame[] = [];
  const links: SubAgentLink[] = [];
  const problems: SessionProblem[] = [];
  const take = (step: ReturnType<typeof adapter.push>) => {
    for (const thread of step.threads) headers[thread.threadId] = thread;
    frames.push(...step.frames);
    for (const frame of step.live) checkLiveFrame(frame, frames);
    live.push(...step.live);
    links.push(...step.links);
    problems.push(...step.problems);
  };
  let byteOffset = 0;
  for (const [index, record] of records.entries()) {
    if (storedAt.includes(index)) state = JSON.parse(JSON.stringify(state));
    const line = typeof record === "string" ? record : JSON.stringify(record);
    take(adapter.push(state, line, { line: index + 1, byteOffset }));
    byteOffset += Buffer.byteLength(line) + 1;
  }
  if (complete === true) take(adapter.end(state));
  checkFrames(frames, headers);
  return { headers, frames, live, links, problems };
}

/** Asserts that a live frame is well formed, in its thread's open run, and about nothing finished. */
function checkLiveFrame({ threadId, runId, type, payload }: LiveFrame, before: readonly Frame[]) {
  assert.equal(liveChecks[type]?.(payload) ?? null, null, type);
  const own = before.filter((frame) => frame.threadId === threadId);
  assert.equal(own.at(-1)?.runId, runId, `${type}: its run is the newest`);
  assert.notEqual(own.at(-1)?.type, "run_completed", `${type}: its run is open`);
  const finished = own.some(({ type: durable, payload: { messageId, toolCallId } }) => {
    if (durable === "tool_result") return toolCallId === payload.toolCallId;
    return durable === "assistant_message" && messageId === payload.messageId;
  });
  assert.ok(!finished, `${type}: its id is unfinished`);
}

/** Asserts what holds of any list of frames an adapter gives. */
export function checkFrames(frames: readonly Frame[], headers: Record<string, ThreadHeader>): void {
  const open = new Map<string, { runId: string; sequence: number }>();
  const used = new Set<string>();
  for (const frame of frames) {
    const { threadId, runId, type, payload, runSequence, occurredAt } = frame;
    const where = `${threadId} ${runId} ${runSequence} ${type}`;
    assert.ok(headers[threadId], `${where}: its thread was announced`);
    assert.equal(checkThreadId(threadId), null, where);
    assert.equal(checkRunId(runId), null, where);
    assert.deepEqual(payloadChecks[type]?.(payload) ?? null, null, where);
    assert.equal(unprintable(payload), null, where);
    if (occurredAt !== undefined) assert.equal(checkTime(occurredAt), null, where);
    const run = open.get(threadId);
    if (type === "run_started") {
      assert.equal(run, undefined, `${where}: no other run is open`);
      assert.ok(!used.has(`${threadId} ${runId}`), `${where}: the run is new`);
      used.add(`${threadId} ${runId}`);
      assert.equal(runSequence, 1, where);
      open.set(threadId, { runId, sequence: 1 });
      continue;
    }
    assert.equal(run?.runId, runId, `${where}: its run is open`);
    assert.equal(runSequence, (run?.sequence ?? 0) + 1, where);
    if (type === "run_completed") open.delete(threadId);
    else open.set(threadId, { runId, sequence: runSequence });
  }
}

/** The frames' types, `custom` ones with their names. */
export function typesOf(frames: readonly Frame[]): string[] {
  return frames.map(({ type, payload }) => (type === "custom" ? `${payload.name}` : type));
}

/** The payloads of the frames of a type. */
export function payloadsOf(frames: readonly Frame[], type: Frame["type"]) {
  return frames.filter((frame) => frame.type === type).map((frame) => frame.payload);
}
