/**
 * Runs a real server in a process of its own until it is killed; started by tests that do the
 * killing. Argument: the data directory. Prints `port key` when it is ready.
 */

import { readFileSync } from "node:fs";
import path from "node:path";
import { startApp } from "../app.ts";
import { parseConfig } from "../config.ts";

const dataDir = process.argv[2] as string;
const config = parseConfig({}, { dataDir, port: "0", logLevel: "error" });
const app = await startApp(config);
const key = readFileSync(path.join(dataDir, "admin.key"), "utf8").trim();
console.log(`${new URL(app.url).port} ${key}`);
process.on("SIGTERM", () => {
  app.close().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
