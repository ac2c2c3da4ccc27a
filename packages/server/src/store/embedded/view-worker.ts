/**
 * The thread that writes the view, so that SQLite never makes a publisher wait. Takes
 * `ViewRequest` messages in order and answers each with a `ViewAnswer`. Started by `view-link.ts`.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openViewForWriting } from "./view-schema.ts";
import { type ViewUpdate, ViewWriter } from "./view-writer.ts";

/** `durable`: also put all that was applied so far on stable storage. */
export type ViewRequest = {
  readonly id: number;
  readonly batch: number;
  readonly updates: readonly ViewUpdate[];
  readonly durable: boolean;
};

/** `error` null: done. `errcode` is SQLite's, where it has one. */
export type ViewAnswer = {
  readonly id: number;
  readonly error: { readonly message: string; readonly errcode?: number | undefined } | null;
};

const port = parentPort;
if (port === null) throw new Error("the view's worker is started by the store only");

const db = openViewForWriting(workerData.file);
const writer = new ViewWriter(db);

port.on("message", (request: ViewRequest | "close") => {
  if (request === "close") {
    db.close();
    port.close();
    return;
  }
  let error: ViewAnswer["error"] = null;
  try {
    writer.apply(request.batch, request.updates);
    if (request.durable) writer.checkpoint();
  } catch (thrown) {
    const { message, errcode } = thrown as Error & { errcode?: number };
    error = { message, errcode }; // the store decides what it means
  }
  port.postMessage({ id: request.id, error } satisfies ViewAnswer);
});
