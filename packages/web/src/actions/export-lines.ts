/**
 * A thread as the JSONL that another server takes in: a line about the thread and its rollouts,
 * then every stored line as it is. What is added while it is read is left out.
 */
import type { SpoolClient } from "@spool/client/spool-client";
import type { Rollout, Thread } from "@spool/protocol/resources";

/** How to read it; `onBytes` hears how many there are so far. */
export type ExportOptions = {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
};

/** The connection broke off in the middle. */
export class ExportBroken extends Error {
  override readonly name = "ExportBroken";
}

/** So many bytes become a part of their own, which the browser may keep on disk. */
const partBytes = 8 * 1_024 * 1_024;

/** Everything the thread holds. Throws SpoolError, ExportBroken, or the signal's reason. */
export async function exportLines(
  client: SpoolClient,
  threadId: string,
  { signal, onBytes }: ExportOptions,
): Promise<Blob> {
  const { thread, rollouts } = await headOf(client, threadId, signal);
  const parts = new Parts(onBytes);
  parts.add(new TextEncoder().encode(`${JSON.stringify({ spool: 1, thread, rollouts })}\n`));
  for (const { rolloutId, bytes } of rollouts) {
    if (bytes === 0) continue;
    const lines = await client.history.rolloutBytes(threadId, rolloutId, { signal });
    await readBytes(lines, bytes, { parts, signal });
  }
  return parts.blob();
}

/** The first `count` bytes: the active rollout may have grown meanwhile. */
async function readBytes(
  lines: ReadableStream<Uint8Array>,
  count: number,
  to: { parts: Parts; signal: AbortSignal },
): Promise<void> {
  const reader = lines.getReader();
  let left = count;
  try {
    while (left > 0) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the rollout ends ${left} bytes early`);
      const taken = value.subarray(0, left);
      left -= taken.length;
      to.parts.add(taken);
    }
    await reader.cancel();
  } catch (cause) {
    to.signal.throwIfAborted();
    throw new ExportBroken("the export broke off", { cause });
  }
}

async function headOf(
  client: SpoolClient,
  threadId: string,
  signal: AbortSignal,
): Promise<{ thread: Thread; rollouts: Rollout[] }> {
  const { thread } = await client.threads.get(threadId, { limit: 1 }, { signal });
  const rollouts: Rollout[] = [];
  let cursor: string | null = null;
  do {
    const page = await client.history.rollouts(threadId, { limit: 100, cursor }, { signal });
    rollouts.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return { thread, rollouts: rollouts.reverse() };
}

/** Bytes gathered into a few blobs. */
class Parts {
  readonly #onBytes: (bytes: number) => void;
  readonly #blobs: Blob[] = [];
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #chunkBytes = 0;
  #bytes = 0;

  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk as Uint8Array<ArrayBuffer>);
    this.#chunkBytes += chunk.length;
    this.#bytes += chunk.length;
    if (this.#chunkBytes >= partBytes) this.#pack();
    this.#onBytes(this.#bytes);
  }

  blob(): Blob {
    this.#pack();
    return new Blob(this.#blobs, { type: "application/x-ndjson" });
  }

  #pack(): void {
    this.#blobs.push(new Blob(this.#chunks));
    this.#chunks = [];
    this.#chunkBytes = 0;
  }
}
