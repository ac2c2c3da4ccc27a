/**
 * What a publisher sends: one frame or a batch of one thread, and what it gets back.
 * The payloads are checked against `durable-frames.ts` and `transient-frames.ts` by type.
 */
import Type, { type Static } from "typebox";
import { RunIdOrNull } from "./durable-frames.ts";
import { OrgId, RolloutId, RunId, ThreadId, UserId } from "./ids.ts";
import { OpenObject } from "./json.ts";
import { batchFramesMax } from "./limits.ts";
import { PublisherTimestamp } from "./times.ts";

const frameFields = {
  type: Type.String({ minLength: 1, maxLength: 64 }),
  payload: OpenObject,
  runSequence: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  sequenceNumber: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  occurredAt: Type.Optional(PublisherTimestamp),
};

/** One frame inside a batch. */
export const BatchFrame = Type.Object(frameFields, { additionalProperties: false });

/** One frame as a body of its own. */
export const SingleFrame = Type.Object(
  {
    threadId: Type.Optional(ThreadId),
    runId: Type.Optional(RunIdOrNull),
    rolloutId: Type.Optional(RolloutId),
    ...frameFields,
  },
  { additionalProperties: false },
);

/** A batch: frames of one thread and run, all or nothing. An empty one is a heartbeat. */
export const Batch = Type.Object(
  {
    threadId: Type.Optional(ThreadId),
    runId: Type.Optional(RunIdOrNull),
    rolloutId: Type.Optional(RolloutId),
    events: Type.Array(BatchFrame, { maxItems: batchFramesMax }),
  },
  { additionalProperties: false },
);

/** Whom an internal service publishes for; stands beside the fields of a frame or batch. */
export const OnBehalf = Type.Object({ orgId: OrgId, userId: UserId });

export const PublishAnswer = Type.Object({
  threadId: ThreadId,
  runId: Type.Union([RunId, Type.Null()]),
  rolloutId: RolloutId,
  sequence: Type.Integer({ description: "The thread's last sequence" }),
  runSequence: Type.Union([Type.Integer(), Type.Null()], {
    description: "The run's last runSequence; null without a run",
  }),
  appended: Type.Integer({ description: "The request's own durable frames that were added" }),
  duplicates: Type.Integer(),
  delivered: Type.Integer({ description: "Transient frames accepted for fan-out" }),
});

export type OnBehalf = Static<typeof OnBehalf>;
export type BatchFrame = Static<typeof BatchFrame>;
export type Batch = Static<typeof Batch>;
export type PublishAnswer = Static<typeof PublishAnswer>;
