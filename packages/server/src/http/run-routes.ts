/** `POST /v1/run`: registers a run before its first frame (RUN17). */
import { RegisteredRun, RegisterRun } from "@spool/protocol/requests";
import { validatorOf } from "@spool/protocol/validator";
import type { ThreadEdits } from "../threads/thread-edits.ts";
import { json } from "./answer.ts";
import { type Route, route } from "./route.ts";

/** The routes of runs. */
export function runRoutes(edits: ThreadEdits): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/run",
      guard: "agent:run",
      query: {},
      body: { schema: RegisterRun, check: validatorOf(RegisterRun), optional: true },
      about: {
        summary: "Register a run, in a new thread where the id is unknown",
        answers: { 200: RegisteredRun, 201: RegisteredRun },
      },
      async handle(call) {
        const { run, isNew } = await edits.registerRun(call, call.body);
        return json(run, isNew ? 201 : 200);
      },
    }),
  ];
}
