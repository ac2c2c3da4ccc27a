/**
 * The built page in memory: every file of its folder, read once at the start, by the path it is
 * served at. No address ever becomes a path on disk, so none can leave the folder, and a build that
 * goes on beside the server changes nothing half-way (WEB4). Called by `app.ts`.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { pageFilesBytesMax } from "../limits.ts";

/** Encodings a build may have put beside a file, best first, with the names' endings. */
export const encodings = [
  { name: "br", ending: ".br" },
  { name: "gzip", ending: ".gz" },
] as const;

/** One of `encodings`, or the file as it is. */
export type Encoding = (typeof encodings)[number]["name"] | "identity";

/** The same content in one encoding; `etag` is strong and this encoding's own. */
export type Variant = { readonly bytes: Buffer; readonly etag: string };

/** A file of the page. */
export type PageFile = {
  readonly contentType: string;
  /** Whether its name holds a hash of its content, so that it never changes. */
  readonly isImmutable: boolean;
  readonly variants: ReadonlyMap<Encoding, Variant>;
};

/** Files by the path they are served at, `/index.html` and `/assets/…` for example. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".woff": "font/woff",
  ".wasm": "application/wasm",
};

/** As a bundler names what it hashes: `assets/index-BfX2k9aQ.js`. */
const hashedPath = /^\/assets\/.+-[\w-]{8,}\.\w+$/;
/** Other names are not served: they would mean something else in a route. */
const servedPath = /^(?:\/[\w.-]+)+$/;

/**
 * Reads `folder`. Null where it holds no index.html, as when nothing was built yet. Throws when the
 * files cannot be read or are too large together.
 */
export async function readPageFiles(folder: string): Promise<PageFiles | null> {
  const contents = await contentsOf(folder);
  if (!contents.has("/index.html")) return null;
  const files = new Map<string, PageFile>();
  for (const [path, bytes] of contents) {
    const isVariant = encodings.some(({ ending }) => contents.has(withoutEnding(path, ending)));
    if (!isVariant) files.set(path, fileOf(path, bytes, contents));
  }
  return files;
}

/** `a.js.gz` without `.gz`; what does not end so is no path of any file. */
function withoutEnding(path: string, ending: string): string {
  return path.endsWith(ending) ? path.slice(0, -ending.length) : "";
}

function fileOf(path: string, bytes: Buffer, contents: ReadonlyMap<string, Buffer>): PageFile {
  const variants = new Map<Encoding, Variant>([["identity", variantOf(bytes)]]);
  for (const { name, ending } of encodings) {
    const encoded = contents.get(path + ending);
    if (encoded !== undefined) variants.set(name, variantOf(encoded));
  }
  return {
    contentType: contentTypes[extname(path)] ?? "application/octet-stream",
    isImmutable: hashedPath.test(path),
    variants,
  };
}

function variantOf(bytes: Buffer): Variant {
  const digest = createHash("sha256").update(bytes).digest("base64url");
  return { bytes, etag: `"${digest.slice(0, 22)}"` };
}

/** Plain files only: a link might lead out of the folder. */
async function contentsOf(folder: string): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  let size = 0;
  for (const entry of await entriesOf(folder)) {
    const place = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, place).split(sep).join("/")}`;
    if (!entry.isFile() || !servedPath.test(path)) continue;
    const bytes = await readFile(place);
    size += bytes.length;
    if (size > pageFilesBytesMax) {
      throw new Error(`${folder} holds more than ${pageFilesBytesMax} bytes; build the page anew`);
    }
    contents.set(path, bytes);
  }
  return contents;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
