/**
 * What an admin who watches somebody else's thread sees of its events (LIVE10): that runs and
 * compactions begin and end, nothing that was said. Pure. A field not named here never leaves.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { Event } from "@spool/protocol/resources";

const visibleTypes = /^(run|compaction)_/;

const visibleFields = [
  "agentId",
  "model",
  "executionMode",
  "leaseSeconds",
  "parentThreadId",
  "parentToolCallId",
  "resumed",
  "status",
  "reason",
  "tokensBefore",
  "tokensAfter",
] as const;

/** The event as an admin sees it, printed; null where there is nothing to see. */
export function metadataLine(line: Buffer): string | null {
  const event = JSON.parse(line.toString("utf8")) as Event;
  if (!visibleTypes.test(event.type)) return null;
  return JSON.stringify({ ...event, payload: visiblePayload(event.payload) });
}

/** Plain values only: free text could hold what was said. */
function visiblePayload(payload: JsonObject): JsonObject {
  const visible: Record<string, unknown> = {};
  for (const field of visibleFields) {
    const value = payload[field];
    if (value !== undefined && (typeof value !== "object" || value === null)) {
      visible[field] = value;
    }
  }
  return visible;
}
