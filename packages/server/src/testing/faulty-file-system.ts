/**
 * A FileSystem over a `SimulatedDisk`, as one process has it, with faults to order. Deterministic:
 * the same seed and the same calls give the same faults.
 *
 * The permitted faults:
 * - short writes: `write` takes fewer bytes than it is given (`shortWrites`);
 * - a full disk: growing a file beyond `freeBytes` takes what fits, then ENOSPC, until lifted;
 * - an error, once or for ever, from the nth operation of a kind on files of a name (`fail`): an
 *   edit did not happen, a sync left everything in the cache and lets it never reach the disk;
 * - an operation that does not come back until it is released (`hold`);
 * - the process dies (`kill`): nothing that was not begun happens, the cache stays;
 * - power goes away at the nth operation (`dieAt`), which may still have happened, or between two;
 *   then `disk.losePower` keeps, loses or tears every edit that was not synced, each by itself, and
 *   keeps or loses every name of which the folder was not synced.
 * Not permitted: a sync that lies; a synced byte that changes (tests do that with `flip`).
 */
import path from "node:path";
import { type FileSystem, isMissing, type OpenFile } from "../store/embedded/file-system.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { type SimulatedDisk, SimulatedFolder } from "./simulated-disk.ts";
import { SimulatedFile } from "./simulated-file.ts";

/** What a process can ask of the file system. */
export type OperationKind =
  | "open"
  | "make"
  | "read"
  | "write"
  | "sync"
  | "truncate"
  | "list"
  | "makeFolder"
  | "rename"
  | "remove"
  | "syncFolder";

/** Which operations fail: of a kind, on paths that match, after `skip` good ones, `times` times. */
export type Fault = {
  readonly kind: OperationKind;
  readonly path: RegExp;
  readonly code: string;
  readonly skip?: number;
  readonly times?: number;
};

/** An operation that was carried out or failed. */
export type Operation = { readonly kind: OperationKind; readonly path: string };

/** An order to wait. */
type Held = {
  readonly kind: OperationKind;
  readonly path: RegExp;
  readonly released: Promise<void>;
  readonly release: () => void;
};

const reading: readonly OperationKind[] = ["open", "read", "list"];

/** One process's view of the disk; a second one over the same disk is the process after a crash. */
export class FaultyFileSystem implements FileSystem {
  readonly disk: SimulatedDisk;
  readonly #random: SeededRandom;
  /** Every operation so far, in order. */
  readonly operations: Operation[] = [];
  /** Files opened and closed so far: the difference is open, or leaked. */
  opened = 0;
  closed = 0;
  /** `write` takes a part of what it is given. */
  shortWrites = false;
  /** Bytes by which files may still grow. */
  freeBytes = Number.POSITIVE_INFINITY;
  #faults: { fault: Fault; skip: number; times: number }[] = [];
  #held: Held[] = [];
  #edits = 0;
  #dieAt = Number.POSITIVE_INFINITY;
  #dead = false;

  constructor(disk: SimulatedDisk, random: SeededRandom) {
    this.disk = disk;
    this.#random = random;
  }

  /** Operations so far that change something: the moments at which a process can die. */
  get edits(): number {
    return this.#edits;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** How many operations of a kind were on paths that match. */
  count(kind: OperationKind, pattern = /./): number {
    return this.operations.filter((one) => one.kind === kind && pattern.test(one.path)).length;
  }

  /** Orders a fault; without `times` it lasts. */
  fail(fault: Fault): void {
    const { skip = 0, times = Number.POSITIVE_INFINITY } = fault;
    this.#faults.push({ fault, skip, times });
  }

  /** Ends all ordered faults. */
  heal(): void {
    this.#faults = [];
    this.freeBytes = Number.POSITIVE_INFINITY;
  }

  /** Operations of a kind wait until the returned function is called. */
  hold(kind: OperationKind, pattern: RegExp): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held: Held = { kind, path: pattern, released: promise, release: resolve };
    this.#held.push(held);
    return () => {
      this.#held = this.#held.filter((one) => one !== held);
      resolve();
    };
  }

  /** The process dies at this edit, counted from 1 since the beginning. */
  dieAt(edit: number): void {
    this.#dieAt = edit;
  }

  /** The process dies now: every operation from here on, of files left open too, fails. */
  kill(): void {
    this.#dead = true;
    for (const { release } of this.#held) release();
  }

  async open(file: string, mode: "read" | "write"): Promise<OpenFile> {
    const missing = mode === "write" && this.disk.file(file) === null;
    const node = await this.run({ kind: missing ? "make" : "open", path: file }, () => {
      const found = this.disk.file(file);
      if (found !== null) return found;
      if (mode === "read") throw systemError("ENOENT", file);
      const made = new SimulatedFile();
      this.#folderOf(file).change(new Map([[path.basename(file), made]]));
      return made;
    });
    this.opened += 1;
    return new FaultyFile(this, node, file);
  }

  async readFile(file: string): Promise<Buffer | null> {
    try {
      const bytes = () => Buffer.from(this.#fileAt(file).bytes);
      return await this.run({ kind: "read", path: file }, bytes);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  list(folder: string): Promise<string[]> {
    const names = () => [...(this.disk.folder(folder)?.entries.keys() ?? [])].sort();
    return this.run({ kind: "list", path: folder }, names);
  }

  async makeFolder(folder: string): Promise<void> {
    const made: string[] = [];
    for (let at = folder; this.disk.find(at) === null; at = path.dirname(at)) made.unshift(at);
    for (const one of made) {
      await this.run({ kind: "makeFolder", path: one }, () => {
        if (this.disk.find(one) !== null) return;
        this.#folderOf(one).change(new Map([[path.basename(one), new SimulatedFolder()]]));
      });
    }
    for (const one of made) await this.syncFolder(path.dirname(one));
  }

  rename(from: string, to: string): Promise<void> {
    return this.run({ kind: "rename", path: to }, () => {
      const gone = [path.basename(from), null] as const;
      const come = [path.basename(to), this.#fileAt(from)] as const;
      const [source, target] = [this.#folderOf(from), this.#folderOf(to)];
      if (source === target) {
        target.change(new Map([gone, come]));
        return;
      }
      // One step of the file system's own journal: both folders keep it, or both lose it.
      const fate = {};
      target.change(new Map([come]), fate);
      source.change(new Map([gone]), fate);
    });
  }

  remove(target: string): Promise<void> {
    return this.run({ kind: "remove", path: target }, () => {
      if (this.disk.find(target) === null) return;
      this.#folderOf(target).change(new Map([[path.basename(target), null]]));
    });
  }

  syncFolder(folder: string): Promise<void> {
    const node = this.disk.folder(folder);
    if (node === null) return Promise.reject(systemError("ENOENT", folder));
    const { lastEdit } = node;
    return this.run({ kind: "syncFolder", path: folder }, () => node.sync(lastEdit));
  }

  /** Carries out one operation, or fails it as ordered. For `FaultyFile` as well. */
  async run<Result>(
    operation: Operation,
    work: () => Result,
    onFailure: () => void = () => undefined,
  ): Promise<Result> {
    await turn(operation.kind);
    for (const held of this.#held) {
      if (held.kind === operation.kind && held.path.test(operation.path)) await held.released;
    }
    if (this.#dead) throw systemError("EOWNERDEAD", operation.path);
    this.operations.push(operation);
    const isEdit = !reading.includes(operation.kind);
    if (isEdit) this.#edits += 1;
    if (isEdit && this.#edits === this.#dieAt) {
      this.#dead = true;
      if (this.#random.chance(0.5)) work();
      throw systemError("EOWNERDEAD", operation.path);
    }
    const code = this.#ordered(operation);
    if (code === null) return work();
    onFailure();
    throw systemError(code, operation.path);
  }

  /** How much of a write is taken now; throws ENOSPC when nothing fits. */
  taken(file: SimulatedFile, position: number, bytes: number, name: string): number {
    const growth = Math.max(0, position + bytes - Math.max(file.size, position));
    const fits = bytes - growth + Math.min(growth, this.freeBytes);
    if (fits === 0 && bytes > 0) throw systemError("ENOSPC", name);
    const taken = this.shortWrites && fits > 1 ? 1 + this.#random.below(fits) : fits;
    this.freeBytes -= Math.max(0, position + taken - Math.max(file.size, position));
    return taken;
  }

  #ordered({ kind, path: at }: Operation): string | null {
    for (const entry of this.#faults) {
      if (entry.fault.kind !== kind || !entry.fault.path.test(at) || entry.times === 0) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.times -= 1;
      return entry.fault.code;
    }
    return null;
  }

  #fileAt(file: string): SimulatedFile {
    const found = this.disk.file(file);
    if (found === null) throw systemError("ENOENT", file);
    return found;
  }

  #folderOf(target: string): SimulatedFolder {
    const folder = this.disk.folder(path.dirname(target));
    if (folder === null) throw systemError("ENOENT", target);
    return folder;
  }
}

class FaultyFile implements OpenFile {
  readonly #files: FaultyFileSystem;
  readonly #node: SimulatedFile;
  readonly #path: string;

  constructor(files: FaultyFileSystem, node: SimulatedFile, file: string) {
    this.#files = files;
    this.#node = node;
    this.#path = file;
  }

  size(): Promise<number> {
    return this.#run("open", () => this.#node.size);
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return this.#run("read", () => this.#node.bytes.copy(buffer, 0, position));
  }

  write(buffer: Buffer, position: number): Promise<number> {
    return this.#run("write", () => {
      const taken = this.#files.taken(this.#node, position, buffer.length, this.#path);
      this.#node.write(position, buffer.subarray(0, taken));
      return taken;
    });
  }

  sync(): Promise<void> {
    // What is written while the sync is on its way may be missed by it.
    const { lastEdit } = this.#node;
    const work = () => this.#node.sync(lastEdit);
    const operation = { kind: "sync", path: this.#path } as const;
    return this.#files.run(operation, work, () => this.#node.failSync());
  }

  truncate(size: number): Promise<void> {
    return this.#run("truncate", () => this.#node.truncate(size));
  }

  async close(): Promise<void> {
    this.#files.closed += 1;
  }

  #run<Result>(kind: OperationKind, work: () => Result): Promise<Result> {
    return this.#files.run({ kind, path: this.#path }, work);
  }
}

/** A sync takes a turn of the event loop, so that others get in meanwhile; the rest is quick. */
function turn(kind: OperationKind): Promise<void> | void {
  if (kind !== "sync" && kind !== "syncFolder") return;
  return new Promise((resolve) => setImmediate(resolve));
}

function systemError(code: string, file: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${file}`), { code, syscall: "simulated" });
}
