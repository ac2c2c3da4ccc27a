/**
 * Serves the page at `/` (WEB1–WEB4): files of the built page from memory, `index.html` for the
 * page's own addresses, a hint where nothing was built. Guarantees that nothing but the page's own
 * files runs in it. None of this needs a credential: the page asks the API, which does.
 */
import { Readable } from "node:stream";
import type { Answer } from "./answer.ts";
import { isNoneMatch } from "./byte-range.ts";
import type { Client, OwnOrigin } from "./own-origin.ts";
import {
  type Encoding,
  encodings,
  type PageFile,
  type PageFiles,
  type Variant,
} from "./page-files.ts";
import { noSuchPath } from "./refusals.ts";
import { type Call, type Route, route } from "./route.ts";

/** What is served; `files` null: no page was built. */
export type PageServices = {
  readonly files: PageFiles | null;
  readonly ownOrigin: OwnOrigin;
};

/** Addresses within the page, which it reads itself. */
const pagePaths = ["/", "/threads", "/threads/*"];

/** The routes: the page's addresses, its assets, and the files beside `index.html`. */
export function pageRoutes({ files, ownOrigin }: PageServices): Route[] {
  const serve = (file: PageFile | undefined) => (call: Call) => {
    return fileAnswer(call, file, ownOrigin);
  };
  const pages = pagePaths.map((path) => {
    return pageRoute(path, files === null ? () => hint() : serve(files.get("/index.html")));
  });
  if (files === null) return pages;
  const beside = [...files].filter(([path]) => !path.startsWith("/assets/"));
  return [
    ...pages,
    pageRoute("/assets/*", (call) => {
      return fileAnswer(call, files.get(`/assets/${call.params["*"]}`), ownOrigin);
    }),
    ...beside.map(([path, file]) => pageRoute(path, serve(file))),
  ];
}

function pageRoute(path: string, handle: (call: Call) => Answer): Route {
  return route({
    method: "GET",
    path,
    guard: "public",
    query: {},
    takesAnyQuery: true,
    body: null,
    about: { summary: "The page", answers: { 200: null }, mediaType: "text/html" },
    handle,
  });
}

function fileAnswer(call: Call, file: PageFile | undefined, ownOrigin: OwnOrigin): Answer {
  if (file === undefined) throw noSuchPath();
  const [encoding, { bytes, etag }] = variantFor(file, call.headers["accept-encoding"]);
  const headers = {
    ...pageHeaders(call.client, ownOrigin),
    ...(file.variants.size > 1 ? { vary: "Accept-Encoding" } : {}),
    etag,
  };
  const cacheControl = file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache";
  if (isNoneMatch(call.headers["if-none-match"], etag)) {
    return { kind: "bytes", status: 304, headers, cacheControl, open: null };
  }
  return {
    kind: "bytes",
    status: 200,
    headers: {
      ...headers,
      "content-type": file.contentType,
      "content-length": bytes.length,
      ...(encoding === "identity" ? {} : { "content-encoding": encoding }),
    },
    cacheControl,
    open: () => Readable.from([bytes]),
  };
}

/** The best encoding that there is and that `accepted` names with a weight above 0. */
function variantFor(file: PageFile, accepted: string | undefined): readonly [Encoding, Variant] {
  const names = new Set<string>();
  for (const entry of (accepted ?? "").toLowerCase().split(",")) {
    const [name = "", weight = "q=1"] = entry.split(";").map((part) => part.trim());
    if (!/^q=0(?:\.0*)?$/.test(weight)) names.add(name);
  }
  for (const { name } of encodings) {
    const variant = file.variants.get(name);
    if (variant !== undefined && names.has(name)) return [name, variant];
  }
  return ["identity", file.variants.get("identity") as Variant];
}

/** What keeps the page to itself: no foreign script, frame, form, image or connection. */
function pageHeaders(client: Client, ownOrigin: OwnOrigin) {
  const own = ownOrigin(client);
  // For browsers to which 'self' does not include the WebSocket of the same origin.
  const socket = own === null ? "" : ` ${own.replace(/^http/, "ws")}`;
  return {
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      // No other host: an image in a message would tell its owner when it is read.
      "img-src 'self' data: blob:",
      "font-src 'self'",
      "manifest-src 'self'",
      `connect-src 'self'${socket}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
    ].join("; "),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
}

function hint(): Answer {
  const bytes = Buffer.from(
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Spool</title>
<h1>Spool is running</h1>
<p>This server has no page: use the API key that its first start printed, with curl,
<code>npx spool threads list</code> or <code>npx spool tail</code>.</p>
<p>The API answers: <a href="/openapi.json">/openapi.json</a> describes it.</p>
</html>
`,
  );
  return {
    kind: "bytes",
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-length": bytes.length,
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    },
    cacheControl: "no-store",
    open: () => Readable.from([bytes]),
  };
}
