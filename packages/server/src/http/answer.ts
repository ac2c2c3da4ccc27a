/**
 * What a route gives back, as data: `send-answer.ts` alone turns it into bytes, so that every
 * answer has the envelope and the headers of the contract (WIRE1–WIRE3).
 */

import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Readable } from "node:stream";

/** How a page ends: where the next one begins, null at the end (PAGE3). */
export type PageEnd = { readonly nextCursor: string | null };

/** `data` of the envelope as JSON text already, so that rows can be put together as text. */
export type JsonAnswer = {
  readonly kind: "json";
  readonly status: 200 | 201 | 202;
  readonly data: string;
  readonly page?: PageEnd;
  readonly headers?: Readonly<Record<string, string>>;
};

/** An answer around stored lines, which are copied, never parsed: `before`, lines, `after`. */
export type LinesAnswer = {
  readonly kind: "lines";
  readonly before: string;
  readonly lines: readonly Buffer[];
  readonly after: string;
  readonly page: PageEnd;
  /** Called once the lines are copied. */
  readonly release?: (() => void) | undefined;
};

/** 204. */
export type EmptyAnswer = {
  readonly kind: "empty";
  readonly headers?: Readonly<Record<string, string>>;
};

/** A body of its own, without the envelope: metrics, keys, the API's description. */
export type TextAnswer = {
  readonly kind: "text";
  readonly contentType: string;
  readonly text: string;
  readonly cacheControl?: string;
};

/** Bytes as they are stored; `open` is called once, and not at all for HEAD. */
export type BytesAnswer = {
  readonly kind: "bytes";
  readonly status: 200 | 206 | 304;
  readonly headers: OutgoingHttpHeaders;
  readonly cacheControl: string;
  readonly open: (() => Readable) | null;
};

/** An event stream: `open` is called once the head is out, and writes until either side ends. */
export type StreamAnswer = {
  readonly kind: "stream";
  readonly open: (response: ServerResponse) => void;
};

/** What a route may give back. */
export type Answer =
  | JsonAnswer
  | LinesAnswer
  | EmptyAnswer
  | TextAnswer
  | BytesAnswer
  | StreamAnswer;

/** An answer whose `data` is `value`. */
export function json(value: object, status: JsonAnswer["status"] = 200): JsonAnswer {
  return { kind: "json", status, data: JSON.stringify(value) };
}

/** 204, for what leaves nothing to say. */
export const empty: EmptyAnswer = { kind: "empty" };
