/**
 * What the embedded store needs of a file system, small enough that tests can put a faulty one in
 * its place (`testing/faulty-file-system.ts`). Errors are Node's system errors, with `code`.
 */
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** An open file. Positions and sizes are in bytes; every method rejects with the disk's error. */
export interface OpenFile {
  size(): Promise<number>;
  /** Bytes read into `buffer` from `position`; fewer than asked for at the end of the file. */
  read(buffer: Buffer, position: number): Promise<number>;
  /** Bytes written at `position`; may be fewer than given, as with the system call. */
  write(buffer: Buffer, position: number): Promise<number>;
  /** Resolves when everything written so far is on stable storage. */
  sync(): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Files and folders by absolute path. Every method rejects with the disk's error. */
export interface FileSystem {
  /** `read`: must exist. `write`: made when missing, kept when not; for reading too. */
  open(file: string, mode: "read" | "write"): Promise<OpenFile>;
  /** Null when there is no such file. */
  readFile(file: string): Promise<Buffer | null>;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** Makes a folder and its parents; their names are on stable storage afterwards. */
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all in it; nothing happens when it is not there. */
  remove(target: string): Promise<void>;
  /** Puts the names in a folder on stable storage. */
  syncFolder(folder: string): Promise<void>;
}

/** Writes all of `buffer` at `position`, however short the single writes are. */
export async function writeFully(file: OpenFile, buffer: Buffer, position: number): Promise<void> {
  let written = await file.write(buffer, position);
  while (written < buffer.length) {
    written += await file.write(buffer.subarray(written), position + written);
  }
}

/** Reads `bytes` from `position`; shorter where the file ends before. */
export async function readFully(file: OpenFile, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let got = 0;
  while (got < bytes) {
    const read = await file.read(buffer.subarray(got), position + got);
    if (read === 0) break;
    got += read;
  }
  return buffer.subarray(0, got);
}

/**
 * Replaces a whole file so that after a crash it is the old or the new one: temporary file, sync,
 * rename, sync of the folder.
 */
export async function replaceFile(files: FileSystem, target: string, bytes: Buffer) {
  const temporary = `${target}.new`;
  await files.remove(temporary);
  const file = await files.open(temporary, "write");
  try {
    await writeFully(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(temporary, target);
  await files.syncFolder(path.dirname(target));
}

/** Whether an error says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException)?.code === "ENOENT";
}

const open = promisify(fs.open);
const read = promisify(fs.read) as unknown as BufferCall;
const write = promisify(fs.write) as unknown as BufferCall;
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);
const ftruncate = promisify(fs.ftruncate);
const fstat = promisify(fs.fstat);
const close = promisify(fs.close);

type BufferCall = (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number; bytesWritten: number }>;

/** Writes up to this long are made at once; longer ones could hold up the event loop. */
const copiedBytesMax = 256 * 1024;

class NodeFile implements OpenFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async size(): Promise<number> {
    return (await fstat(this.#fd)).size;
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    return (await read(this.#fd, buffer, 0, buffer.length, position)).bytesRead;
  }

  async write(buffer: Buffer, position: number): Promise<number> {
    // Into the page cache: a copy costs less than a way through the thread pool and back, which
    // would end a turn of the event loop later.
    if (buffer.length <= copiedBytesMax) {
      return fs.writeSync(this.#fd, buffer, 0, buffer.length, position);
    }
    return (await write(this.#fd, buffer, 0, buffer.length, position)).bytesWritten;
  }

  sync(): Promise<void> {
    return fdatasync(this.#fd);
  }

  truncate(size: number): Promise<void> {
    return ftruncate(this.#fd, size);
  }

  close(): Promise<void> {
    return close(this.#fd);
  }
}

const { O_CREAT, O_RDONLY, O_RDWR } = fs.constants;

/** The machine's own files. */
export class NodeFileSystem implements FileSystem {
  async open(file: string, mode: "read" | "write"): Promise<OpenFile> {
    return new NodeFile(await open(file, mode === "read" ? O_RDONLY : O_RDWR | O_CREAT, 0o600));
  }

  async readFile(file: string): Promise<Buffer | null> {
    try {
      return await fs.promises.readFile(file);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async list(folder: string): Promise<string[]> {
    try {
      return (await fs.promises.readdir(folder)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  async makeFolder(folder: string): Promise<void> {
    const first = await fs.promises.mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    // The name of each new folder stands in its parent.
    for (let made = folder; made.length >= first.length; made = path.dirname(made)) {
      await this.syncFolder(path.dirname(made));
    }
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(from, to);
  }

  remove(target: string): Promise<void> {
    return fs.promises.rm(target, { recursive: true, force: true });
  }

  async syncFolder(folder: string): Promise<void> {
    const fd = await open(folder, O_RDONLY);
    try {
      await fsync(fd);
    } finally {
      await close(fd);
    }
  }
}
