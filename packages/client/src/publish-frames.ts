/**
 * Frames on their way out of a `Publisher`: what is kept of each until it is answered, and their
 * text on the socket. Pure; used by `publisher.ts` and `publish-queue.ts`.
 */
import type { PublishAnswer } from "@spool/protocol/publish";
import type { TransientType } from "@spool/protocol/transient-frames";
import type { SpoolError } from "./spool-error.ts";

/** A frame to publish; the publisher numbers it. `occurredAt` is RFC 3339. */
export type OutgoingFrame = {
  readonly type: string;
  readonly payload: { readonly [name: string]: unknown };
  readonly occurredAt?: string | undefined;
};

/** A durable frame that is not on stable storage yet, as far as is known. */
export type DurableEntry = {
  readonly durable: true;
  readonly type: string;
  /** As JSON, made when it was given: later changes of the object do not count. */
  readonly payloadText: string;
  readonly occurredAt: string | undefined;
  readonly bytes: number;
  /** Its successful compaction opens another rollout (ROL1). */
  readonly opensRollout: boolean;
  /** Its place in the run (PUB3); null until it is first sent. */
  number: number | null;
  readonly resolve: (answer: PublishAnswer) => void;
  readonly reject: (error: SpoolError) => void;
};

/** A transient frame; a delta grows while it waits. */
export type TransientEntry = {
  readonly durable: false;
  readonly type: string;
  readonly payload: Record<string, unknown>;
  readonly occurredAt: string | undefined;
  bytes: number;
  /** What it is about (`itemOf`). */
  readonly item: string;
  /** Its `sequenceNumber` (PUB15); null until it is first sent. */
  number: number | null;
};

/** Either. */
export type Entry = DurableEntry | TransientEntry;

const transientTypes = {
  assistant_message_delta: true,
  assistant_thinking_delta: true,
  assistant_message_source: true,
  tool_call_started: true,
  tool_output_delta: true,
  tool_call_completed: true,
} as const satisfies Record<TransientType, true>;

const encoder = new TextEncoder();
/** Bytes of a frame's text beside its payload, at most. */
const frameBytes = 160;

/** Whether frames of this type are live only. */
export function isTransient(type: string): boolean {
  return Object.hasOwn(transientTypes, type);
}

/** The message or call a frame is about, whose ids may be alike; null when it is about neither. */
export function itemOf({ type, payload }: OutgoingFrame): string | null {
  const { messageId, toolCallId } = payload;
  if (type.startsWith("assistant_")) return messageId === undefined ? null : `message ${messageId}`;
  return toolCallId === undefined ? null : `call ${toolCallId}`;
}

/** Bytes of a text as UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** What is kept of a durable frame. */
export function durableEntry(
  { type, payload, occurredAt }: OutgoingFrame,
  settle: Pick<DurableEntry, "resolve" | "reject">,
): DurableEntry {
  const payloadText = JSON.stringify(payload);
  const bytes = bytesOf(payloadText) + frameBytes;
  const opensRollout = type === "compaction_completed" && payload.status !== "failed";
  return {
    durable: true,
    type,
    payloadText,
    occurredAt,
    bytes,
    opensRollout,
    number: null,
    ...settle,
  };
}

/** What is kept of a transient frame; a delta gets its place in its text. */
export function transientEntry(
  { type, payload, occurredAt }: OutgoingFrame,
  offset: number | null,
): TransientEntry {
  const own = offset === null ? { ...payload } : { ...payload, offset };
  const bytes = bytesOf(JSON.stringify(own)) + frameBytes;
  const item = itemOf({ type, payload }) ?? "";
  return { durable: false, type, payload: own, occurredAt, bytes, item, number: null };
}

/** An entry that has its number, as a frame of a batch. */
export function frameText(entry: Entry): string {
  const { type, occurredAt, number } = entry;
  const payload = entry.durable ? entry.payloadText : JSON.stringify(entry.payload);
  const name = entry.durable ? "runSequence" : "sequenceNumber";
  const time = occurredAt === undefined ? "" : `,"occurredAt":${JSON.stringify(occurredAt)}`;
  return `{"type":${JSON.stringify(type)},"payload":${payload},"${name}":${number}${time}}`;
}

/** A publish message; transient frames need `rolloutId`, durable ones go without (RUN12). */
export function messageText(
  message: {
    readonly id: number;
    readonly threadId: string;
    readonly runId: string;
    readonly rolloutId: string | null;
  },
  entries: readonly Entry[],
): string {
  const { rolloutId, ...names } = message;
  const needsRollout = entries.some(({ durable }) => !durable);
  const head = JSON.stringify({
    type: "publish",
    ...names,
    ...(needsRollout && rolloutId !== null ? { rolloutId } : {}),
  });
  return `${head.slice(0, -1)},"events":[${entries.map(frameText).join(",")}]}`;
}
