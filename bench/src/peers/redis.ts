/** Redis with `appendfsync always`: XADD of 400 bytes to 256 streams, 64 sockets × 8 in flight. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import { liveAppendName } from "../scenarios/live-append.ts";
import { ended, endsWithBench, freePort, listening } from "../started-process.ts";

const sockets = 64;
const inFlight = 8;
const streams = 256;

/** Durable appends per second of Redis over its own protocol. */
export async function measureRedis(folder: string, seconds: number): Promise<Figure> {
  fs.mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const durable = ["--appendonly", "yes", "--appendfsync", "always"];
  const redis = endsWithBench(spawn("redis-server", [...flags, ...durable], { stdio: "ignore" }));
  try {
    await listening(port);
    const latencies = new Histogram();
    const start = performance.now();
    const end = start + seconds * 1_000;
    const lanes = Array.from({ length: sockets }, (_, index) => lane(port, index, end, latencies));
    const answered = (await Promise.all(lanes)).reduce((sum, count) => sum + count, 0);
    return {
      name: "peer: Redis, XADD, appendfsync always",
      value: answered / ((performance.now() - start) / 1_000),
      unit: "events/s",
      p50Ms: latencies.quantile(0.5),
      p99Ms: latencies.quantile(0.99),
      goal: null,
      note: `${sockets} sockets × ${inFlight} in flight, ${streams} streams`,
      versus: liveAppendName,
    };
  } finally {
    await ended(redis);
  }
}

function lane(port: number, index: number, end: number, latencies: Histogram): Promise<number> {
  return new Promise((resolve, reject) => {
    const sentAt: number[] = [];
    let turn = index * 4;
    let answered = 0;
    const send = () => {
      sentAt.push(performance.now());
      socket.write(commands[turn % streams] as Buffer);
      turn += 1;
    };
    const socket = net.connect(port, "127.0.0.1", () => {
      for (let at = 0; at < inFlight; at += 1) send();
    });
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.on("data", (chunk) => {
      // Each answer is a bulk string, which begins with a dollar sign and holds none.
      const now = performance.now();
      for (let at = chunk.indexOf(0x24); at >= 0; at = chunk.indexOf(0x24, at + 1)) {
        answered += 1;
        const sent = sentAt.shift() as number;
        if (answered % 4 === 0) latencies.add(now - sent);
        if (now < end) send();
      }
      if (sentAt.length > 0) return;
      socket.destroy();
      resolve(answered);
    });
  });
}

const commands = Array.from({ length: streams }, (_, at) => {
  const parts = ["XADD", `thread-${at}`, "*", "line", "x".repeat(400)];
  const bulk = parts.map((part) => `$${part.length}\r\n${part}\r\n`).join("");
  return Buffer.from(`*${parts.length}\r\n${bulk}`);
});
