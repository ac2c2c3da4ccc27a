/**
 * One rollout of a history on its way in: its file and its index, in the form `rollout-files.ts`
 * reads, written piece by piece and synced now and then, so that nobody's flush waits behind it.
 */
import type { EventLine } from "../event-line.ts";
import { rolloutFile, rolloutIndexFile } from "./data-paths.ts";
import { type FileSystem, type OpenFile, writeFully } from "./file-system.ts";
import { blocksOf, encodeBlocks } from "./rollout-index-codec.ts";
import type { StoreLimits } from "./store-limits.ts";

type Parts = { readonly files: FileSystem; readonly limits: StoreLimits };

const newline = Buffer.from("\n");

/** The two files of a rollout, open for writing. `finish` or `close` lets go of them. */
export class StagedRollout {
  readonly #limits: StoreLimits;
  readonly #lines: OpenFile;
  readonly #index: OpenFile;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #firstWaiting = 0;
  #linesEnd = 0;
  #indexEnd = 0;
  #unsynced = 0;
  #isOpen = true;

  private constructor(limits: StoreLimits, lines: OpenFile, index: OpenFile) {
    this.#limits = limits;
    this.#lines = lines;
    this.#index = index;
  }

  /** Makes the files of a rollout in `folder`. Rejects with the disk's error. */
  static async begin({ files, limits }: Parts, folder: string, rolloutId: string) {
    const lines = await files.open(rolloutFile(folder, rolloutId), "write");
    try {
      const index = await files.open(rolloutIndexFile(folder, rolloutId), "write");
      return new StagedRollout(limits, lines, index);
    } catch (error) {
      await lines.close();
      throw error;
    }
  }

  /** Takes the next line; writes when enough came together. */
  async add({ event, line }: EventLine): Promise<void> {
    if (this.#waiting.length === 0) this.#firstWaiting = event.sequence;
    this.#waiting.push(line, newline);
    this.#waitingBytes += line.length + 1;
    if (this.#waitingBytes >= this.#limits.stageWriteBytes) await this.#write();
  }

  /** Both files on stable storage and closed. */
  async finish(): Promise<void> {
    await this.#write();
    await this.#sync();
    await this.close();
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#lines.close();
    await this.#index.close();
  }

  async #write(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
    const start = { offset: this.#linesEnd, firstSequence: this.#firstWaiting };
    const blocks = encodeBlocks(blocksOf(bytes, start, this.#limits.blockBytes));
    this.#waiting = [];
    this.#waitingBytes = 0;
    await writeFully(this.#lines, bytes, this.#linesEnd);
    await writeFully(this.#index, blocks, this.#indexEnd);
    this.#linesEnd += bytes.length;
    this.#indexEnd += blocks.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced >= this.#limits.stageSyncBytes) await this.#sync();
  }

  async #sync(): Promise<void> {
    await this.#lines.sync();
    await this.#index.sync();
    this.#unsynced = 0;
  }
}
