/** Watchers that connect and leave at once, many times: what stays of them in the server. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figure.ts";
import { beginRuns, type RunningThread } from "../published.ts";
import { RawSocket } from "../raw-socket.ts";
import type { ServerProcess } from "../server-process.ts";

const lanes = 32;

/** Connects and leaves `connects` times; what the process grew by over the second half. */
export async function measureConnects(server: ServerProcess, connects: number): Promise<Figure[]> {
  const [thread] = (await beginRuns(server, "connects", 1)) as [RunningThread];
  const start = performance.now();
  await connectAndLeave(server, thread, connects / 2);
  await sleep(2_000);
  const before = server.residentMB();
  await connectAndLeave(server, thread, connects / 2);
  const seconds = (performance.now() - start - 2_000) / 1_000;
  await sleep(2_000);
  const grown = server.residentMB() - before;
  const open = await openSockets(server);
  const none = { p50Ms: null, p99Ms: null };
  const note = `${connects.toLocaleString("en-US")} connects, snapshot received or not`;
  return [
    {
      ...none,
      name: "watchers that connect and leave",
      value: connects / seconds,
      unit: "connects/s",
      goal: null,
      note,
    },
    {
      ...none,
      name: "sockets open afterwards",
      value: open,
      unit: "sockets",
      goal: { kind: "atMost", value: 0 },
      note,
    },
    {
      ...none,
      name: "memory grown by over the second half",
      value: Math.max(0, grown),
      unit: "MB",
      goal: { kind: "atMost", value: 20 },
      note,
    },
  ];
}

async function connectAndLeave(
  server: ServerProcess,
  { threadId }: RunningThread,
  connects: number,
): Promise<void> {
  let left = connects;
  const lane = async () => {
    for (; left > 0; ) {
      left -= 1;
      const socket = await RawSocket.open({
        port: server.port,
        path: `/v1/threads/${threadId}/events`,
        key: server.key,
        onFrame: () => undefined,
      });
      // Every other one waits for its snapshot.
      if (left % 2 === 0) await sleep(1);
      socket.close();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function openSockets(server: ServerProcess): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Number(/^spool_open_sockets (\d+)/m.exec(metrics)?.[1] ?? Number.NaN);
}
