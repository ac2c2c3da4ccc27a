/**
 * The thread that writes the search index, one request after the other, at a lower priority than
 * what publishers wait for. Started by `search-link.ts`.
 */
import os from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import type { ThreadKey } from "../thread-key.ts";
import { type ScanPlace, scanPiece } from "./search-scan.ts";
import { openSearchForWriting } from "./search-schema.ts";
import { type SearchUpdate, SearchWriter } from "./search-writer.ts";

/** What is to be done. */
export type SearchTask =
  | { readonly kind: "write"; readonly updates: readonly SearchUpdate[] }
  | { readonly kind: "erase"; readonly key: ThreadKey }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "merge" }
  | { readonly kind: "scan"; readonly place: ScanPlace };

/** `error` null: done, with what a scan found or a merge said. `errcode` is SQLite's, where it has one. */
export type SearchAnswer = {
  readonly id: number;
  readonly result: unknown;
  readonly error: { readonly message: string; readonly errcode?: number | undefined } | null;
};

const port = parentPort;
if (port === null) throw new Error("the search index's worker is started by the store only");

const { file, viewFile } = workerData as { file: string; viewFile: string };
// On Linux this is the priority of this thread alone; elsewhere it would be the process's.
if (process.platform === "linux") os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);
const db = openSearchForWriting(file);
const writer = new SearchWriter(db);

port.on("message", (request: { id: number; task: SearchTask } | "close") => {
  if (request === "close") {
    db.close();
    port.close();
    return;
  }
  let result: unknown = null;
  let error: SearchAnswer["error"] = null;
  try {
    result = perform(request.task);
  } catch (thrown) {
    const { message, errcode } = thrown as Error & { errcode?: number };
    error = { message, errcode }; // the store decides what it means
  }
  port.postMessage({ id: request.id, result, error } satisfies SearchAnswer);
});

function perform(task: SearchTask): unknown {
  switch (task.kind) {
    case "write":
      return writer.write(task.updates);
    case "erase":
      return writer.erase(task.key);
    case "checkpoint":
      return writer.checkpoint();
    case "merge":
      return writer.merge();
    case "scan":
      return scanPiece(db, viewFile, task.place);
  }
}
