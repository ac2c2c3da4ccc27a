/**
 * Builds the page into `dist/`, when its sources changed since the last time or it is not there.
 * Runs before `npm start`, `npm test` and `npm run bench`. Beside each text file it puts the same
 * compressed, so that the server has nothing to compress. `--force` builds in any case.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = import.meta.dirname;
const root = join(folder, "../..");
const target = join(folder, "dist");
/** Holds the fingerprint of what `dist/` was built from. */
const stampFile = join(folder, ".cache", "built-from");
const sources = [
  "package-lock.json",
  "packages/web/{index.html,package.json,vite.config.ts,build-page.ts}",
  "packages/web/public/**",
  "packages/{web,client,protocol}/src/**/*.{ts,tsx,css}",
];
/** Below this size a compressed file saves no packet. */
const compressedFrom = 1_400;

async function main(force: boolean): Promise<void> {
  const fingerprint = fingerprintOf(sourceFiles());
  const isThere = existsSync(join(target, "index.html")) && existsSync(stampFile);
  if (!force && isThere && readFileSync(stampFile, "utf8") === fingerprint) return;
  const started = performance.now();
  process.stderr.write("building the page … ");
  // A build that was cut short must not count.
  await rm(stampFile, { force: true });
  const { build } = await import("vite");
  await build({ configFile: join(folder, "vite.config.ts"), logLevel: "error" });
  await compressAll();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, fingerprint);
  process.stderr.write(`done in ${((performance.now() - started) / 1_000).toFixed(1)} s\n`);
}

function sourceFiles(): string[] {
  const found = globSync(sources, { cwd: root, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/testing/"))
    .sort();
}

function fingerprintOf(paths: readonly string[]): string {
  const hash = createHash("sha256").update(process.version);
  for (const path of paths) hash.update(`\n${relative(root, path)}\n`).update(readFileSync(path));
  return hash.digest("hex");
}

/** Puts `.br` and `.gz` beside every file of text that is worth it (WEB3). */
async function compressAll(): Promise<void> {
  for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:html|js|css|svg|json)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.length < compressedFrom) continue;
    const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
    await writeFile(`${path}.br`, brotliCompressSync(bytes, { params }));
    await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

await main(process.argv.includes("--force"));
