/**
 * The two routes frames are published through (REST12, REST13). Every event of every agent passes
 * here: the body is parsed and checked once, decided, made durable, answered.
 */
import { DomainError } from "@spool/protocol/errors";
import { Batch, PublishAnswer, SingleFrame } from "@spool/protocol/publish";
import { type PublishRequest, parsePublish } from "@spool/protocol/publish-parser";
import type { ThreadEdits } from "../threads/thread-edits.ts";
import { json } from "./answer.ts";
import { type Route, route } from "./route.ts";
import { anyOf } from "./schema.ts";

// `parsePublish` checks the body; the schema is for the API's description.
const body = { schema: anyOf(SingleFrame, Batch), check: null, optional: false };

/** The routes, in the order of the contract. */
export function publishRoutes(edits: ThreadEdits): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/thread-events",
      guard: "agent:run",
      query: {},
      body,
      about: {
        summary: "Publish durable and transient frames, one or a batch",
        answers: { 200: PublishAnswer },
      },
      async handle(call) {
        return json(await edits.publish(call, parsePublish(call.body, null)));
      },
    }),
    route({
      method: "POST",
      path: "/v1/threads/{threadId}/events",
      guard: "agent:run",
      query: {},
      body,
      about: {
        summary: "Publish durable frames into this thread",
        answers: { 200: PublishAnswer },
      },
      async handle(call) {
        const request = parsePublish(call.body, call.params.threadId);
        refuseTransient(request);
        return json(await edits.publish(call, request));
      },
    }),
  ];
}

function refuseTransient({ frames }: PublishRequest): void {
  const index = frames.findIndex((frame) => !frame.durable);
  if (index === -1) return;
  throw new DomainError(
    "TRANSIENT_NOT_ALLOWED",
    `Frame ${index} is transient; this address takes durable ones. Use POST /v1/thread-events.`,
    { details: { index } },
  );
}
