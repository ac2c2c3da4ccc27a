/**
 * A whole server for tests: the real app on a free port with a data directory of its own, keys of
 * several people, and requests over real sockets. Nothing in it is faked.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, startApp } from "../app.ts";
import { openAccountsDb } from "../auth/accounts-db.ts";
import { ApiKeys, type NewApiKey } from "../auth/api-keys.ts";
import { type FlagValues, parseConfig } from "../config.ts";
import type { Log } from "../ops/log.ts";

/** An answer: `body` is parsed where it is JSON, else text; `bytes` are as they came. */
export type TestResponse = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
  readonly bytes: Buffer;
};

/** What a request may have besides method and path. */
export type TestRequest = {
  /** Sent as X-API-Key. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Sent as JSON; a string or bytes go out as they are, as JSON too unless headers say else. */
  readonly body?: unknown;
  /** The loopback address it comes from, 127.0.0.1 by default. */
  readonly from?: string;
};

/** Keys of people: olivia and mark are members of acme, ada its admin, otto is of globex. */
export type TestKeys = {
  readonly owner: string;
  readonly member: string;
  readonly admin: string;
  readonly other: string;
  /** olivia's, with one scope each. */
  readonly reader: string;
  readonly runner: string;
};

/** A running server. */
export type TestServer = {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly keys: TestKeys;
  /** The first admin's key, as the server gave it out; null after a restart. */
  readonly adminKey: string | null;
  /** A one-time code, as a start prints it. */
  newSignInCode(): string;
  request(method: string, path: string, more?: TestRequest): Promise<TestResponse>;
  /** Sends bytes over a connection of its own; resolves with all that came until it closed. */
  exchange(bytes: string | Buffer): Promise<string>;
  makeKey(key: Partial<NewApiKey>): string;
  /** Stops the server and starts it again on the same data. */
  restart(): Promise<void>;
  /** Stops the server and removes its data. */
  close(): Promise<void>;
};

/** What a test server may be started with. */
export type TestServerOptions = {
  readonly flags?: FlagValues;
  readonly log?: Log;
  readonly socketsPerKeyMax?: number;
  /** The clock of keys, tokens and sign-ins. */
  readonly accountsNow?: () => number;
  /** Where the page is; by default nowhere, whatever was built. */
  readonly pageDir?: string;
};

const silent: Log = { debugs: false, debug() {}, info() {}, warn() {}, error() {} };
const olivia = { orgId: "acme", userId: "olivia", role: "member" } as const;

/** Starts a server; `close` it when done. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "spool-test-"));
  const config = parseConfig({}, { dataDir, port: "0", ...options.flags });
  const log = options.log ?? silent;
  const agent = new Agent({ keepAlive: true });
  const { flags: _flags, ...others } = options;
  const more = { pageDir: join(dataDir, "no-page"), ...others, log };
  let app = await startApp(config, more);
  const keys: TestKeys = {
    owner: makeKey(dataDir, {}),
    member: makeKey(dataDir, { userId: "mark" }),
    admin: makeKey(dataDir, { userId: "ada", role: "admin", scopes: ["*"] }),
    other: makeKey(dataDir, { orgId: "globex", userId: "otto" }),
    reader: makeKey(dataDir, { scopes: ["agent:read"] }),
    runner: makeKey(dataDir, { scopes: ["agent:run"] }),
  };
  return {
    get url() {
      return app.url;
    },
    get port() {
      return portOf(app);
    },
    get adminKey() {
      return app.adminKey;
    },
    newSignInCode: () => app.newSignInCode() as string,
    dataDir,
    keys,
    request: (method, path, more = {}) => {
      return send({ agent, port: portOf(app), method, path }, more);
    },
    exchange: (bytes) => exchange(portOf(app), bytes),
    makeKey: (key) => makeKey(dataDir, key),
    async restart() {
      await app.close();
      app = await startApp(config, more);
    },
    async close() {
      agent.destroy();
      await app.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

function portOf(app: App): number {
  return Number(new URL(app.url).port);
}

/** As the command line does it, beside the running server. */
function makeKey(dataDir: string, key: Partial<NewApiKey>): string {
  const now = Date.now;
  const db = openAccountsDb({ dataDir, now, randomBytes });
  const keys = new ApiKeys({ db, now, randomBytes, schedule: () => {}, report: () => {} });
  const { secret } = keys.create({ ...olivia, scopes: ["agent:*"], ...key });
  db.sql.close();
  return secret;
}

function send(
  where: { agent: Agent; port: number; method: string; path: string },
  { key, headers, body, from }: TestRequest,
): Promise<TestResponse> {
  const isRaw = typeof body === "string" || body instanceof Buffer;
  const bytes = body === undefined ? undefined : isRaw ? body : JSON.stringify(body);
  const sent: Record<string, string | string[]> = {
    ...(key === undefined ? {} : { "X-API-Key": key }),
    ...(bytes === undefined ? {} : jsonHeaders(bytes)),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const local = from === undefined ? {} : { localAddress: from };
    const to = { ...where, ...local, host: "127.0.0.1", headers: sent };
    const outgoing = httpRequest(to, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const all = Buffer.concat(chunks);
        const answer = { status: incoming.statusCode as number, headers: incoming.headers };
        resolve({ ...answer, bytes: all, body: parsed(all, incoming.headers) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(bytes);
  });
}

/** With the length, which Node leaves out where a method usually has no body. */
function jsonHeaders(bytes: string | Buffer): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(bytes)),
  };
}

function parsed(bytes: Buffer, headers: IncomingHttpHeaders): unknown {
  const text = bytes.toString("utf8");
  return headers["content-type"] === "application/json" && text !== "" ? JSON.parse(text) : text;
}

function exchange(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    // A reset is one way for the server to end the exchange.
    socket.on("error", () => resolve(text));
    socket.on("close", () => resolve(text));
    socket.write(bytes);
  });
}
