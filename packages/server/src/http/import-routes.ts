/** The route that takes a thread in from another server's export (MOVE2 to MOVE8). */
import { importBytesMax } from "@spool/protocol/limits";
import { exportType, ImportAnswer } from "@spool/protocol/thread-export";
import { bodyTooLarge } from "../threads/import-lines.ts";
import type { ThreadImports } from "../threads/thread-imports.ts";
import { json } from "./answer.ts";
import { type Route, route } from "./route.ts";
import { readUpload, requireLines } from "./upload.ts";

/** The one route there is. */
export function importRoutes(imports: ThreadImports): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/threads/import",
      guard: "agent:run",
      query: {},
      body: null,
      about: {
        summary: "Take in a thread from an export; 200 when it is already the caller's",
        answers: { 200: ImportAnswer, 201: ImportAnswer },
        requestMediaType: exportType,
      },
      async handle(call) {
        requireLines(call.headers);
        if (Number(call.headers["content-length"] ?? 0) > importBytesMax) throw bodyTooLarge();
        const { thread, appended, isNew } = await readUpload(call.incoming, (chunks) => {
          return imports.take(call, chunks);
        });
        return json({ thread, appended }, isNew ? 201 : 200);
      },
    }),
  ];
}
