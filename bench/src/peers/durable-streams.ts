/**
 * Durable Streams (its Node server, with files): appends over HTTP, and live reading of one stream as
 * server-sent events. The same load as ours; readers only look for what marks a message.
 *
 * Before it answers an append, the server waits for three flushes, one after the other: `fdatasync`
 * of the stream's file, then twice of its LMDB (the stream's offset; the time of the access). Nothing
 * is shared between streams but LMDB. Each live reader stores the time of its access in the same way.
 */

import { type ChildProcess, fork } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import { drive } from "../load.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import { appendName } from "../scenarios/append.ts";
import { durableFanOutName } from "../scenarios/fan-out.ts";
import { durableLatencyName } from "../scenarios/live-latency.ts";
import { ended } from "../started-process.ts";

const connections = 64;
const streams = 256;
const readers = 500;
/** Of one request of the fan-out, and how many of these are under way, as in ours. */
const messagesPerRequest = 20;
const inFlight = 4;
const rounds = 500;
/** Begins a message and is nowhere else in the stream. */
const mark = 0x7e;

/** Appends per second, deliveries per second to 500 readers, and how late one reader is. */
export async function measureDurableStreams(folder: string, seconds: number): Promise<Figure[]> {
  fs.mkdirSync(folder, { recursive: true });
  const child = fork(
    fileURLToPath(new URL("./durable-streams-server.ts", import.meta.url)),
    [folder],
    {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    },
  );
  try {
    const port = await portOf(child);
    const latency = await oneByOne(port);
    return [await appends(port, seconds), await fanOut(port, seconds), latency];
  } finally {
    await ended(child);
  }
}

async function appends(port: number, seconds: number): Promise<Figure> {
  const requests = await Promise.all(
    Array.from({ length: streams }, async (_, at) => {
      await createStream(port, `/append-${at}`);
      return appendRequest(`/append-${at}`, message(400));
    }),
  );
  let turn = 0;
  const next = () => {
    turn += 1;
    return requests[turn % streams] as Buffer;
  };
  const result = await drive({ port, connections, seconds, next });
  return {
    name: "peer: Durable Streams, append over HTTP, one event per request",
    value: result.requests / result.seconds,
    unit: "events/s",
    p50Ms: result.latencies.quantile(0.5),
    p99Ms: result.latencies.quantile(0.99),
    goal: null,
    note: `${connections} connections, ${streams} streams; fdatasync of file and LMDB first`,
    versus: appendName,
  };
}

async function fanOut(port: number, seconds: number): Promise<Figure> {
  await createStream(port, "/fan-out");
  let received = 0;
  const open = () => Reader.open(port, "/fan-out", (count) => (received += count));
  const opened = await Promise.all(Array.from({ length: readers }, open));
  const messages = Array.from({ length: messagesPerRequest }, () => message(220));
  const request = appendRequest("/fan-out", `[${messages.join(",")}]`);
  const load = drive({
    ...{ port, connections: inFlight, seconds: seconds * 1.2 },
    next: () => request,
  });
  await sleep(seconds * 200);
  const before = received;
  const start = performance.now();
  await sleep(seconds * 1_000);
  const deliveries = (received - before) / ((performance.now() - start) / 1_000);
  await load;
  for (const reader of opened) reader.close();
  return {
    name: "peer: Durable Streams, live fan-out, as fast as it goes",
    value: deliveries,
    unit: "deliveries/s",
    p50Ms: null,
    p99Ms: null,
    goal: null,
    note: `${readers} readers over SSE, flushed first, ${inFlight} × ${messagesPerRequest} in flight`,
    versus: durableFanOutName,
  };
}

async function oneByOne(port: number): Promise<Figure> {
  await createStream(port, "/latency");
  let heard: () => void = () => undefined;
  const reader = await Reader.open(port, "/latency", () => heard());
  const publisher = await RawConnection.connect(port);
  const request = appendRequest("/latency", message(220));
  const latencies = new Histogram();
  for (let at = 1; at <= rounds; at += 1) {
    const received = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const start = performance.now();
    const answered = publisher.send(request);
    await received;
    if (at > rounds / 10) latencies.add(performance.now() - start);
    await answered;
    await sleep(1);
  }
  reader.close();
  publisher.close();
  return {
    name: "peer: Durable Streams, publish → reader",
    value: latencies.quantile(0.5),
    unit: "ms",
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    goal: null,
    note: "idle server, HTTP to SSE, flushed first",
    versus: durableLatencyName,
  };
}

/** A live reader of one stream, which counts the messages by their marks. */
class Reader {
  readonly #socket: net.Socket;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
  }

  /** Resolves when the server has said that the reader is up to date. */
  static open(port: number, path: string, onMessages: (count: number) => void): Promise<Reader> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1", () => {
        socket.write(rawRequest("GET", `${path}?offset=now&live=sse`, { key: null }));
      });
      let head = "";
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`the reader was closed: ${head}`)));
      socket.on("data", (chunk) => {
        if (!head.includes("upToDate")) {
          head += chunk.toString("latin1");
          if (head.includes("upToDate")) resolve(new Reader(socket));
        }
        const count = marksIn(chunk);
        if (count > 0) onMessages(count);
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function marksIn(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(mark); at >= 0; at = chunk.indexOf(mark, at + 1)) count += 1;
  return count;
}

/** JSON of so many bytes, with the mark once. */
function message(bytes: number): string {
  return JSON.stringify(String.fromCharCode(mark).padEnd(bytes - 2, "x"));
}

function appendRequest(path: string, body: string): Buffer {
  return rawRequest("POST", path, { key: null, body });
}

async function createStream(port: number, path: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "PUT", headers });
  if (answer.status !== 201) throw new Error(`answered ${answer.status}: ${await answer.text()}`);
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("message", (port) => resolve(port as number));
    child.once("exit", (code) => reject(new Error(`Durable Streams ended with ${code}`)));
  });
}
