/** `GET …/context`: a thread in the form a model needs to go on with it (CTX1). */
import { contextFormats, ForeignContext, SpoolContext } from "@spool/protocol/context";
import type { ContextReader } from "../context/context-reader.ts";
import { contextJson } from "../context/formats.ts";
import { limitOf, oneOf } from "./query.ts";
import { type Route, route } from "./route.ts";
import { anyOf } from "./schema.ts";

/** More than any model takes; beyond it the number would say nothing. */
const tokensMax = 1_000_000_000;

/** The routes of contexts. */
export function contextRoutes(contexts: ContextReader): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/threads/{threadId}/context",
      guard: "agent:read",
      query: { format: oneOf(...contextFormats), max_tokens: limitOf({ max: tokensMax }) },
      body: null,
      about: {
        summary: "What a model needs to go on: the active rollout's summary and messages",
        answers: { 200: anyOf(SpoolContext, ForeignContext) },
      },
      async handle(call) {
        const { format, max_tokens } = call.query;
        const query = { format, tokensMax: max_tokens };
        const answer = await contexts.read(call, call.params.threadId, query);
        return { kind: "json", status: 200, data: contextJson(answer) };
      },
    }),
  ];
}
