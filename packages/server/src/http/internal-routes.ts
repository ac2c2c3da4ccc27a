/**
 * The routes of a platform's own services (REST18): publishing on behalf of somebody. There are
 * none unless a secret is configured.
 */
import { DomainError } from "@spool/protocol/errors";
import { Batch, OnBehalf, PublishAnswer, SingleFrame } from "@spool/protocol/publish";
import { parsePublish } from "@spool/protocol/publish-parser";
import { validatorOf } from "@spool/protocol/validator";
import type { Principal } from "../auth/principal.ts";
import type { ThreadEdits } from "../threads/thread-edits.ts";
import { json } from "./answer.ts";
import { type Route, route } from "./route.ts";
import { anyOf } from "./schema.ts";

const checkBehalf = validatorOf(OnBehalf);
const schema = { allOf: [OnBehalf, anyOf(SingleFrame, Batch)] };

/** The routes. */
export function internalRoutes(edits: ThreadEdits): Route[] {
  return [
    route({
      method: "POST",
      path: "/internal/thread-events",
      guard: "internal",
      query: {},
      body: { schema, check: null, optional: false },
      about: {
        summary: "Publish frames on behalf of orgId and userId",
        answers: { 200: PublishAnswer },
      },
      async handle({ body, requestId }) {
        const { orgId, userId, ...batch } = body as Record<string, unknown>;
        const principal = onBehalfOf({ orgId, userId });
        const request = parsePublish(batch, null);
        return json(await edits.publish({ principal, requestId }, request));
      },
    }),
  ];
}

function onBehalfOf(given: object): Principal {
  const problem = checkBehalf(given);
  if (problem !== null) {
    const where = problem.path === "" ? "The body" : `The body's ${problem.path}`;
    const message = `${where} ${problem.problem}; name whom you publish for.`;
    throw new DomainError("INVALID_REQUEST", message, { details: { ...problem } });
  }
  const { orgId, userId } = given as OnBehalf;
  const credential = { type: "internal", id: null, expiresAt: null } as const;
  return { orgId, userId, role: "member", scopes: ["agent:run"], credential, keyId: null };
}
