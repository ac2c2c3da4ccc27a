/**
 * Makes a foreign payload one the server takes: small enough for a frame (WIRE6), not nested too
 * deep and without numbers that JSON cannot print (WIRE8). A payload that fits is given back as
 * it is. The thread log sends every payload through here.
 */
import type { JsonObject } from "@spool/protocol/json";

/** Bytes of a payload as JSON: a frame's 8 MiB less room for what surrounds it. */
export const payloadBytesMax = 7 * 1024 * 1024;
/** Levels kept as they are; what lies deeper becomes JSON text. Below the protocol's own limit. */
const payloadDepthMax = 100;
/** A string is never cut below this, in UTF-16 units. */
const cutStringMin = 1024;

/**
 * The payload within the limits. Where something had to be cut, the longest strings lose their
 * middle and the payload says `truncated: true`.
 */
export function fitPayload(payload: JsonObject, bytesMax = payloadBytesMax): JsonObject {
  const printable = needsFlattening(payload, 0) ? (flatten(payload, 0) as JsonObject) : payload;
  if (bytesAtMost(printable) <= bytesMax || jsonBytes(printable) <= bytesMax) return printable;
  const shortest = cutStrings(printable, cutStringMin);
  if (jsonBytes(shortest) > bytesMax) return cutFields(printable, bytesMax);
  for (let stringMax = 1024 * 1024; stringMax > cutStringMin; stringMax /= 4) {
    const cut = cutStrings(printable, stringMax);
    if (jsonBytes(cut) <= bytesMax) return cut;
  }
  return shortest;
}

/** The text without its middle, at most `max` UTF-16 units and a note of what is gone. */
export function cutMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, Math.ceil(max / 2));
  const tail = text.slice(text.length - Math.floor(max / 2));
  const left = endsInsidePair(head) ? head.slice(0, -1) : head;
  const right = beginsInsidePair(tail) ? tail.slice(1) : tail;
  const gone = text.length - left.length - right.length;
  return `${left}\n… ${gone} characters left out …\n${right}`;
}

function cutStrings(payload: JsonObject, max: number): JsonObject {
  const cut = mapStrings(payload, (text) => cutMiddle(text, max)) as JsonObject;
  return { ...cut, truncated: true };
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, field]) => [name, mapStrings(field, change)]));
}

/** Many small values: the largest fields become JSON text, cut, until the payload fits. */
function cutFields(payload: JsonObject, bytesMax: number): JsonObject {
  const sizes = Object.entries(payload).map(([name, value]) => ({ name, bytes: jsonBytes(value) }));
  sizes.sort((a, b) => b.bytes - a.bytes);
  const cut: Record<string, unknown> = { ...payload, truncated: true };
  for (const { name } of sizes) {
    const text = cutMiddle(JSON.stringify(payload[name]) ?? "", Math.floor(bytesMax / 16));
    cut[name] = name === "content" || name === "replacement" ? [textItem(name, text)] : text;
    if (jsonBytes(cut) <= bytesMax) break;
  }
  return cut;
}

/** Stands for a list whose items have a shape of their own. */
function textItem(field: string, text: string): JsonObject {
  if (field === "content") return { type: "text", text };
  return { type: "custom", payload: { name: "truncated", data: text } };
}

function needsFlattening(value: unknown, depth: number): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value !== "object" || value === null) return false;
  if (depth === payloadDepthMax) return true;
  return Object.values(value).some((field) => needsFlattening(field, depth + 1));
}

function flatten(value: unknown, depth: number): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth === payloadDepthMax) return jsonText(value);
  if (Array.isArray(value)) return value.map((item) => flatten(item, depth + 1));
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, field]) => [name, flatten(field, depth + 1)]));
}

function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Too many levels for the printer's stack: no agent writes such a value on purpose.
    return "nested too deep";
  }
}

/** An upper bound of the JSON text's bytes, without printing it. */
function bytesAtMost(value: unknown): number {
  if (typeof value === "string") return 2 + value.length * 6;
  if (typeof value !== "object" || value === null) return 25;
  let bytes = 2;
  for (const [name, field] of Object.entries(value))
    bytes += name.length * 6 + 4 + bytesAtMost(field);
  return bytes;
}

function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value) ?? "").length;
}

function endsInsidePair(text: string): boolean {
  const unit = text.charCodeAt(text.length - 1);
  return unit >= 0xd800 && unit <= 0xdbff;
}

function beginsInsidePair(text: string): boolean {
  const unit = text.charCodeAt(0);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
