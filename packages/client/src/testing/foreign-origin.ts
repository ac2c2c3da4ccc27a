/**
 * The origin of a page that uses the library as it is published: built, served as plain files from
 * loopback, without a bundler and under a policy that allows scripts of its own only. Pages hold no
 * key: their origin gives them session tokens. For tests only.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** The library's modules that the page imports. */
type Library = typeof import("../live-client.ts") &
  typeof import("../publisher.ts") &
  typeof import("../spool-client.ts") &
  typeof import("../spool-error.ts") &
  typeof import("../subscription.ts");

/** What functions that run in the page find in `globalThis`. */
export type InPage = {
  readonly spool: Library;
  /** Asks the page's origin for a session token; rejects when it has none. */
  readonly newToken: () => Promise<string>;
};

/** A running origin; its page is at `/`. */
export type ForeignOrigin = {
  readonly url: string;
  /** Paths that pages fetched from it. */
  readonly fetched: ReadonlySet<string>;
  close(): Promise<void>;
};

const modules = ["live-client", "publisher", "spool-client", "spool-error", "subscription"];
const html = `<!doctype html><script type="module" src="/main.js"></script>`;
const script = `
${modules.map((name, at) => `import * as module${at} from "./client/${name}.js";`).join("\n")}
globalThis.spool = { ${modules.map((_, at) => `...module${at}`).join(", ")} };
globalThis.newToken = async () => {
  const answer = await fetch("/token");
  if (!answer.ok) throw new Error("no token now");
  return answer.text();
};
`;
const policy =
  "default-src 'none'; script-src 'self'; connect-src http://127.0.0.1:* ws://127.0.0.1:*";

/** Builds the library and serves the page. `newToken` gives null where there is none to be had. */
export async function startForeignOrigin(
  newToken: () => Promise<string | null>,
): Promise<ForeignOrigin> {
  const folder = await mkdtemp(join(tmpdir(), "spool-foreign-origin-"));
  const build = resolve(import.meta.dirname, "../../build-package.ts");
  await promisify(execFile)(process.execPath, [build, folder]);
  const fetched = new Set<string>();
  const server = createServer(async ({ url = "" }, response) => {
    fetched.add(url);
    const name = /^\/client\/([a-z0-9-]+\.js)$/.exec(url)?.[1];
    if (url === "/") send(response.setHeader("content-security-policy", policy), "text/html", html);
    else if (url === "/main.js") send(response, "text/javascript", script);
    else if (url === "/token") send(response, "text/plain", await newToken());
    else if (name === undefined) response.writeHead(404).end();
    else send(response, "text/javascript", await readFile(join(folder, name), "utf8"));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetched,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      await rm(folder, { recursive: true });
    },
  };
}

function send(response: ServerResponse, type: string, text: string | null): void {
  if (text === null) response.statusCode = 503;
  response.setHeader("content-type", type).end(text);
}
