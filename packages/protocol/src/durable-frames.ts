/**
 * What a publisher may add to a thread's history: one payload schema per durable frame type.
 * Required fields are named; fields beyond them are kept as they came (PUB1).
 */
import Type, { type Static } from "typebox";
import { RunId, ThreadId } from "./ids.ts";
import { OpenObject } from "./json.ts";
import { leaseSeconds } from "./limits.ts";

const kept = { additionalProperties: true } as const;
const Anything = Type.Unknown();

const TextPart = Type.Object({ type: Type.Literal("text"), text: Type.String() }, kept);
const ThinkingPart = Type.Object({ type: Type.Literal("thinking"), text: Type.String() }, kept);
const OtherPart = Type.Object(
  { type: Type.String({ pattern: "^(?!(text|thinking)$)", minLength: 1 }) },
  kept,
);

/** A message's content: text, or parts in order. */
export const UserContent = Type.Union([
  Type.String(),
  Type.Array(Type.Union([TextPart, OtherPart])),
]);
export const AssistantContent = Type.Union([
  Type.String(),
  Type.Array(Type.Union([TextPart, ThinkingPart, OtherPart])),
]);

export const RunStartedPayload = Type.Object(
  {
    agentId: Type.Optional(Type.String({ maxLength: 256 })),
    model: Type.Optional(Type.String({ maxLength: 256 })),
    executionMode: Type.Optional(
      Type.Union([
        Type.Literal("in_sandbox"),
        Type.Literal("managed"),
        Type.Literal("local-mac"),
        Type.Literal("local"),
      ]),
    ),
    leaseSeconds: Type.Optional(
      Type.Integer({ minimum: leaseSeconds.min, maximum: leaseSeconds.max }),
    ),
    parentThreadId: Type.Optional(ThreadId),
    parentToolCallId: Type.Optional(Type.String({ maxLength: 256 })),
    metadata: Type.Optional(OpenObject),
  },
  kept,
);

export const RunCompletedStatus = Type.Union([
  Type.Literal("completed"),
  Type.Literal("failed"),
  Type.Literal("cancelled"),
  Type.Literal("interrupted"),
]);

export const RunCompletedPayload = Type.Object(
  {
    status: RunCompletedStatus,
    error: Type.Optional(Anything),
    usage: Type.Optional(Anything),
    reason: Type.Optional(Type.String()),
  },
  kept,
);

export const UserMessagePayload = Type.Object(
  { content: UserContent, messageId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })) },
  kept,
);

export const AssistantMessagePayload = Type.Object(
  {
    content: AssistantContent,
    messageId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    groupId: Type.Optional(Type.String({ maxLength: 256 })),
    model: Type.Optional(Type.String({ maxLength: 256 })),
    usage: Type.Optional(Anything),
    stopReason: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    sources: Type.Optional(Type.Array(Anything)),
  },
  kept,
);

export const ToolCallPayload = Type.Object(
  {
    toolCallId: Type.String({ minLength: 1, maxLength: 256 }),
    name: Type.String({ minLength: 1, maxLength: 256 }),
    input: Anything,
  },
  kept,
);

export const ToolResultPayload = Type.Object(
  {
    toolCallId: Type.String({ minLength: 1, maxLength: 256 }),
    output: Anything,
    isError: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  },
  kept,
);

export const CustomPayload = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 256 }), data: Anything },
  kept,
);

export const CompactionStartedPayload = Type.Object(
  {
    compactionId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    reason: Type.Optional(Type.String()),
  },
  kept,
);

const Replacement = Type.Array(
  Type.Object(
    {
      type: Type.String({ minLength: 1 }),
      payload: OpenObject,
      fromSequence: Type.Optional(Type.Integer({ minimum: 1 })),
    },
    kept,
  ),
);

export const CompactionCompletedPayload = Type.Object(
  {
    compactionId: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    status: Type.Optional(Type.Union([Type.Literal("completed"), Type.Literal("failed")])),
    summary: Type.Optional(Type.String()),
    replacement: Type.Optional(Replacement),
    error: Type.Optional(Anything),
    tokensBefore: Type.Optional(Type.Number()),
    tokensAfter: Type.Optional(Type.Number()),
  },
  kept,
);

/** Payload schema by durable type, in the order of the contract's table. */
export const durablePayloads = {
  run_started: RunStartedPayload,
  run_completed: RunCompletedPayload,
  user_message: UserMessagePayload,
  assistant_message: AssistantMessagePayload,
  tool_call: ToolCallPayload,
  tool_result: ToolResultPayload,
  custom: CustomPayload,
  compaction_started: CompactionStartedPayload,
  compaction_completed: CompactionCompletedPayload,
} as const;

/** A type of frame that is stored in the history. */
export type DurableType = keyof typeof durablePayloads;
export type RunCompletedStatus = Static<typeof RunCompletedStatus>;
export type RunStartedPayload = Static<typeof RunStartedPayload>;
export type RunCompletedPayload = Static<typeof RunCompletedPayload>;
export type UserMessagePayload = Static<typeof UserMessagePayload>;
export type CompactionCompletedPayload = Static<typeof CompactionCompletedPayload>;

/** Types that may come without a run (PUB10). */
export const runlessTypes: ReadonlySet<string> = new Set(["user_message", "custom"]);

/** The run a request's frames belong to; null for frames between runs (PUB10). */
export const RunIdOrNull = Type.Union([RunId, Type.Null()]);
