/**
 * The bytes of a session file, or of standard input, with a count of what was read. Used by
 * `publish-file.ts`.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** A file to read once. */
export type SessionSource = {
  /** For people: the path as given, or `standard input`. */
  readonly name: string;
  /** Bytes in all; null where that is not known. */
  readonly size: number | null;
  /** `onBytes` hears how many bytes each chunk has. */
  readonly chunks: (onBytes: (count: number) => void) => AsyncGenerator<Uint8Array>;
};

/** Opens a path; `-` is standard input. Throws the system's error for a path that is none. */
export async function sessionSource(path: string): Promise<SessionSource> {
  if (path === "-") {
    const chunks = (onBytes: (count: number) => void) => counted(process.stdin, onBytes);
    return { name: "standard input", size: null, chunks };
  }
  const found = await stat(path);
  if (found.isDirectory()) {
    throw Object.assign(new Error(`${path} is a directory`), { code: "EISDIR", path });
  }
  const size = found.isFile() ? found.size : null;
  return { name: path, size, chunks: (onBytes) => counted(createReadStream(path), onBytes) };
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    yield chunk;
    // After the chunk's frames were taken: what is read is then on its way.
    onBytes(chunk.length);
  }
}
