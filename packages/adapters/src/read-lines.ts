/**
 * Bytes of a file in chunks of any size → its lines, each with its number and byte offset. Takes
 * `\n` and `\r\n`, a chunk that ends inside a character, lines of many megabytes and a last line
 * without its newline; bytes that are no UTF-8 become U+FFFD and are reported.
 */
import type { Place } from "./frame.ts";

/** Bytes of the longest line that is read; a longer one is reported and left out. */
export const lineBytesMax = 256 * 1024 * 1024;

/** One line, without its newline. `problem` says what of it could not be read as it is. */
export type SourceLine = Place & {
  readonly text: string;
  /** False for a last line whose newline is not there (yet). */
  readonly terminated: boolean;
  readonly problem?: string;
};

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Lines in order; empty ones are given as well. `bytesMax` is for tests. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  bytesMax = lineBytesMax,
): AsyncGenerator<SourceLine> {
  let place: Place = { line: 1, byteOffset: 0 };
  let pieces: Uint8Array[] = [];
  let length = 0;
  const take = (piece: Uint8Array) => {
    length += piece.length;
    if (length > bytesMax) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const finish = (terminated: boolean): SourceLine => {
    const line =
      length > bytesMax
        ? { ...place, text: "", terminated, problem: `has ${length} bytes and was left out` }
        : { ...place, terminated, ...decoded(pieces) };
    place = { line: place.line + 1, byteOffset: place.byteOffset + length + 1 };
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      take(chunk.subarray(from, end));
      yield finish(true);
      from = end + 1;
    }
    // A copy: whoever reads the file may fill the same buffer again.
    take(chunk.slice(from));
  }
  if (length > 0) yield finish(false);
}

function decoded(pieces: readonly Uint8Array[]): { text: string; problem?: string } {
  const bytes = withoutReturn(joined(pieces));
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    // Torn characters: the rest of the line is still worth reading.
    const text = new TextDecoder("utf-8").decode(bytes);
    return { text, problem: "holds bytes that are no UTF-8" };
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
}
