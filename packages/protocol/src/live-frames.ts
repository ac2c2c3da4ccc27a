/**
 * What a watcher receives besides durable events (`Event`): the snapshot, transient frames and
 * the server's own notices. Every frame carries `threadId`.
 */
import Type, { type Static } from "typebox";
import { RolloutId, RunId, ThreadId } from "./ids.ts";
import { OpenObject } from "./json.ts";
import { Event, Thread } from "./resources.ts";
import { PROTOCOL_VERSION } from "./version.ts";

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Position = Type.String({
  pattern: "^(0|[1-9][0-9]{0,15})\\.[0-9a-f]{8}$",
  description: "<sequence>.<CRC-32 of that event's line>; 0.00000000 before the first event",
});

export const Access = Type.Union([Type.Literal("owner"), Type.Literal("metadata")]);

/** What a late joiner missed of the running turn; null when nothing is in flight. */
export const InFlight = Type.Object({
  runId: RunId,
  sequenceNumber: Type.Integer(),
  messages: Type.Array(
    Type.Object({
      messageId: Type.String(),
      text: Type.String(),
      textOffset: Type.Integer(),
      thinking: Type.String(),
      thinkingOffset: Type.Integer(),
      sources: Type.Array(Type.Unknown()),
    }),
  ),
  toolCalls: Type.Array(
    Type.Object({
      toolCallId: Type.String(),
      name: nullable(Type.String()),
      input: Type.Unknown(),
      output: Type.String(),
      outputOffset: Type.Integer(),
      status: nullable(Type.String()),
    }),
  ),
});

export const Snapshot = Type.Object({
  type: Type.Literal("snapshot"),
  protocol_version: Type.Literal(PROTOCOL_VERSION),
  threadId: ThreadId,
  access: Access,
  resumed: Type.Boolean(),
  reason: Type.Optional(Type.String({ description: "Why the history could not be resumed" })),
  thread: Thread,
  events: Type.Array(Event),
  sequence: Type.Integer(),
  position: Position,
  inFlight: nullable(InFlight),
  hasMore: Type.Boolean(),
  nextCursor: nullable(Type.String()),
});

export const TransientFrame = Type.Object({
  type: Type.String(),
  threadId: ThreadId,
  runId: RunId,
  rolloutId: RolloutId,
  sequenceNumber: Type.Integer({ minimum: 1 }),
  occurredAt: Type.Optional(Type.String()),
  payload: OpenObject,
});

export const ThreadRenamed = Type.Object({
  type: Type.Literal("thread_renamed"),
  threadId: ThreadId,
  title: nullable(Type.String()),
});
export const ThreadArchived = Type.Object({
  type: Type.Literal("thread_archived"),
  threadId: ThreadId,
  archived: Type.Boolean(),
});
export const ThreadDeleted = Type.Object({
  type: Type.Literal("thread_deleted"),
  threadId: ThreadId,
});
export const ResyncRequired = Type.Object({
  type: Type.Literal("resync_required"),
  threadId: ThreadId,
  reason: Type.String(),
});

/** Everything the server sends down a thread's live stream. */
export const DownFrame = Type.Union([
  Snapshot,
  Event,
  TransientFrame,
  ThreadRenamed,
  ThreadArchived,
  ThreadDeleted,
  ResyncRequired,
]);

export type Access = Static<typeof Access>;
export type InFlight = Static<typeof InFlight>;
export type Snapshot = Static<typeof Snapshot>;
export type TransientFrame = Static<typeof TransientFrame>;
export type DownFrame = Static<typeof DownFrame>;
