/**
 * A thread as the JSONL that another server takes in (`client.threads.export`), gathered for the
 * browser to save. What is added while it is read is left out.
 */
import type { SpoolClient } from "@spool/client/spool-client";

/** How to read it; `onBytes` hears how many there are so far. */
export type ExportOptions = {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
};

/** So many bytes become a part of their own, which the browser may keep on disk. */
const partBytes = 8 * 1_024 * 1_024;

/** A connection that stays broken for so long ends the export. */
const giveUpAfterMs = 5_000;

/** Everything the thread holds. Throws SpoolError, or the signal's reason. */
export async function exportLines(
  client: SpoolClient,
  threadId: string,
  { signal, onBytes }: ExportOptions,
): Promise<Blob> {
  const parts = new Parts(onBytes);
  for await (const chunk of client.threads.export(threadId, { signal, giveUpAfterMs })) {
    parts.add(chunk);
  }
  return parts.blob();
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
