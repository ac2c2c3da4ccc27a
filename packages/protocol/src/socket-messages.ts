/**
 * What a client may send over a socket: to publish, and on `/v1/live` to watch threads and its
 * thread list. One schema per message; `UpMessage` is any of them.
 */
import Type, { type Static } from "typebox";
import { RunIdOrNull } from "./durable-frames.ts";
import { RolloutId, ThreadId } from "./ids.ts";
import { batchFramesMax } from "./limits.ts";
import { BatchFrame } from "./publish.ts";

/** Chosen by the client, given back with the answer. */
const MessageId = Type.Union([
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
  Type.String({ minLength: 1, maxLength: 128 }),
]);
const closed = { additionalProperties: false } as const;

/** A batch of one thread; `threadId` may be left out on a thread's own socket. */
export const PublishMessage = Type.Object(
  {
    type: Type.Literal("publish"),
    id: Type.Optional(MessageId),
    threadId: Type.Optional(ThreadId),
    runId: Type.Optional(RunIdOrNull),
    rolloutId: Type.Optional(RolloutId),
    events: Type.Array(BatchFrame, { maxItems: batchFramesMax }),
  },
  closed,
);

/** Watch a thread; a second one for it starts over with a snapshot. */
export const SubscribeMessage = Type.Object(
  {
    type: Type.Literal("subscribe"),
    id: Type.Optional(MessageId),
    threadId: ThreadId,
    after: Type.Optional(Type.Union([Type.String(), Type.Integer({ minimum: 0 })])),
    transient: Type.Optional(Type.Boolean()),
    include: Type.Optional(Type.Literal("all_rollouts")),
  },
  closed,
);

/** Watch the caller's thread list. */
export const SubscribeListMessage = Type.Object(
  {
    type: Type.Literal("subscribe"),
    id: Type.Optional(MessageId),
    list: Type.Literal(true),
  },
  closed,
);

/** Stop watching a thread. */
export const UnsubscribeMessage = Type.Object(
  { type: Type.Literal("unsubscribe"), id: Type.Optional(MessageId), threadId: ThreadId },
  closed,
);

/** Stop watching the caller's thread list. */
export const UnsubscribeListMessage = Type.Object(
  { type: Type.Literal("unsubscribe"), id: Type.Optional(MessageId), list: Type.Literal(true) },
  closed,
);

/** Everything a client sends up a socket; also an array of at most 1,000 publish messages. */
export const UpMessage = Type.Union([
  PublishMessage,
  SubscribeMessage,
  SubscribeListMessage,
  UnsubscribeMessage,
  UnsubscribeListMessage,
]);

/** Publish messages in one array. */
export const publishMessagesMax = 1_000;

export type MessageId = Static<typeof MessageId>;
export type PublishMessage = Static<typeof PublishMessage>;
export type SubscribeMessage = Static<typeof SubscribeMessage>;
