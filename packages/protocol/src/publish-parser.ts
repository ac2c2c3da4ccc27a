/**
 * Checks what a publisher sent, once, at the edge (HTTP, socket): one frame or a batch, and every
 * payload by its type. What leaves here is trusted by everything behind it.
 */
import { type DurableType, durablePayloads, runlessTypes } from "./durable-frames.ts";
import { DomainError } from "./errors.ts";
import { type JsonObject, unprintable } from "./json.ts";
import { Batch, type BatchFrame, SingleFrame } from "./publish.ts";
import { PublishMessage } from "./socket-messages.ts";
import { type TransientType, transientPayloads } from "./transient-frames.ts";
import { type Problem, type Validator, validatorOf } from "./validator.ts";

/** A checked durable frame; `runSequence` null where the publisher gave none. */
export type DurableFrame = {
  readonly durable: true;
  readonly type: DurableType;
  readonly payload: JsonObject;
  readonly runSequence: number | null;
  readonly occurredAt: string | null;
};

/** A checked transient frame. */
export type TransientPublish = {
  readonly durable: false;
  readonly type: TransientType;
  readonly payload: JsonObject;
  readonly sequenceNumber: number;
  readonly occurredAt: string | null;
};

/** A checked frame of either kind. */
export type PublishedFrame = DurableFrame | TransientPublish;

/** A checked request: frames of one thread and at most one run, in order. */
export type PublishRequest = {
  readonly threadId: string;
  readonly runId: string | null;
  readonly rolloutId: string | null;
  readonly frames: readonly PublishedFrame[];
};

const checkBatch = validatorOf(Batch);
const checkMessage = validatorOf(PublishMessage);
const checkSingle = validatorOf(SingleFrame);
const checkDurable = validatorsOf(durablePayloads);
const checkTransient = validatorsOf(transientPayloads);

/**
 * Parses the body of a publish. `pathThreadId` is the thread of the route, null where the body
 * names it. Throws DomainError INVALID_FRAME with `details: {index, path, problem}` (PUB19).
 */
export function parsePublish(body: unknown, pathThreadId: string | null): PublishRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalidFrame(0, { path: "", problem: "must be a JSON object" });
  }
  const isBatch = Object.hasOwn(body, "events");
  const problem = isBatch ? checkBatch(body) : checkSingle(body);
  if (problem !== null) throw invalidFrame(...placed(problem));
  const header = body as Batch & BatchFrame;
  return requestOf(header, isBatch ? header.events : [header as BatchFrame], pathThreadId);
}

/** The same for a message of type `publish` on a socket, `ownThreadId` being the socket's thread. */
export function parsePublishMessage(
  message: Record<string, unknown>,
  ownThreadId: string | null,
): PublishRequest {
  const problem = checkMessage(message);
  if (problem !== null) throw invalidFrame(...placed(problem));
  const batch = message as PublishMessage;
  return requestOf(batch, batch.events, ownThreadId);
}

function requestOf(
  header: Omit<Batch, "events">,
  frames: readonly BatchFrame[],
  pathThreadId: string | null,
): PublishRequest {
  const runId = header.runId ?? null;
  const request: PublishRequest = {
    threadId: threadOf(header.threadId, pathThreadId),
    runId,
    rolloutId: header.rolloutId ?? null,
    frames: frames.map((frame, index) => parseFrame(frame, index, runId)),
  };
  checkWhole(request);
  return request;
}

function threadOf(given: string | undefined, pathThreadId: string | null): string {
  if (given === undefined && pathThreadId === null) {
    throw invalidFrame(0, { path: "", problem: 'lacks the field "threadId"' });
  }
  if (given !== undefined && pathThreadId !== null && given !== pathThreadId) {
    throw invalidFrame(0, { path: "/threadId", problem: "is not the thread of the address" });
  }
  return (given ?? pathThreadId) as string;
}

function parseFrame(frame: BatchFrame, index: number, runId: string | null): PublishedFrame {
  const { type, payload } = frame;
  const occurredAt = frame.occurredAt ?? null;
  const durable = checkDurable.get(type);
  const check = durable ?? checkTransient.get(type);
  if (check === undefined) {
    throw invalidFrame(index, { path: "/type", problem: unknownType(type) });
  }
  const problem = check(payload);
  if (problem !== null) {
    throw invalidFrame(index, { ...problem, path: `/payload${problem.path}` });
  }
  const lost = unprintable(payload);
  if (lost !== null) throw invalidFrame(index, { path: "/payload", problem: lost });
  if (durable !== undefined) {
    const runSequence = frame.runSequence ?? null;
    const made: DurableFrame = {
      durable: true,
      type: type as DurableType,
      payload,
      runSequence,
      occurredAt,
    };
    checkDurableFrame(made, index, runId);
    return made;
  }
  if (frame.sequenceNumber === undefined) {
    throw invalidFrame(index, { path: "", problem: 'lacks the field "sequenceNumber"' });
  }
  const sequenceNumber = frame.sequenceNumber;
  return { durable: false, type: type as TransientType, payload, sequenceNumber, occurredAt };
}

function checkDurableFrame(frame: DurableFrame, index: number, runId: string | null): void {
  if (runId === null && !runlessTypes.has(frame.type)) {
    throw invalidFrame(index, {
      path: "/runId",
      problem: `is needed for ${frame.type}; only user_message and custom may come without a run`,
    });
  }
  if (runId === null && frame.runSequence !== null) {
    throw invalidFrame(index, {
      path: "/runSequence",
      problem: "belongs to a run; a frame without a run takes none",
    });
  }
  if (frame.type !== "compaction_completed") return;
  const { status, summary, replacement, error } = frame.payload;
  if (status === "failed" && error === undefined) {
    throw invalidFrame(index, { path: "/payload", problem: 'lacks the field "error"' });
  }
  if (status !== "failed" && summary === undefined && replacement === undefined) {
    throw invalidFrame(index, { path: "/payload", problem: "needs a summary or a replacement" });
  }
}

/** What concerns the frames together: numbered all or none, transient ones need run and rollout. */
function checkWhole(request: PublishRequest): void {
  let numbered: boolean | null = null;
  for (const [index, frame] of request.frames.entries()) {
    if (frame.durable) {
      const has = frame.runSequence !== null;
      if (numbered !== null && has !== numbered) {
        throw invalidFrame(index, {
          path: "/runSequence",
          problem: "must stand on all durable frames of a batch or on none",
        });
      }
      numbered = has;
      continue;
    }
    const missing =
      request.runId === null ? "runId" : request.rolloutId === null ? "rolloutId" : null;
    if (missing !== null) {
      throw invalidFrame(index, {
        path: "",
        problem: `is transient and needs the field "${missing}"`,
      });
    }
  }
  if (request.frames.length === 0 && request.runId === null) {
    throw invalidFrame(0, { path: "/runId", problem: "is needed for an empty batch" });
  }
}

function unknownType(type: string): string {
  if (type === "snapshot" || type === "resync_required" || type.startsWith("thread_")) {
    return `${JSON.stringify(type)} is made by the server and cannot be published`;
  }
  return `${JSON.stringify(type.slice(0, 64))} is not a frame type`;
}

/** The frame a problem of the whole body is in, and its path inside that frame. */
function placed({ path, problem }: Problem): [number, Problem] {
  const match = /^\/events\/(\d+)(.*)$/s.exec(path);
  return match === null
    ? [0, { path, problem }]
    : [Number(match[1]), { path: match[2] ?? "", problem }];
}

function invalidFrame(index: number, { path, problem }: Problem): DomainError {
  const where = path === "" ? "the frame" : path;
  return new DomainError(
    "INVALID_FRAME",
    `Frame ${index}: ${where} ${problem}. Nothing of the request was kept; mend it and send it again.`,
    { details: { index, path, problem } },
  );
}

function validatorsOf(schemas: Record<string, Parameters<typeof validatorOf>[0]>) {
  const validators = new Map<string, Validator<unknown>>();
  for (const [type, schema] of Object.entries(schemas)) validators.set(type, validatorOf(schema));
  return validators;
}
