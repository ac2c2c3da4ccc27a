/**
 * What the answers hold: threads, rollouts, runs, events (THR1), keys, the caller. The server
 * prints exactly these fields, and the OpenAPI document is made from the same schemas.
 */
import Type, { type Static } from "typebox";
import { OrgId, RolloutId, RunId, ThreadId, UserId } from "./ids.ts";
import { OpenObject } from "./json.ts";
import { PublisherTimestamp, Timestamp } from "./times.ts";

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const ExecutionMode = Type.Union([
  Type.Literal("in_sandbox"),
  Type.Literal("managed"),
  Type.Literal("local-mac"),
  Type.Literal("local"),
]);
export const ThreadStatus = Type.Union([
  Type.Literal("idle"),
  Type.Literal("running"),
  Type.Literal("compacting"),
]);

export const Thread = Type.Object({
  id: ThreadId,
  orgId: OrgId,
  ownerUserId: UserId,
  agentId: nullable(Type.String()),
  title: nullable(Type.String()),
  titleSource: nullable(Type.Union([Type.Literal("user"), Type.Literal("message")])),
  executionMode: nullable(ExecutionMode),
  metadata: OpenObject,
  archived: Type.Boolean(),
  archivedAt: nullable(Timestamp),
  status: ThreadStatus,
  activeRolloutId: RolloutId,
  activeRunId: nullable(RunId),
  parentThreadId: nullable(ThreadId),
  parentToolCallId: nullable(Type.String()),
  sequence: Type.Integer({ description: "Of the last event; 0 when none" }),
  eventCount: Type.Integer(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});

/**
 * Why a search found a thread (FIND5): a piece of one text as it stands, with what was asked for at
 * `ranges`, [start, end) in UTF-16 units. `sequence` is the event's; null: it is the title.
 */
export const ThreadSnippet = Type.Object({
  sequence: nullable(Type.Integer({ minimum: 1 })),
  type: Type.Union([
    Type.Literal("title"),
    Type.Literal("user_message"),
    Type.Literal("assistant_message"),
    Type.Literal("compaction_completed"),
  ]),
  text: Type.String({ description: "Plain text, not markup" }),
  ranges: Type.Array(Type.Tuple([Type.Integer(), Type.Integer()])),
});

/** A thread of a list; `snippet` only where words were asked for. */
export const ListedThread = Type.Object({
  ...Thread.properties,
  snippet: Type.Optional(nullable(ThreadSnippet)),
});

export const Rollout = Type.Object({
  rolloutId: RolloutId,
  threadId: ThreadId,
  index: Type.Integer(),
  active: Type.Boolean(),
  startedAt: Timestamp,
  completedAt: nullable(Timestamp),
  eventCount: Type.Integer(),
  firstSequence: nullable(Type.Integer()),
  lastSequence: nullable(Type.Integer()),
  bytes: Type.Integer(),
});

export const RunStatus = Type.Union([
  Type.Literal("running"),
  Type.Literal("completed"),
  Type.Literal("failed"),
  Type.Literal("cancelled"),
  Type.Literal("interrupted"),
]);

export const Run = Type.Object({
  runId: RunId,
  status: RunStatus,
  reason: nullable(Type.String()),
  startedAt: Timestamp,
  completedAt: nullable(Timestamp),
  runSequence: Type.Integer(),
  firstSequence: Type.Integer(),
  lastSequence: Type.Integer(),
  leaseExpiresAt: nullable(Timestamp),
  metadata: OpenObject,
});

/** A durable record as it stands in the history, on a socket and in a rollout file. */
export const Event = Type.Object({
  sequence: Type.Integer({ minimum: 1 }),
  type: Type.String(),
  threadId: ThreadId,
  rolloutId: RolloutId,
  runId: nullable(RunId),
  runSequence: Type.Optional(Type.Integer({ minimum: 1 })),
  createdAt: Timestamp,
  occurredAt: Type.Optional(PublisherTimestamp),
  payload: OpenObject,
});

export const Role = Type.Union([Type.Literal("member"), Type.Literal("admin")]);
export const Scope = Type.Union([
  Type.Literal("agent:read"),
  Type.Literal("agent:run"),
  Type.Literal("agent:*"),
  Type.Literal("*"),
]);
export const KeyLabel = Type.Union([Type.Literal("live"), Type.Literal("test")]);

export const ApiKey = Type.Object({
  id: Type.String(),
  name: nullable(Type.String()),
  orgId: OrgId,
  userId: UserId,
  role: Role,
  scopes: Type.Array(Scope),
  label: KeyLabel,
  createdAt: Timestamp,
  expiresAt: nullable(Timestamp),
  lastUsedAt: nullable(Timestamp),
  revokedAt: nullable(Timestamp),
});

/** A browser that is signed in (AUTH25). */
export const SignIn = Type.Object({
  id: Type.String(),
  createdAt: Timestamp,
  lastUsedAt: nullable(Timestamp),
  expiresAt: Timestamp,
  userAgent: nullable(Type.String()),
  current: Type.Boolean({ description: "Whether the request came with it" }),
});

export const Me = Type.Object({
  orgId: OrgId,
  userId: UserId,
  role: Role,
  scopes: Type.Array(Scope),
  credential: Type.Object({
    type: Type.Union([
      Type.Literal("api_key"),
      Type.Literal("session_token"),
      Type.Literal("sign_in"),
    ]),
    id: nullable(Type.String()),
    expiresAt: nullable(Timestamp),
  }),
  signIns: Type.Optional(Type.Array(SignIn)),
});

export type Thread = Static<typeof Thread>;
export type ThreadSnippet = Static<typeof ThreadSnippet>;
export type ListedThread = Static<typeof ListedThread>;
export type ThreadStatus = Static<typeof ThreadStatus>;
export type ExecutionMode = Static<typeof ExecutionMode>;
export type Rollout = Static<typeof Rollout>;
export type Run = Static<typeof Run>;
export type RunStatus = Static<typeof RunStatus>;
export type Event = Static<typeof Event>;
export type Role = Static<typeof Role>;
export type Scope = Static<typeof Scope>;
export type KeyLabel = Static<typeof KeyLabel>;
export type ApiKey = Static<typeof ApiKey>;
export type SignIn = Static<typeof SignIn>;
export type Me = Static<typeof Me>;
