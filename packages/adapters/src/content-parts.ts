/**
 * Parts of a message in one shape for all agents: `{type:"text", text}` and
 * `{type:"image", source}`, where `source` is `{type:"base64", media_type, data}`,
 * `{type:"url", url}` or `{type:"file", path}`. Anything else stays as the agent wrote it.
 */
import type { JsonObject } from "@spool/protocol/json";
import { objectOf } from "./json-values.ts";

/** A part of a message's content. */
export type Part = { readonly type: string; readonly [field: string]: unknown };

const dataUrl = /^data:([^;,]+);base64,/;

/** A text part, with further fields of its source. */
export function textPart(text: string, more: JsonObject = {}): Part {
  return { ...more, type: "text", text };
}

/** An image part from a data URL or an address. */
export function imagePart(url: string, more: JsonObject = {}): Part {
  const match = dataUrl.exec(url);
  if (match === null) return { ...more, type: "image", source: { type: "url", url } };
  const source = { type: "base64", media_type: match[1], data: url.slice(match[0].length) };
  return { ...more, type: "image", source };
}

/** An image part from a file of the agent's machine. */
export function imageFilePart(path: string): Part {
  return { type: "image", source: { type: "file", path } };
}

/** A part that is neither text nor image, kept as it came; its type is what the source says. */
export function foreignPart(value: unknown): Part {
  const part = objectOf(value);
  const type = part?.type;
  const usable = typeof type === "string" && type !== "" && type !== "text" && type !== "thinking";
  return usable ? { ...part, type } : { type: "foreign", data: value };
}

/** Several parts as content: a lone text as text, everything else as a list. */
export function contentOf(parts: readonly Part[]): string | readonly Part[] {
  const [only] = parts;
  const lone = parts.length === 1 && only?.type === "text" && Object.keys(only).length === 2;
  return lone ? String(only.text) : parts;
}
