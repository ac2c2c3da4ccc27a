/**
 * The store's end of the search index: hands tasks to the worker that writes it, one after the
 * other. A worker that died is started again by the next call. Tests put an index in its place
 * that is written in the same thread.
 */
import { Worker } from "node:worker_threads";
import type { ThreadKey } from "../thread-key.ts";
import type { ScanPiece, ScanPlace } from "./search-scan.ts";
import type { SearchAnswer, SearchTask } from "./search-worker.ts";
import type { SearchUpdate } from "./search-writer.ts";

/** Where the index is, and the tables it is compared with. */
export type SearchFiles = { readonly file: string; readonly viewFile: string };

/** Writes the search index. What rejects was not done, or can be done again. */
export interface SearchSink {
  /** Indexes updates of different threads, all or nothing. */
  write(updates: readonly SearchUpdate[]): Promise<void>;
  /** Erases a thread from the index. */
  erase(key: ThreadKey): Promise<void>;
  /** Puts everything on stable storage; what was erased is in no file any more. */
  checkpoint(): Promise<void>;
  /** Merges some of what was written apart; false where all is merged. */
  merge(): Promise<boolean>;
  /** A piece of the comparison with the tables. */
  scan(place: ScanPlace): Promise<ScanPiece>;
  /** Ends the writing once everything given before is done. */
  close(): Promise<void>;
}

type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (e: Error) => void };

/** The index written by a worker, which starts with the first call. */
export class SearchLink implements SearchSink {
  readonly #files: SearchFiles;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;

  constructor(files: SearchFiles) {
    this.#files = files;
  }

  async write(updates: readonly SearchUpdate[]): Promise<void> {
    const bytes = updates.map(({ lines }) => lines.buffer as ArrayBuffer);
    await this.#send({ kind: "write", updates }, bytes);
  }

  async erase(key: ThreadKey): Promise<void> {
    await this.#send({ kind: "erase", key });
  }

  async checkpoint(): Promise<void> {
    await this.#send({ kind: "checkpoint" });
  }

  async merge(): Promise<boolean> {
    return (await this.#send({ kind: "merge" })) as boolean;
  }

  async scan(place: ScanPlace): Promise<ScanPiece> {
    return (await this.#send({ kind: "scan", place })) as ScanPiece;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("close");
    await exited;
  }

  #send(task: SearchTask, transferred: readonly ArrayBuffer[] = []): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, task }, transferred);
    });
  }

  #start(): Worker {
    const options = { workerData: this.#files, execArgv: [] };
    const worker = new Worker(new URL("./search-worker.ts", import.meta.url), options);
    worker.on("message", (answer: SearchAnswer) => this.#settle(answer));
    worker.on("error", (error) => this.#end(worker, error as Error));
    worker.on("exit", () => this.#end(worker, new Error("the search index's worker has ended")));
    return worker;
  }

  #settle({ id, result, error }: SearchAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve(result);
    else waiting?.reject(Object.assign(new Error(error.message), { errcode: error.errcode }));
  }

  #end(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
