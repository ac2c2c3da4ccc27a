/**
 * What one watcher feels: from publish to frame on an idle server, the first snapshot of a long
 * thread, and what a watcher costs while nothing happens.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import { beginRuns, publish, type RunningThread } from "../published.ts";
import { RawConnection } from "../raw-http.ts";
import { RawSocket } from "../raw-socket.ts";
import type { ServerProcess } from "../server-process.ts";

/** The figure that peers compare themselves with. */
export const durableLatencyName = "publish → watcher, durable";

const rounds = 500;
const idleWatchers = 10_000;

/** Latencies of single frames, the first snapshot of 50 MB, memory of idle watchers. */
export async function measureLiveLatency(server: ServerProcess): Promise<Figure[]> {
  const [thread, long, idle] = await beginRuns(server, "latency", 3);
  // First: memory that other work left free would be taken for nothing.
  const bytes = await bytesPerIdleWatcher(server, idle as RunningThread);
  const durable = await oneByOne(server, thread as RunningThread, "durable");
  const transient = await oneByOne(server, thread as RunningThread, "transient");
  const snapshot = await firstSnapshot(server, long as RunningThread);
  const row = (name: string, latencies: Histogram, goal: number, note: string): Figure => ({
    name,
    value: latencies.quantile(0.5),
    unit: "ms",
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    goal: { kind: "atMost", value: goal },
    note,
  });
  return [
    row(durableLatencyName, durable, 1.5, "idle server, over a socket"),
    row("publish → watcher, transient", transient, 0.5, "idle server, over a socket"),
    row("first snapshot on a socket", snapshot, 100, "5,000 events, 50 MB"),
    {
      name: "memory per idle watcher",
      value: bytes / 1_024,
      unit: "KiB",
      p50Ms: null,
      p99Ms: null,
      goal: { kind: "atMost", value: 12 },
      note: `resident, ${idleWatchers.toLocaleString("en-US")} more than half as many`,
    },
  ];
}

async function oneByOne(
  server: ServerProcess,
  thread: RunningThread,
  kind: "durable" | "transient",
): Promise<Histogram> {
  const latencies = new Histogram();
  let heard: () => void = () => undefined;
  const watcher = await RawSocket.open({
    port: server.port,
    path: `/v1/threads/${thread.threadId}/events`,
    key: server.key,
    onFrame: () => heard(),
  });
  while (watcher.frames === 0) await sleep(5);
  const publisher = await RawSocket.open({
    port: server.port,
    path: "/v1/live",
    key: server.key,
    onFrame: () => undefined,
  });
  for (let at = 1; at <= rounds; at += 1) {
    const frame =
      kind === "durable"
        ? { type: "tool_call", payload: { toolCallId: `c${at}`, name: "t", input: {} } }
        : {
            type: "tool_output_delta",
            sequenceNumber: at,
            payload: { toolCallId: "d", delta: "x" },
          };
    const received = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const start = performance.now();
    publisher.send(JSON.stringify({ type: "publish", ...thread, events: [frame] }));
    await received;
    if (at > rounds / 10) latencies.add(performance.now() - start);
    await sleep(1);
  }
  watcher.close();
  publisher.close();
  return latencies;
}

async function firstSnapshot(server: ServerProcess, thread: RunningThread): Promise<Histogram> {
  const connection = await RawConnection.connect(server.port);
  const content = "The quick brown fox. ".repeat(470).slice(0, 9_700);
  for (let at = 0; at < 50; at += 1) {
    const events = Array.from({ length: 100 }, (_, index) => {
      return { type: "assistant_message", payload: { content, messageId: `m${at}-${index}` } };
    });
    await publish(server, connection, { threadId: thread.threadId, runId: thread.runId, events });
  }
  connection.close();
  const latencies = new Histogram();
  for (let at = 0; at < 20; at += 1) {
    const start = performance.now();
    let received: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      received = resolve;
    });
    const socket = await RawSocket.open({
      port: server.port,
      path: `/v1/threads/${thread.threadId}/events`,
      key: server.key,
      onFrame: () => received(),
    });
    await first;
    latencies.add(performance.now() - start);
    socket.close();
  }
  return latencies;
}

async function bytesPerIdleWatcher(server: ServerProcess, thread: RunningThread): Promise<number> {
  const open = () => {
    return RawSocket.open({
      port: server.port,
      path: `/v1/threads/${thread.threadId}/events`,
      key: server.key,
      onFrame: () => undefined,
    });
  };
  const sockets: RawSocket[] = [];
  const openUpTo = async (count: number) => {
    while (sockets.length < count) {
      sockets.push(...(await Promise.all(Array.from({ length: 250 }, open))));
    }
    await sleep(3_000);
  };
  // The process grows to a size it works well with: that is not the watchers'.
  await openUpTo(idleWatchers / 2);
  const before = server.residentMB();
  await openUpTo(idleWatchers * 1.5);
  const bytes = ((server.residentMB() - before) * 2 ** 20) / idleWatchers;
  for (const socket of sockets) socket.close();
  return bytes;
}
