/**
 * Writes answers and refusals onto Node's response: the envelope, the request's id and the headers
 * every answer has (WIRE1–WIRE3), in one place and without a serializer, since each publish passes
 * here. Called by the server for routes, for what no route answers, and while it starts.
 */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { type DomainError, errorTable } from "@spool/protocol/errors";
import { redactText } from "../auth/redact.ts";
import type { Answer, BytesAnswer, LinesAnswer, PageEnd, StreamAnswer } from "./answer.ts";
import { UnsatisfiableRange } from "./byte-range.ts";
import { PageBuffer } from "./page-buffer.ts";
import type { Rate } from "./rate-limiter.ts";

/** What goes onto every answer of one request. */
export type Envelope = {
  readonly requestId: string;
  /** Null where no limit is set. */
  readonly rate: Rate | null;
  /** CORS, and `Connection: close` while the server stops; null mostly. */
  readonly headers: OutgoingHttpHeaders | null;
};

const jsonType = "application/json";

/** Writes `answer` and gives the status that went out. */
export function sendAnswer(response: ServerResponse, envelope: Envelope, answer: Answer): number {
  switch (answer.kind) {
    case "json": {
      const text = `{"data":${answer.data},"meta":${metaText(envelope, answer.page)}}`;
      const headers = headersFor(envelope, jsonType);
      for (const name in answer.headers) headers.push(name, answer.headers[name] as string);
      return sendBody(response, answer.status, headers, text);
    }
    case "lines": {
      const page = joinedLines(answer, metaText(envelope, answer.page));
      answer.release?.();
      // Not called where the connection breaks: then the memory goes the way of all memory.
      response.once("finish", () => pages.giveBack(page));
      return sendBody(response, 200, headersFor(envelope, jsonType), page);
    }
    case "text": {
      const { contentType, cacheControl, text } = answer;
      return sendBody(response, 200, headersFor(envelope, contentType, cacheControl), text);
    }
    case "empty": {
      const headers = headersFor(envelope, null);
      for (const name in answer.headers) headers.push(name, answer.headers[name] as string);
      response.writeHead(204, headers);
      response.end();
      return 204;
    }
    case "bytes":
      return sendBytes(response, envelope, answer);
    case "stream":
      return sendStream(response, envelope, answer);
  }
}

/** Writes the failure envelope of `refusal` and gives the status that went out (WIRE2). */
export function sendRefusal(
  response: ServerResponse,
  envelope: Envelope,
  refusal: DomainError,
): number {
  const headers = headersFor(envelope, jsonType);
  const status = refusalStatus(refusal, headers);
  return sendBody(response, status, headers, refusalText(refusal, envelope.requestId));
}

/** The failure envelope as text; whatever in it looks like a credential is taken out (AUTH17). */
export function refusalText(refusal: DomainError, requestId: string): string {
  const { code, message, details } = refusal;
  return redactText(JSON.stringify({ error: { code, message, requestId, details } }));
}

function refusalStatus(refusal: DomainError, headers: string[]): number {
  const { code, details, retryAfterSeconds } = refusal;
  if (retryAfterSeconds !== undefined) headers.push("retry-after", String(retryAfterSeconds));
  if (code === "METHOD_NOT_ALLOWED") headers.push("allow", String(details?.allow));
  const { status } = errorTable[code];
  if (status === 401) headers.push("www-authenticate", "Bearer");
  if (!(refusal instanceof UnsatisfiableRange)) return status;
  headers.push("content-range", `bytes */${refusal.size}`);
  return 416;
}

function metaText({ requestId }: Envelope, page: PageEnd | undefined): string {
  // A request id needs no escaping: `request-id.ts` lets nothing else through.
  if (page === undefined) return `{"requestId":"${requestId}"}`;
  const { nextCursor } = page;
  const next = nextCursor === null ? "null" : `"${nextCursor}"`;
  return `{"requestId":"${requestId}","hasMore":${nextCursor !== null},"nextCursor":${next}}`;
}

function sendBody(
  response: ServerResponse,
  status: number,
  headers: string[],
  body: string | Buffer,
): number {
  headers.push("content-length", String(Buffer.byteLength(body)));
  response.writeHead(status, headers);
  response.end(body);
  return status;
}

/** Names and values in turn, which Node writes without looking at them one by one. */
function headersFor(
  { requestId, rate, headers }: Envelope,
  contentType: string | null,
  cacheControl = "no-store",
): string[] {
  const list = ["x-request-id", requestId, "cache-control", cacheControl];
  list.push("referrer-policy", "no-referrer", "x-content-type-options", "nosniff");
  if (contentType !== null) list.push("content-type", contentType);
  if (rate !== null) {
    list.push("x-ratelimit-limit", String(rate.limit));
    list.push("x-ratelimit-remaining", String(rate.remaining));
    list.push("x-ratelimit-reset", String(rate.resetSeconds));
  }
  if (headers !== null) for (const name in headers) list.push(name, String(headers[name]));
  return list;
}

const pages = new PageBuffer();

const dataStart = Buffer.from('{"data":');
const comma = 0x2c;

/** `{"data":` before, lines with commas between, after `,"meta":…}` as one buffer, copied once. */
function joinedLines({ before, lines, after }: LinesAnswer, meta: string): Buffer {
  const head = Buffer.from(before);
  const tail = Buffer.from(`${after},"meta":${meta}}`);
  let size = dataStart.length + head.length + Math.max(0, lines.length - 1) + tail.length;
  for (const line of lines) size += line.length;
  const whole = pages.take(size);
  let at = dataStart.copy(whole, 0);
  at += head.copy(whole, at);
  for (const [index, line] of lines.entries()) {
    if (index > 0) whole[at++] = comma;
    at += line.copy(whole, at);
  }
  tail.copy(whole, at);
  return whole;
}

/** Proxies must neither keep nor change nor gather what passes (SSE1). */
function sendStream(response: ServerResponse, envelope: Envelope, answer: StreamAnswer): number {
  const headers = headersFor(envelope, "text/event-stream", "no-store, no-transform");
  headers.push("x-accel-buffering", "no");
  response.writeHead(200, headers);
  response.flushHeaders();
  answer.open(response);
  return 200;
}

function sendBytes(response: ServerResponse, envelope: Envelope, answer: BytesAnswer): number {
  const { status, open } = answer;
  const headers = headersFor(envelope, null, answer.cacheControl);
  for (const name in answer.headers) headers.push(name, String(answer.headers[name]));
  response.writeHead(status, headers);
  if (open === null || response.req.method === "HEAD") {
    response.end();
    return status;
  }
  // A failure half-way has no other sign than a cut connection, which pipeline sees to.
  pipeline(open(), response, () => {});
  return status;
}
