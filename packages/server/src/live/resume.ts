/** Whether a history holds the point a client wants to resume from (LIVE4, PAGE7). */
import { crc32 } from "node:zlib";
import type { ThreadHead } from "../store/rows.ts";
import type { ThreadKey } from "../store/thread-key.ts";
import type { ThreadStore } from "../store/thread-store.ts";
import type { After } from "./watch-query.ts";

/** Null: it does. Else why not, as clients are told. */
export type ResumeProblem = "beyond_head" | "other_history" | null;

/** Looks the point up: by the head where it is the head, else by the line stored there. */
export async function resumeProblem(
  store: ThreadStore,
  key: ThreadKey,
  { thread }: ThreadHead,
  after: After,
): Promise<ResumeProblem> {
  if (after.sequence > thread.sequence) return "beyond_head";
  if (after.crc === null) return null;
  if (after.sequence === thread.sequence) {
    return after.crc === thread.crc ? null : "other_history";
  }
  if (after.sequence === 0) return after.crc === 0 ? null : "other_history";
  const { lines } = await store.readEvents({
    key,
    rolloutId: null,
    from: after.sequence,
    to: after.sequence,
    order: "asc",
    type: null,
    limit: 1,
    bytesMax: Number.MAX_SAFE_INTEGER,
  });
  const line = lines[0];
  return line !== undefined && crc32(line) === after.crc ? null : "other_history";
}
