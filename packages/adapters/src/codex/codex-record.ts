/**
 * A line object of a Codex rollout in one shape: today's envelope `{timestamp, type, payload}`,
 * and the oldest files' bare items without one. Unknown types pass through; nothing is refused.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { Place } from "../frame.ts";
import { objectOf, textOf, timeOf } from "../json-values.ts";
import type { Moment } from "../thread-state.ts";

/** One record. `kind` is the payload's own type, empty where it has none. */
export type CodexRecord = {
  readonly type: string;
  readonly kind: string;
  readonly payload: JsonObject;
  /** The whole object as it stood in the file. */
  readonly raw: JsonObject;
  /** Whether it came without an envelope, as in the oldest files. */
  readonly bare: boolean;
  readonly moment: Moment;
};

const bareItem = /^(?:message|reasoning|.*_call|.*_output)$/;

/** The record; `lastTime` stands in where it has no usable time of its own. */
export function codexRecord(raw: JsonObject, place: Place, lastTime: string | null): CodexRecord {
  const time = timeOf(raw.timestamp) ?? lastTime;
  const moment = { line: place.line, byteOffset: place.byteOffset, time };
  const payload = objectOf(raw.payload);
  const type = textOf(raw.type);
  if (payload !== null) {
    return {
      type: type ?? "",
      kind: textOf(payload.type) ?? "",
      payload,
      raw,
      bare: false,
      moment,
    };
  }
  if (type !== null && bareItem.test(type)) {
    return { type: "response_item", kind: type, payload: raw, raw, bare: true, moment };
  }
  if (type === null && textOf(raw.id) !== null) {
    return { type: "session_meta", kind: "", payload: raw, raw, bare: true, moment };
  }
  return { type: type ?? "", kind: "", payload: {}, raw, bare: true, moment };
}

/** The name of the `custom` frame that keeps such a record. */
export function customName({ type, kind }: CodexRecord): string {
  return `codex.${kind || type || "unknown"}`;
}
