/**
 * One file of a `SimulatedDisk`: its bytes as a running process sees them, and the bytes that
 * would be left if power went away now. Edits become stable by `sync`, in one piece; until then
 * each is on its own, as pages in a cache are.
 */
import type { SeededRandom } from "./seeded-random.ts";

type Edit = { readonly id: number } & (
  | { readonly kind: "write"; readonly position: number; readonly data: Buffer }
  | { readonly kind: "truncate"; readonly size: number }
);

/** A torn write is kept or lost in pieces of this many bytes, each by itself. */
const tornPieceBytes = 64;

/** Starts empty; names of files are the disk's, not its own. */
export class SimulatedFile {
  readonly #seen = new GrowingBytes();
  #stable = new GrowingBytes();
  #unsynced: Edit[] = [];
  #nextId = 1;

  get size(): number {
    return this.#seen.size;
  }

  /** The bytes that reads give. Not a copy. */
  get bytes(): Buffer {
    return this.#seen.bytes;
  }

  /** The bytes that are on stable storage. Not a copy. */
  get stableBytes(): Buffer {
    return this.#stable.bytes;
  }

  /** Names the edits made so far, for `sync`. */
  get lastEdit(): number {
    return this.#nextId - 1;
  }

  write(position: number, data: Buffer): void {
    const kept = Buffer.from(data);
    this.#edit({ id: this.#nextId, kind: "write", position, data: kept });
  }

  truncate(size: number): void {
    this.#edit({ id: this.#nextId, kind: "truncate", size });
  }

  /** Makes the edits up to this one stable. */
  sync(lastEdit: number): void {
    for (const edit of this.#unsynced) if (edit.id <= lastEdit) this.#stable.apply(edit);
    this.#unsynced = this.#unsynced.filter(({ id }) => id > lastEdit);
  }

  /**
   * What a failed sync does on Linux: the pages count as clean, so that reads go on seeing them
   * and a later sync says nothing, but they never reach the disk.
   */
  failSync(): void {
    this.#unsynced = [];
  }

  /** Power goes away: every edit that is not stable is kept, lost or torn. */
  losePower(random: SeededRandom): void {
    for (const edit of this.#unsynced) {
      if (edit.kind === "truncate") {
        if (random.chance(0.5)) this.#stable.apply(edit);
        continue;
      }
      const fate = random.pick(["kept", "lost", "torn"] as const);
      if (fate === "kept") this.#stable.apply(edit);
      if (fate === "torn") this.#applyTorn(edit, random);
    }
    this.#unsynced = [];
    this.#seen.replace(this.#stable.bytes);
  }

  /** Changes one byte on the disk behind everybody's back. */
  flip(offset: number): void {
    for (const { bytes } of [this.#seen, this.#stable]) {
      if (offset < bytes.length) bytes[offset] = (bytes[offset] as number) ^ 0x01;
    }
  }

  /** Puts other bytes in the file's place, as stable ones: a restored backup, a lost tail. */
  replace(bytes: Buffer): void {
    this.#unsynced = [];
    this.#seen.replace(bytes);
    this.#stable = new GrowingBytes();
    this.#stable.replace(bytes);
  }

  #edit(edit: Edit): void {
    this.#nextId += 1;
    this.#unsynced.push(edit);
    this.#seen.apply(edit);
  }

  #applyTorn(edit: Edit & { kind: "write" }, random: SeededRandom): void {
    for (let from = 0; from < edit.data.length; from += tornPieceBytes) {
      if (random.chance(0.5)) continue;
      const data = edit.data.subarray(from, from + tornPieceBytes);
      this.#stable.apply({ ...edit, position: edit.position + from, data });
    }
  }
}

/** Bytes that grow; a write beyond the end leaves zeros between. */
class GrowingBytes {
  #buffer = Buffer.alloc(256);
  size = 0;

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.size);
  }

  apply(edit: Edit): void {
    const end = edit.kind === "write" ? edit.position + edit.data.length : edit.size;
    if (end > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(end, this.#buffer.length * 2));
      this.bytes.copy(larger);
      this.#buffer = larger;
    }
    if (edit.kind === "write") {
      edit.data.copy(this.#buffer, edit.position);
      this.size = Math.max(this.size, end);
    } else {
      if (end < this.size) this.#buffer.fill(0, end, this.size);
      this.size = end;
    }
  }

  replace(bytes: Buffer): void {
    this.#buffer = Buffer.alloc(Math.max(256, bytes.length));
    bytes.copy(this.#buffer);
    this.size = bytes.length;
  }
}
