/**
 * What `POST /v1/threads/{threadId}/compact` takes and gives (ROL12): a summary, or how to make
 * one, and how much stays word for word.
 */
import Type, { type Static } from "typebox";
import { RolloutId, ThreadId } from "./ids.ts";
import { compactInstructionsCharactersMax, keepLastMax, summaryCharactersMax } from "./limits.ts";

/** The body; nothing of it is needed. */
export const CompactThread = Type.Object(
  {
    instructions: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: compactInstructionsCharactersMax,
        description: "What the summary must keep, for whoever makes it",
      }),
    ),
    summary: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: summaryCharactersMax,
        description: "The summary itself; nobody is asked for one",
      }),
    ),
    keepLast: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: keepLastMax,
        description: "Whole turns that stay word for word behind the summary",
      }),
    ),
  },
  { additionalProperties: false },
);

/**
 * The answer. `running`: it goes on, `rolloutId` is still the old one and `previousRolloutId` null.
 * `skipped`: there was no message since the last one, and no event was made.
 */
export const CompactAnswer = Type.Object({
  threadId: ThreadId,
  rolloutId: RolloutId,
  previousRolloutId: Type.Union([RolloutId, Type.Null()]),
  status: Type.Union([Type.Literal("completed"), Type.Literal("running"), Type.Literal("skipped")]),
});

export type CompactThread = Static<typeof CompactThread>;
export type CompactAnswer = Static<typeof CompactAnswer>;
