/**
 * The bodies of REST requests, checked at the edge before anything else looks at them. Unknown
 * fields at their top level are refused (WIRE5), those inside `metadata` are kept (WIRE7).
 */
import Type, { type Static } from "typebox";
import { UserContent } from "./durable-frames.ts";
import { RolloutId, RunId, ThreadId } from "./ids.ts";
import { OpenObject } from "./json.ts";
import { leaseSeconds, sessionTokenSeconds, titleCharactersMax } from "./limits.ts";
import { ExecutionMode, KeyLabel, Role, Scope } from "./resources.ts";
import { PublisherTimestamp } from "./times.ts";

const closed = { additionalProperties: false } as const;
const Title = Type.Union([
  Type.String({ minLength: 1, maxLength: titleCharactersMax }),
  Type.Null(),
]);

/** `POST /v1/threads` */
export const CreateThread = Type.Object(
  {
    id: Type.Optional(ThreadId),
    title: Type.Optional(Title),
    agentId: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Null()])),
    executionMode: Type.Optional(ExecutionMode),
    metadata: Type.Optional(OpenObject),
    parentThreadId: Type.Optional(ThreadId),
    parentToolCallId: Type.Optional(Type.String({ maxLength: 256 })),
  },
  closed,
);

/** `PATCH /v1/threads/{threadId}`: at least one field. */
export const UpdateThread = Type.Object(
  {
    title: Type.Optional(Title),
    archived: Type.Optional(Type.Boolean()),
    metadata: Type.Optional(OpenObject),
  },
  { additionalProperties: false, minProperties: 1 },
);

/** `POST /v1/run` (RUN17): `agent` is another name of `agentId`. */
export const RegisterRun = Type.Object(
  {
    threadId: Type.Optional(ThreadId),
    runId: Type.Optional(RunId),
    agentId: Type.Optional(Type.String({ maxLength: 256 })),
    agent: Type.Optional(Type.String({ maxLength: 256 })),
    title: Type.Optional(Title),
    executionMode: Type.Optional(ExecutionMode),
    prompt: Type.Optional(UserContent),
    metadata: Type.Optional(OpenObject),
    leaseSeconds: Type.Optional(
      Type.Integer({ minimum: leaseSeconds.min, maximum: leaseSeconds.max }),
    ),
  },
  closed,
);

/** Its answer; `runSequence` is the last number the run holds. */
export const RegisteredRun = Type.Object({
  threadId: ThreadId,
  runId: RunId,
  rolloutId: RolloutId,
  runSequence: Type.Integer(),
  status: Type.Literal("registered"),
});

/** `POST /v1/api-keys`: what is missing is the maker's. */
export const CreateApiKey = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    scopes: Type.Optional(Type.Array(Scope, { minItems: 1, maxItems: 4 })),
    role: Type.Optional(Role),
    label: Type.Optional(KeyLabel),
    expiresAt: Type.Optional(Type.Union([PublisherTimestamp, Type.Null()])),
  },
  closed,
);

/** `POST /v1/session-tokens` */
export const CreateSessionToken = Type.Object(
  {
    scopes: Type.Optional(Type.Array(Scope, { minItems: 1, maxItems: 4 })),
    ttlSeconds: Type.Optional(
      Type.Integer({ minimum: sessionTokenSeconds.min, maximum: sessionTokenSeconds.max }),
    ),
  },
  closed,
);

/** `POST /v1/sign-in`: an API key, or a one-time code. */
export const CreateSignIn = Type.Object(
  {
    key: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    code: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
  },
  { additionalProperties: false, minProperties: 1, maxProperties: 1 },
);

/** `POST /v1/threads/{threadId}/cancel`: no field. */
export const CancelRun = Type.Object({}, closed);

export type CreateThread = Static<typeof CreateThread>;
export type RegisterRun = Static<typeof RegisterRun>;
export type RegisteredRun = Static<typeof RegisteredRun>;
export type UpdateThread = Static<typeof UpdateThread>;
export type CreateApiKey = Static<typeof CreateApiKey>;
export type CreateSignIn = Static<typeof CreateSignIn>;
export type CreateSessionToken = Static<typeof CreateSessionToken>;
