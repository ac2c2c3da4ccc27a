/**
 * What `GET …/context` answers: a thread as a model needs it to go on. The `spool` format is ours
 * and stands here as a schema; the others are those of the libraries they are named after, typed
 * in `context-formats.ts` so that `messages` can be handed to them as they are.
 */
import Type, { type Static } from "typebox";
import type { AiSdkMessage, AnthropicMessage, OpenAiMessage } from "./context-formats.ts";
import { RolloutId, ThreadId } from "./ids.ts";
import { OpenObject } from "./json.ts";

const kept = { additionalProperties: true } as const;
const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The names of the formats, the default first. */
export const contextFormats = ["spool", "openai", "anthropic", "ai-sdk"] as const;

/** What a call gave; `isError` false where the result does not say. */
export const ToolOutcome = Type.Object({ output: Type.Unknown(), isError: Type.Boolean() });

/**
 * A call with its result. `result` is null where none was recorded; `name` and `input` are null
 * where only the result is here, its call being older than the rollout.
 */
export const ToolCallPart = Type.Object({
  type: Type.Literal("tool_call"),
  toolCallId: Type.String(),
  name: nullable(Type.String()),
  input: Type.Unknown(),
  result: nullable(ToolOutcome),
});

/** A piece of text, with whatever else the publisher gave beside it. */
export const ContextText = Type.Unsafe<ContextText>(
  Type.Object({ type: Type.Literal("text"), text: Type.String() }, kept),
);
/** A thought; `signature` is there where the publisher gave it. */
export const ContextThinking = Type.Unsafe<ContextThinking>(
  Type.Object({ type: Type.Literal("thinking"), text: Type.String() }, kept),
);
/** An image or another part, as it was published. */
export const ContextOther = Type.Unsafe<ContextOther>(
  Type.Object(
    { type: Type.String({ pattern: "^(?!(text|thinking|tool_call)$)", minLength: 1 }) },
    kept,
  ),
);

/** One message. `sequence` is that of its first event, null where a compaction does not say. */
export const ContextMessage = Type.Object({
  role: Type.Union([Type.Literal("user"), Type.Literal("assistant")]),
  messageId: nullable(Type.String()),
  sequence: nullable(Type.Integer()),
  parts: Type.Array(Type.Union([ContextText, ContextThinking, ToolCallPart, ContextOther])),
});

const head = {
  threadId: ThreadId,
  rolloutId: RolloutId,
  sequence: Type.Integer({ description: "Of the last event this was made from" }),
  position: Type.String(),
  estimatedTokens: Type.Integer(),
  truncated: Type.Boolean({ description: "Whether older messages were left out" }),
};

/** The answer in our own format. */
export const SpoolContext = Type.Object({
  ...head,
  format: Type.Literal("spool"),
  summary: nullable(Type.String()),
  messages: Type.Array(ContextMessage),
});

/** The answer in a format of others; a summary is its first message. */
export const ForeignContext = Type.Object({
  ...head,
  format: Type.Union([Type.Literal("openai"), Type.Literal("anthropic"), Type.Literal("ai-sdk")]),
  messages: Type.Array(OpenObject),
});

type Kept = { readonly [field: string]: unknown };

/** A piece of text, with further fields as published. */
export type ContextText = { readonly type: "text"; readonly text: string } & Kept;
/** A thought, with further fields as published. */
export type ContextThinking = { readonly type: "thinking"; readonly text: string } & Kept;
/** A part of another type, as published. */
export type ContextOther = { readonly type: string } & Kept;
/** What a message says itself; calls are the other parts. */
export type ContentPart = ContextText | ContextThinking | ContextOther;
/** A format's name. */
export type ContextFormat = (typeof contextFormats)[number];
export type ToolCallPart = Static<typeof ToolCallPart>;
export type ToolOutcome = Static<typeof ToolOutcome>;
export type ContextMessage = Static<typeof ContextMessage>;
/** A part of a message. */
export type ContextPart = ContentPart | ToolCallPart;

/** What each format holds beside the head of the answer. */
export type ContextBodies = {
  spool: { summary: string | null; messages: ContextMessage[] };
  openai: { messages: OpenAiMessage[] };
  anthropic: { messages: AnthropicMessage[] };
  "ai-sdk": { messages: AiSdkMessage[] };
};

/** What is the same in every format. */
export type ContextHead = Pick<Static<typeof SpoolContext>, keyof typeof head>;

/** The answer in format `F`. */
export type ContextAnswer<F extends ContextFormat = ContextFormat> = {
  [Format in F]: ContextHead & { format: Format } & ContextBodies[Format];
}[F];
