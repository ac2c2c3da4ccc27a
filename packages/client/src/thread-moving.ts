/**
 * Moves a thread between servers (MOVE1): its export as a stream of bytes, and taking one in.
 * Reached as `client.threads.export` and `client.threads.import`.
 */
import type { Rollout, Thread } from "@spool/protocol/resources";
import type { ImportAnswer } from "@spool/protocol/thread-export";
import type { CallOptions, Envelope, HttpTransport, UploadBody } from "./http-transport.ts";
import { type RetryOptions, withRetries } from "./retry.ts";
import { SpoolError } from "./spool-error.ts";

/** How to export; connections that break are taken up again where they broke, as `withRetries` does. */
export type ExportOptions = RetryOptions & {
  /** Hears how many bytes of how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
};

/** Where an import may come from. A browser sends a stream only after it has read all of it. */
export type ImportSource = Blob | Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>;

/** What an import came to (MOVE6). */
export type ImportResult = ImportAnswer & {
  /** Whether the thread was not there before. */
  readonly isNew: boolean;
};

type Head = { readonly thread: Thread; readonly rollouts: Rollout[] };

/** As in the protocol, of which the package has types only. */
const exportType = "application/x-ndjson";
const encoder = new TextEncoder();
/** The longest that timers of browsers and Node can wait: an upload takes what it takes. */
const noTimeoutMs = 2 ** 31 - 1;
const pageRollouts = 100;

/**
 * The thread as it stands when this is called, in the form that an import takes; what is added
 * meanwhile is left out. Throws SpoolError.
 */
export async function* exportThread(
  http: HttpTransport,
  threadId: string,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = await withRetries(() => exportHead(http, threadId, options), options);
  const first = encoder.encode(`${JSON.stringify({ spool: 1, ...head })}\n`);
  let total = first.length;
  for (const { bytes } of head.rollouts) total += bytes;
  let done = 0;
  const taken = (chunk: Uint8Array) => {
    done += chunk.length;
    options.onProgress?.(done, total);
    return chunk;
  };
  yield taken(first);
  for (const rollout of head.rollouts) {
    for await (const chunk of rolloutBytes(http, rollout, options)) yield taken(chunk);
  }
}

/** Sends an export; all of it is taken or nothing. May be sent again at any time. */
export async function importThread(
  http: HttpTransport,
  source: ImportSource,
  { signal }: CallOptions = {},
): Promise<ImportResult> {
  // Ends the sending once there is an answer, which may come before all is sent.
  const answered = new AbortController();
  let failure: { readonly error: unknown } | null = null;
  const body = await bodyOf(source, answered.signal, (error) => {
    failure = { error };
  });
  try {
    const response = await http.send({
      signal: AbortSignal.any([answered.signal, ...(signal ? [signal] : [])]),
      method: "POST",
      path: "/v1/threads/import",
      upload: { type: exportType, body },
      timeoutMs: noTimeoutMs,
    });
    const { data } = (await response.json()) as { data: ImportAnswer };
    return { ...data, isNew: response.status === 201 };
  } catch (error) {
    // What the source threw says more than that the sending broke off.
    if (failure !== null) throw (failure as { error: unknown }).error;
    throw error;
  } finally {
    answered.abort();
  }
}

/** Thread and rollouts at one moment: those behind the first page are closed and stay as they are. */
async function exportHead(
  http: HttpTransport,
  threadId: string,
  { signal }: CallOptions,
): Promise<Head> {
  const path = `/v1/threads/${encodeURIComponent(threadId)}/rollouts`;
  const rollouts: Rollout[] = [];
  let thread: Thread | undefined;
  let cursor: string | null = null;
  do {
    const query = { limit: pageRollouts, cursor };
    const page: Envelope<Head> = await http.json({ signal, path, query });
    thread ??= page.data.thread;
    rollouts.push(...page.data.rollouts);
    cursor = page.meta.nextCursor ?? null;
  } while (cursor !== null);
  return { thread: thread as Thread, rollouts: rollouts.reverse() };
}

/** The bytes of a rollout up to those that its row counts. */
async function* rolloutBytes(
  http: HttpTransport,
  { threadId, rolloutId, bytes }: Rollout,
  options: ExportOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const path = `/v1/threads/${threadId}/rollouts/${rolloutId}.jsonl`;
  let done = 0;
  while (done < bytes) {
    const from = done;
    // Opening is tried again for a while; once bytes come, the while begins anew.
    const chunks = await withRetries(async () => {
      const headers = { accept: exportType, range: `bytes=${from}-${bytes - 1}` };
      const response = await http.send({ signal: options.signal, path, headers });
      if (response.status !== 206) throw notPartial(response.status);
      const reader = (response.body ?? new Blob([]).stream()).getReader();
      return { reader, first: await read(reader) };
    }, options);
    try {
      for (let next = chunks.first; next !== null; next = await read(chunks.reader)) {
        done += next.length;
        yield next;
      }
    } catch (error) {
      if (!(error instanceof SpoolError) || !error.mayPass) throw error;
      options.onRetry?.(error);
    } finally {
      // Whoever stops reading early lets go of the connection; one that broke is gone already.
      await chunks.reader.cancel().catch(() => {});
    }
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> {
  try {
    const { value, done } = await reader.read();
    return done ? null : value;
  } catch (error) {
    throw new SpoolError("the connection broke off", {
      code: "NO_ANSWER",
      status: 0,
      cause: error,
    });
  }
}

function notPartial(status: number): SpoolError {
  return new SpoolError(
    `the server, or a proxy before it, answered ${status} to a Range; ask it directly`,
    { code: "INVALID_ANSWER", status },
  );
}

/** Node sends a stream as it comes; browsers do so over HTTP/2 at best, and take a Blob instead. */
async function bodyOf(
  source: ImportSource,
  answered: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<UploadBody> {
  if (source instanceof Blob || source instanceof Uint8Array) return source;
  const chunks = noting(source, answered, onFailure);
  const stream = streamOf(chunks);
  const isNode = "process" in globalThis;
  return isNode ? stream : new Response(stream).blob();
}

async function* noting(
  source: AsyncIterable<Uint8Array>,
  answered: AbortSignal,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of source) {
      if (answered.aborted) return;
      yield chunk;
    }
  } catch (error) {
    onFailure(error);
    throw error;
  }
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}
