/**
 * Bytes of a file that may be compressed with zstd (`rollout-*.jsonl.zst`) → its plain bytes, as a
 * stream. Told by the first bytes, not by the name. Called before a file is split into lines.
 */
import { createZstdDecompress, type ZstdDecompress } from "node:zlib";

const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Bytes given to the decompressor at once, which bounds what waits to be taken from it. */
const pieceBytes = 16 * 1024;

/**
 * The plain chunks. What a damaged or cut file holds up to its damage is given, and `onDamage`
 * hears what is wrong with the rest.
 */
export async function* plainChunks(
  chunks: AsyncIterable<Uint8Array>,
  onDamage: (problem: string) => void,
): AsyncGenerator<Uint8Array> {
  let head: Uint8Array | null = new Uint8Array();
  let zstd: ZstdReading | null = null;
  for await (const chunk of chunks) {
    let next = chunk;
    if (head !== null) {
      next = Buffer.concat([head, chunk]);
      head = next.length < magic.length ? next : null;
      if (head !== null) continue;
      if (magic.equals(next.subarray(0, magic.length))) zstd = new ZstdReading(onDamage);
    }
    if (zstd === null) yield next;
    else if (zstd.damaged) return;
    else yield* zstd.read(next);
  }
  if (head !== null && head.length > 0) yield head;
  if (zstd !== null) yield* zstd.end();
}

/** Reads one compressed file: one frame after the other, as writers that append leave them. */
class ZstdReading {
  readonly #onDamage: (problem: string) => void;
  #frame = new ZstdFrame();
  damaged = false;

  constructor(onDamage: (problem: string) => void) {
    this.#onDamage = onDamage;
  }

  async *read(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let from = 0; from < chunk.length && !this.damaged; ) {
      const piece = chunk.subarray(from, from + pieceBytes);
      const used = await this.#guarded(() => this.#frame.write(piece));
      yield* this.#frame.take();
      from += used;
      if (used < piece.length && !this.damaged) this.#frame = new ZstdFrame();
    }
  }

  async *end(): AsyncGenerator<Uint8Array> {
    if (!this.damaged) await this.#guarded(() => this.#frame.end());
    yield* this.#frame.take();
  }

  async #guarded(work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } catch (error) {
      // The decompressor fails for what the file holds only: what came before is kept.
      this.damaged = true;
      this.#onDamage(`is damaged zstd: ${error instanceof Error ? error.message : String(error)}`);
      return 0;
    }
  }
}

/** One frame being decompressed. */
class ZstdFrame {
  readonly #stream: ZstdDecompress = createZstdDecompress();
  readonly #failed: Promise<never>;
  readonly #ended: Promise<void>;
  #plain: Uint8Array[] = [];

  constructor() {
    this.#stream.on("data", (chunk: Uint8Array) => this.#plain.push(chunk));
    this.#ended = new Promise((resolve) => this.#stream.once("end", resolve));
    this.#failed = new Promise((_, reject) => this.#stream.once("error", reject));
    // Awaited with every write; a failure between two writes is heard with the next one.
    this.#failed.catch(() => {});
  }

  /** Gives how many bytes were the frame's: fewer than given when it ended within them. */
  async write(bytes: Uint8Array): Promise<number> {
    const before = this.#stream.bytesWritten;
    const written = new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve()));
    await Promise.race([this.#failed, written, this.#ended]);
    return this.#stream.bytesWritten - before;
  }

  async end(): Promise<number> {
    this.#stream.end();
    if (!this.#stream.readableEnded) await Promise.race([this.#failed, this.#ended]);
    return 0;
  }

  take(): Uint8Array[] {
    const plain = this.#plain;
    this.#plain = [];
    return plain;
  }
}
