/**
 * The rows a staged history folds to, beside its files: closed rollouts, ended runs, remembered
 * message ids, one JSON line each, and a last line that seals them with their CRC-32. What may
 * still change (active rollout, a run that lapsed) stands in the commit instead, so that writing
 * these rows into the view again never takes anything back.
 */
import { strict as assert } from "node:assert";
import { crc32 } from "node:zlib";
import type { MessageIdRow, RolloutRow, RunRow } from "../rows.ts";
import { type FileSystem, isMissing, type OpenFile, readFully, writeFully } from "./file-system.ts";
import type { StoreLimits } from "./store-limits.ts";

/** One row of a staged history. */
export type StagedRow =
  | { readonly rollout: RolloutRow }
  | { readonly run: RunRow }
  | { readonly messageId: MessageIdRow };

/** Read from the file at once; a row is far shorter. */
const readBytes = 256 * 1024;

/** Writes the rows of one history. */
export class StagedRowsWriter {
  readonly #parts: { readonly files: FileSystem; readonly limits: StoreLimits };
  readonly #path: string;
  #file: OpenFile | null = null;
  #waiting = "";
  #end = 0;
  #crc = 0;

  /** For the file at `path`, which is made by the first write. */
  constructor(parts: { files: FileSystem; limits: StoreLimits }, path: string) {
    this.#parts = parts;
    this.#path = path;
  }

  async add(row: StagedRow): Promise<void> {
    this.#waiting += `${JSON.stringify(row)}\n`;
    if (this.#waiting.length >= this.#parts.limits.stageWriteBytes) await this.#write();
  }

  /** All rows and the seal on stable storage, and the file closed. */
  async finish(): Promise<void> {
    await this.#write();
    this.#waiting = `${JSON.stringify({ end: this.#end, crc: this.#crc })}\n`;
    await this.#write();
    await this.#file?.sync();
    await this.close();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  async #write(): Promise<void> {
    if (this.#waiting === "") return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#file ??= await this.#parts.files.open(this.#path, "write");
    await writeFully(this.#file, bytes, this.#end);
    this.#end += bytes.length;
    this.#crc = crc32(bytes, this.#crc);
  }
}

/**
 * The rows in the file at `path`, in order; none without the file. Throws an assertion error when
 * they are not what was written, which shows at their end.
 */
export async function* readStagedRows(files: FileSystem, path: string): AsyncGenerator<StagedRow> {
  let end = 0;
  let crc = 0;
  let isSealed = false;
  for await (const line of linesOf(files, path)) {
    assert(!isSealed, `${path} goes on behind its end`);
    const row = JSON.parse(line.toString("utf8")) as StagedRow | { end: number; crc: number };
    if ("end" in row) {
      assert(row.end === end && row.crc === crc, `${path} is not what was written`);
      isSealed = true;
      continue;
    }
    end += line.length;
    crc = crc32(line, crc);
    yield row;
  }
  assert(isSealed || end === 0, `${path} has no end`);
}

/** Whole lines with their newlines. */
async function* linesOf(files: FileSystem, path: string): AsyncGenerator<Buffer> {
  const file = await files.open(path, "read").catch((error) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (file === null) return;
  try {
    let rest = Buffer.alloc(0);
    for (let position = 0; ; ) {
      const bytes = await readFully(file, position, readBytes);
      position += bytes.length;
      let from = 0;
      const all = Buffer.concat([rest, bytes]);
      for (let at = all.indexOf(0x0a); at >= 0; at = all.indexOf(0x0a, from)) {
        yield all.subarray(from, at + 1);
        from = at + 1;
      }
      rest = all.subarray(from);
      if (bytes.length === 0) break;
    }
    assert(rest.length === 0, `${path} breaks off`);
  } finally {
    await file.close();
  }
}
