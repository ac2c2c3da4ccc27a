/**
 * Writes one thread's export to a file or to standard output. A file is there whole or not at all:
 * it is written under another name, synced, and renamed at the end. Used by `spool export`.
 */
import { open, rename, rm } from "node:fs/promises";
import type { SpoolClient } from "@spool/client/spool-client";
import type { ExportOptions } from "@spool/client/thread-moving";
import type { Output } from "../output.ts";

/** How much was written. */
export type Exported = { readonly bytes: number; readonly events: number };

/** Writes the export of `threadId` to `file`. Rejects with what the server or the disk refused. */
export async function exportToFile(
  client: SpoolClient,
  threadId: string,
  { file, ...options }: ExportOptions & { readonly file: string },
): Promise<Exported> {
  const temporary = `${file}.part-${process.pid}`;
  const target = await open(temporary, "wx", 0o600);
  try {
    const counted = await copy(client.threads.export(threadId, options), async (chunk) => {
      await target.writeFile(chunk);
    });
    await target.sync();
    await target.close();
    await rename(temporary, file);
    return counted;
  } catch (error) {
    await target.close().catch(() => {}); // the first failure is the one that tells
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Writes the export to standard output; a reader that goes away ends it. */
export async function exportToOutput(
  client: SpoolClient,
  threadId: string,
  { output, ...options }: ExportOptions & { readonly output: Output },
): Promise<void> {
  try {
    await copy(client.threads.export(threadId, options), (chunk) => output.write(chunk));
  } catch (error) {
    if (!output.closed.aborted) throw error; // nobody reads any more: what was read is all right
  }
}

/** Every line but the first is an event. */
async function copy(
  chunks: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<Exported> {
  let bytes = 0;
  let lines = 0;
  for await (const chunk of chunks) {
    await write(chunk);
    bytes += chunk.length;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines += 1;
  }
  return { bytes, events: lines - 1 };
}
