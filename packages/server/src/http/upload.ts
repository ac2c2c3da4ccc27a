/**
 * The body of a request that is read as it comes, by a handler, because it is larger than memory
 * (MOVE2). Media type and size are checked before any of it is read; one that sends nothing for a
 * minute is cut, and what it still sends after a refusal is dropped, so that the answer is seen.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { DomainError } from "@spool/protocol/errors";
import { refusedBodyBytesMax } from "@spool/protocol/limits";
import { exportType } from "@spool/protocol/thread-export";
import { importIdleMs } from "../limits.ts";

/** Connections whose request may take as long as it keeps sending. */
const uploading = new WeakSet<Duplex>();

/** Whether the time limit of requests does not count for what comes over this connection now. */
export function isUploading(socket: Duplex): boolean {
  return uploading.has(socket);
}

/** Throws UNSUPPORTED_MEDIA_TYPE for a body that is not lines of JSON, or is compressed. */
export function requireLines(headers: IncomingHttpHeaders): void {
  const encoding = headers["content-encoding"] ?? "identity";
  const [type = "", ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const isUtf8 = parameters.every((one) => /^\s*charset\s*=\s*"?utf-?8"?\s*$/.test(one));
  if (type.trim() === exportType && isUtf8 && encoding === "identity") return;
  throw new DomainError(
    "UNSUPPORTED_MEDIA_TYPE",
    `The body must be lines of JSON in UTF-8, uncompressed: send Content-Type: ${exportType}.`,
  );
}

/**
 * Reads the body with `read` and gives what that gives. `read` takes chunks one after the other; it
 * may stop early, by what it throws.
 */
export async function readUpload<Result>(
  request: IncomingMessage,
  read: (chunks: AsyncIterable<Buffer>) => Promise<Result>,
): Promise<Result> {
  uploading.add(request.socket);
  try {
    return await read(chunksOf(request));
  } finally {
    uploading.delete(request.socket);
    dropRest(request);
  }
}

/** Throws INVALID_REQUEST when the body breaks off or nothing comes. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  const chunks = request.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  while (true) {
    const { value, done } = await withinTime(request, chunks.next());
    if (done) break;
    yield value as Buffer;
  }
  if (!request.complete) throw brokenOff();
}

async function withinTime<Value>(request: IncomingMessage, next: Promise<Value>): Promise<Value> {
  const idle = setTimeout(() => request.destroy(), importIdleMs);
  try {
    return await next;
  } catch {
    // Whatever the connection died of, nobody is there any more to hear of it.
    throw brokenOff();
  } finally {
    clearTimeout(idle);
  }
}

/** Reads and drops what comes after a refusal, up to a limit (WIRE6). */
function dropRest(request: IncomingMessage): void {
  if (request.complete) return;
  let dropped = 0;
  request.on("error", () => {}); // whoever sends has gone
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > refusedBodyBytesMax) request.destroy();
  });
}

function brokenOff(): DomainError {
  return new DomainError(
    "INVALID_REQUEST",
    "The body broke off. Nothing was imported; send it again.",
  );
}
