/**
 * Live-only frames: one payload schema per transient type. They fan out to watchers, are never
 * written to the log and never move a timestamp (PUB13).
 */
import Type from "typebox";

const kept = { additionalProperties: true } as const;
const ItemId = Type.String({ minLength: 1, maxLength: 256 });
const Offset = Type.Optional(
  Type.Integer({ minimum: 0, description: "UTF-16 units of this id and kind before the delta" }),
);

const Delta = Type.Object({ messageId: ItemId, delta: Type.String(), offset: Offset }, kept);

/** Payload schema by transient type, in the order of the contract's table. */
export const transientPayloads = {
  assistant_message_delta: Delta,
  assistant_thinking_delta: Delta,
  assistant_message_source: Type.Object({ messageId: ItemId, source: Type.Unknown() }, kept),
  tool_call_started: Type.Object(
    {
      toolCallId: ItemId,
      name: Type.String({ minLength: 1, maxLength: 256 }),
      input: Type.Optional(Type.Unknown()),
    },
    kept,
  ),
  tool_output_delta: Type.Object(
    {
      toolCallId: ItemId,
      delta: Type.String(),
      offset: Offset,
      stream: Type.Optional(Type.Union([Type.Literal("stdout"), Type.Literal("stderr")])),
    },
    kept,
  ),
  tool_call_completed: Type.Object(
    { toolCallId: ItemId, status: Type.String({ minLength: 1, maxLength: 64 }) },
    kept,
  ),
} as const;

/** A type of frame that is live only. */
export type TransientType = keyof typeof transientPayloads;
