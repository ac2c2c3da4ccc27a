/**
 * The file the first admin's key is kept in, `<data>/admin.key`, readable by its owner only (CFG4).
 * Written once by the server; the server and the command line on its machine read it (CFG7, AUTH27).
 */
import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Where a data directory keeps the key. */
export function adminKeyFile(dataDir: string): string {
  return join(dataDir, "admin.key");
}

/** The key in the file; null where there is no file that can be read. */
export function readAdminKey(dataDir: string): string | null {
  try {
    return readFileSync(adminKeyFile(dataDir), "utf8").trim();
  } catch {
    // Operators may put the key elsewhere; then there is none here.
    return null;
  }
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
