/**
 * Durable Streams' Node server with files: the same appends over HTTP. Installed beside the bench
 * when it is measured, so that nobody else needs it; left out where it cannot be had.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { rawRequest } from "../raw-http.ts";
import { ended, freePort, listening } from "./nchan.ts";

const version = "0.3.7";
const home = fileURLToPath(new URL("../../.peers/", import.meta.url));
const entry = path.join(home, "node_modules/@durable-streams/server/dist/index.js");
/** It answers 404 for some of 256 that were made before, so it gets fewer than the others. */
const streams = 128;
const connections = 64;

/** Installs the peer if it is not there; whether it is afterwards. */
export function hasDurableStreams(): boolean {
  if (fs.existsSync(entry)) return true;
  fs.mkdirSync(home, { recursive: true });
  const name = `@durable-streams/server@${version}`;
  const flags = ["install", "--prefix", home, "--no-audit", "--no-fund", "--loglevel=error"];
  spawnSync("npm", [...flags, name], { stdio: "ignore" });
  return fs.existsSync(entry);
}

/** Appends per second, one 400-byte message per request, with files. */
export async function measureDurableStreams(folder: string, seconds: number): Promise<Figure> {
  fs.mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const server = startPeer(folder, port);
  try {
    await listening(port);
    for (let at = 0; at < streams; at += 1) await createStream(port, at);
    const body = JSON.stringify({ line: "x".repeat(390) });
    const requests = Array.from({ length: streams }, (_, at) =>
      rawRequest("POST", pathOf(at), { key: "none", body }),
    );
    let turn = 0;
    const result = await drive({
      port,
      connections,
      seconds,
      next: () => {
        turn += 1;
        return requests[turn % streams] as Buffer;
      },
    });
    return {
      name: "peer: Durable Streams' Node server with files, append over HTTP",
      value: result.requests / result.seconds,
      unit: "events/s",
      p50Ms: result.latencies.quantile(0.5),
      p99Ms: result.latencies.quantile(0.99),
      goal: null,
      note: `${connections} connections, ${streams} streams`,
    };
  } finally {
    await ended(server);
  }
}

function startPeer(folder: string, port: number): ChildProcess {
  const script = `
    const { DurableStreamTestServer } = await import(${JSON.stringify(pathToFileURL(entry).href)});
    const options = { port: ${port}, host: "127.0.0.1", dataDir: ${JSON.stringify(folder)} };
    await new DurableStreamTestServer({ ...options, compression: false }).start();
    process.on("SIGTERM", () => process.exit(0));`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
}

const pathOf = (stream: number) => `/v1/stream/thread-${stream}`;

async function createStream(port: number, stream: number): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  const url = `http://127.0.0.1:${port}${pathOf(stream)}`;
  const answer = await fetch(url, { method: "PUT", headers });
  if (!answer.ok) throw new Error(`answered ${answer.status}: ${await answer.text()}`);
}
