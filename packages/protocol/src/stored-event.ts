/**
 * Checks an event that comes from another server's history, as far as it can be judged by itself:
 * fields, ids, times, type, payload. How events follow on each other is the server's part.
 */
import Type from "typebox";
import { durablePayloads, runlessTypes } from "./durable-frames.ts";
import { RolloutId, RunId, ThreadId } from "./ids.ts";
import { type JsonObject, OpenObject, unprintable } from "./json.ts";
import type { Event } from "./resources.ts";
import { PublisherTimestamp, timestampOf } from "./times.ts";
import { type Problem, type Validator, validatorOf } from "./validator.ts";

/** An event with nothing beside its fields. */
export const StoredEvent = Type.Object(
  {
    sequence: Type.Integer({ minimum: 1 }),
    type: Type.String(),
    threadId: ThreadId,
    rolloutId: RolloutId,
    runId: Type.Union([RunId, Type.Null()]),
    runSequence: Type.Optional(Type.Integer({ minimum: 1 })),
    createdAt: Type.String(),
    occurredAt: Type.Optional(PublisherTimestamp),
    payload: OpenObject,
  },
  { additionalProperties: false },
);

const checkEvent = validatorOf(StoredEvent);
const checkPayload = new Map<string, Validator<unknown>>(
  Object.entries(durablePayloads).map(([type, schema]) => [type, validatorOf(schema)]),
);

/** What is wrong with a parsed line as an event, or null when it is one. */
export function storedEventProblem(value: unknown): Problem | null {
  const problem = checkEvent(value);
  if (problem !== null) return problem;
  const event = value as Event;
  const check = checkPayload.get(event.type);
  if (check === undefined) {
    const shown = JSON.stringify(event.type.slice(0, 64));
    return { path: "/type", problem: `${shown} is not a type of event` };
  }
  const inPayload = check(event.payload);
  if (inPayload !== null) return { ...inPayload, path: `/payload${inPayload.path}` };
  const lost = unprintable(event.payload);
  if (lost !== null) return { path: "/payload", problem: lost };
  return timeProblem("/createdAt", event.createdAt) ?? runProblem(event) ?? endProblem(event);
}

/** What is wrong with a time a server wrote (WIRE12), or null. */
export function timeProblem(path: string, text: string): Problem | null {
  const at = Date.parse(text);
  const isPrinted = Number.isFinite(at) && timestampOf(at) === text;
  return isPrinted ? null : { path, problem: "must be RFC 3339 in UTC with milliseconds" };
}

function runProblem({ type, runId, runSequence }: Event): Problem | null {
  const isCompaction = type === "compaction_started" || type === "compaction_completed";
  if (runId === null && !runlessTypes.has(type) && !isCompaction) {
    return { path: "/runId", problem: `is needed for ${type}` };
  }
  if (runId === null && runSequence !== undefined) {
    return { path: "/runSequence", problem: "belongs to a run" };
  }
  return null;
}

/** ROL6, ROL9: what a compaction's two events hold. */
function endProblem({ type, payload }: Event): Problem | null {
  const { compactionId, status, summary, replacement, error } = payload as JsonObject;
  if (type !== "compaction_started" && type !== "compaction_completed") return null;
  if (compactionId === undefined) {
    return { path: "/payload", problem: 'lacks the field "compactionId"' };
  }
  if (type === "compaction_started") return null;
  if (status === "failed" && error === undefined) {
    return { path: "/payload", problem: 'lacks the field "error"' };
  }
  if (status !== "failed" && summary === undefined && replacement === undefined) {
    return { path: "/payload", problem: "needs a summary or a replacement" };
  }
  return null;
}
