/**
 * The form in which a thread moves from one server to another: lines of JSON, the first of which
 * says what is moved, the others being the thread's events in order, byte for byte as they are
 * stored. `spool export` and the client write it, `POST /v1/threads/import` reads it.
 */
import Type, { type Static } from "typebox";
import { Rollout, Thread } from "./resources.ts";

/** Media type of an export and of a rollout's lines. */
export const exportType = "application/x-ndjson";

/** Line 1: the thread as it stood, and all its rollouts up to then, by index. */
export const ExportHeader = Type.Object(
  {
    spool: Type.Literal(1),
    thread: Thread,
    rollouts: Type.Array(Rollout, { minItems: 1 }),
  },
  { additionalProperties: false },
);

/** What an import came to: the thread, and how many events of the file it did not have before. */
export const ImportAnswer = Type.Object({ thread: Thread, appended: Type.Integer() });

export type ExportHeader = Static<typeof ExportHeader>;
export type ImportAnswer = Static<typeof ImportAnswer>;
