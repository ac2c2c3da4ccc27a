/**
 * The store's end of the view: sends changed rows, resolves when they are committed. Behind it
 * is a worker; one that died is started again by the next call, and the caller sends again what
 * failed. Tests put a view in its place that is written in the same thread.
 */
import { Worker } from "node:worker_threads";
import type { ViewAnswer, ViewRequest } from "./view-worker.ts";
import type { ViewUpdate } from "./view-writer.ts";

type Waiting = { readonly resolve: () => void; readonly reject: (error: Error) => void };

/** Takes the rows that changed, in the order of the batches. */
export interface ViewSink {
  /** Resolves when the rows are committed, with `durable` when they are on stable storage. */
  apply(batch: number, updates: readonly ViewUpdate[], durable: boolean): Promise<void>;
  /** Ends the writing once everything given before is done. */
  close(): Promise<void>;
}

/** The view written by a worker. Its calls resolve in the order they were made. */
export class ViewLink implements ViewSink {
  readonly #file: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;

  /** For the view in `file`; the worker starts with the first call. */
  constructor(file: string) {
    this.#file = file;
  }

  apply(batch: number, updates: readonly ViewUpdate[], durable: boolean): Promise<void> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, batch, updates, durable } satisfies ViewRequest);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === null) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage("close");
    await exited;
  }

  #start(): Worker {
    const options = { workerData: { file: this.#file }, execArgv: [] };
    const worker = new Worker(new URL("./view-worker.ts", import.meta.url), options);
    worker.on("message", (answer: ViewAnswer) => this.#settle(answer));
    worker.on("error", (error) => this.#end(worker, error as Error));
    worker.on("exit", () => this.#end(worker, new Error("the view's worker has ended")));
    return worker;
  }

  #settle({ id, error }: ViewAnswer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === null) waiting?.resolve();
    else {
      const { message, errcode } = error;
      waiting?.reject(
        Object.assign(new Error(`the view refused a change: ${message}`), { errcode }),
      );
    }
  }

  #end(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
