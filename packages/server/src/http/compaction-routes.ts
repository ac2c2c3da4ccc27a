/** The route that asks for a compaction (ROL12); `Prefer: respond-async` answers at once. */
import { CompactAnswer, CompactThread } from "@spool/protocol/compaction";
import { validatorOf } from "@spool/protocol/validator";
import type { Compactions } from "../compaction/compactions.ts";
import { json } from "./answer.ts";
import { type Route, route } from "./route.ts";

/** The routes of compaction. */
export function compactionRoutes(compactions: Compactions): Route[] {
  return [compactRoute(compactions)];
}

function compactRoute(compactions: Compactions): Route {
  return route({
    method: "POST",
    path: "/v1/threads/{threadId}/compact",
    guard: "agent:run",
    query: {},
    body: { schema: CompactThread, check: validatorOf(CompactThread), optional: true },
    about: {
      summary: "Close the active rollout with a summary and open the next",
      answers: { 200: CompactAnswer, 202: CompactAnswer },
      headers: { Prefer: { type: "string", description: "respond-async: answered at once" } },
    },
    async handle(call) {
      const respondAsync = prefersAsync(call.headers.prefer);
      const how = { wishes: call.body, respondAsync };
      const answer = await compactions.request(call, call.params.threadId, how);
      return json(answer, answer.status === "running" ? 202 : 200);
    },
  });
}

/** RFC 7240: preferences stand behind each other, with values and parameters. */
function prefersAsync(header: string | string[] | undefined): boolean {
  const text = Array.isArray(header) ? header.join(",") : (header ?? "");
  return text.split(",").some((one) => /^\s*respond-async\s*(;|$)/i.test(one));
}
