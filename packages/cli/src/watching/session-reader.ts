/**
 * Reads a session file that grows: from where it stopped before, as far as the file has whole lines
 * now, in pieces of bounded size. What is read of a file at once or in any number of pieces is the
 * same (SRC4). Opens for reading only, and each time anew, so that it holds no file. Used by
 * `followed-session.ts`.
 */
import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { adapterOf } from "@spool/adapters/formats";
import type { AdapterOptions, Step, SubAgentLink } from "@spool/adapters/frame";
import { readLines, type SourceLine } from "@spool/adapters/read-lines";
import { recognise } from "@spool/adapters/recognise";
import type { SessionAdapter } from "@spool/adapters/session-adapter";
import type { Published } from "./file-plan.ts";
import { type Seen, seenOf } from "./folder-scan.ts";

/** Bytes read in one pass, at least; a line that is longer is read whole. */
const passBytes = 512 * 1024;
const chunkBytes = 256 * 1024;
/** A longer line is reported and left out. */
const lineBytesMax = 16 * 1024 * 1024;
/** Bytes before the position that are compared before reading on. */
const checkBytes = 1024;
/** Lines looked at to recognise the format. */
const recogniseLinesMax = 50;

/** How a pass ended. */
export type PassEnd = {
  readonly published: Published;
  /** `more` can be read at once; `tail`: a last line without its newline is left. */
  readonly rest: "nothing" | "tail" | "more";
  /** Bytes that were read. */
  readonly bytes: number;
};

/** Hears of each step that gave something; reading goes on when it resolves. */
export type TakeStep = (step: Step) => Promise<void>;

/** The file is not the one that was read before, or what was read of it has changed. */
export class FileReplaced extends Error {
  override readonly name = "FileReplaced";
}

/** One file's reading. After an error, or once a tail was read, a new one has to begin again. */
export class SessionReader {
  readonly #path: string;
  readonly #options: AdapterOptions;
  readonly #links: SubAgentLink[];
  #adapter: SessionAdapter<unknown> | null = null;
  #state: unknown = null;
  #early: SourceLine[] = [];
  #place = { line: 1, byteOffset: 0 };
  #check = 0;
  #hasReadTail = false;
  #file: { dev: number; ino: number } | null = null;

  /** `links` is shared by the files of one session; what this one tells is added. */
  constructor(path: string, options: AdapterOptions, links: SubAgentLink[]) {
    this.#path = path;
    this.#options = options;
    this.#links = links;
  }

  /** Whether enough was read to know that no agent wrote it. */
  get isForeign(): boolean {
    return this.#adapter === null && this.#early.length >= recogniseLinesMax;
  }

  /** Whether a last line was read that may go on: reading on needs another reader then. */
  get hasReadTail(): boolean {
    return this.#hasReadTail;
  }

  /**
   * Reads on, gives each step to `take`, and how far it came. `withTail` also reads a last line
   * without its newline. Throws FileReplaced, or the system's error.
   */
  async pass(take: TakeStep, withTail: boolean): Promise<PassEnd> {
    const handle = await open(this.#path, "r");
    try {
      const seen = seenOf(await handle.stat());
      await this.#verify(handle, seen);
      const from = this.#place.byteOffset;
      let to = Math.min(seen.size, from + passBytes);
      let tail = await this.#read({ handle, to }, take);
      if (this.#place.byteOffset === from && to < seen.size) {
        // One line is longer than that.
        to = seen.size;
        tail = await this.#read({ handle, to, firstOnly: true }, take);
      }
      const isAtEnd = to === seen.size && (tail !== null || this.#place.byteOffset === to);
      if (isAtEnd && tail !== null && withTail) {
        this.#hasReadTail = true;
        await this.#push(tail, take);
      }
      const rest = isAtEnd ? (tail === null || withTail ? "nothing" : "tail") : "more";
      const whole = this.#place.byteOffset;
      this.#check = await checkBefore(handle, whole);
      const { dev, ino, size, mtimeMs } = seen;
      const position = rest === "nothing" ? size : whole;
      return { published: { dev, ino, position, mtimeMs }, rest, bytes: whole - from };
    } finally {
      await handle.close();
    }
  }

  async #verify(handle: FileHandle, { dev, ino, size }: Seen): Promise<void> {
    const before = this.#file;
    this.#file = { dev, ino };
    if (before === null) return;
    const { byteOffset } = this.#place;
    const isSame = before.dev === dev && before.ino === ino && size >= byteOffset;
    if (isSame && (await checkBefore(handle, byteOffset)) === this.#check) return;
    throw new FileReplaced(`${this.#path} was written anew`);
  }

  /** Gives the whole lines up to `to`, or only the first, and the line that is not whole. */
  async #read(
    { handle, to, firstOnly = false }: { handle: FileHandle; to: number; firstOnly?: boolean },
    take: TakeStep,
  ): Promise<SourceLine | null> {
    const { line: lines, byteOffset: from } = this.#place;
    const chunks = new FileChunks(handle, from, to);
    let count = 0;
    for await (const read of readLines(chunks.read(), lineBytesMax)) {
      const line = { ...read, line: lines + count, byteOffset: from + read.byteOffset };
      this.#place = { line: line.line, byteOffset: line.byteOffset };
      if (!line.terminated) return line;
      if (firstOnly && count === 1) return null;
      await this.#push(line, take);
      count += 1;
    }
    this.#place = { line: lines + count, byteOffset: chunks.end };
    return null;
  }

  #push(line: SourceLine, take: TakeStep): Promise<void> {
    return this.#adapter === null ? this.#recognise(line, take) : this.#give(line, take);
  }

  async #recognise(line: SourceLine, take: TakeStep): Promise<void> {
    if (this.#early.length >= recogniseLinesMax) return;
    this.#early.push(line);
    const format = recognise([line.text]);
    if (format === null) return;
    this.#adapter = adapterOf(format);
    this.#state = this.#adapter.start({ ...this.#options, links: [...this.#links] });
    for (const early of this.#early.splice(0)) await this.#give(early, take);
  }

  async #give(line: SourceLine, take: TakeStep): Promise<void> {
    const { text, terminated, problem } = line;
    const place = { line: line.line, byteOffset: line.byteOffset };
    const step = (this.#adapter as SessionAdapter<unknown>).push(this.#state, text, {
      ...place,
      terminated,
    });
    if (problem !== undefined) step.problems.push({ ...place, problem });
    this.#links.push(...step.links);
    if (step.frames.length + step.threads.length + step.problems.length > 0) await take(step);
  }
}

/** CRC-32 of the bytes right before a position; 0 at the beginning. */
async function checkBefore(handle: FileHandle, position: number): Promise<number> {
  const length = Math.min(checkBytes, position);
  if (length === 0) return 0;
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position - length);
  return crc32(bytes.subarray(0, bytesRead));
}

/** The bytes between two positions of a file, in chunks that share one buffer. */
class FileChunks {
  readonly #handle: FileHandle;
  readonly #to: number;
  /** Where reading has come to. */
  end: number;

  constructor(handle: FileHandle, from: number, to: number) {
    this.#handle = handle;
    this.#to = to;
    this.end = from;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    // No Buffer, whose slices are not copies.
    const buffer = new Uint8Array(Math.min(chunkBytes, this.#to - this.end));
    while (this.end < this.#to) {
      const length = Math.min(buffer.length, this.#to - this.end);
      const { bytesRead } = await this.#handle.read(buffer, 0, length, this.end);
      // Cut off meanwhile: the next look at the file tells.
      if (bytesRead === 0) return;
      this.end += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}
