/**
 * The file the first admin's key is kept in, `<data>/admin.key`, readable by its owner only (CFG4).
 * Written once by the server; the command line on the same machine reads it (CFG7).
 */
import { chmodSync, closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Where a data directory keeps the key. */
export function adminKeyFile(dataDir: string): string {
  return join(dataDir, "admin.key");
}

/** Writes `secret` and a newline; it is on stable storage when this returns. */
export function keepAdminKey(dataDir: string, secret: string): void {
  const path = adminKeyFile(dataDir);
  const file = openSync(path, "w", 0o600);
  try {
    chmodSync(path, 0o600); // a file that was there keeps its own mode otherwise
    writeSync(file, `${secret}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
