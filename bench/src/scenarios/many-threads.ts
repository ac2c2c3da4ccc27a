/**
 * A thousand agents at work: 1,000 threads, one watcher each, 50 deltas a second each, published
 * over 16 sockets, the frames of one tick in one message.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import { beginRuns } from "../published.ts";
import { RawSocket } from "../raw-socket.ts";
import type { ServerProcess } from "../server-process.ts";

const threads = 1_000;
const publishers = 16;
const ticksPerSecond = 50;
/** What a server that was just started needs to be compiled; a rate that is given leaves no time. */
const warmUpSeconds = 2;

/** Deltas received per second, and how late they are. */
export async function measureManyThreads(
  server: ServerProcess,
  seconds: number,
): Promise<Figure[]> {
  const running = await beginRuns(server, "many", threads);
  const latencies = new Histogram();
  let received = 0;
  let isCounting = false;
  /** The frames of the warm-up count, their latencies do not. */
  let warmAt = 0;
  const sockets: RawSocket[] = [];
  for (let at = 0; at < threads; at += 100) {
    const opened = running.slice(at, at + 100).map(({ threadId }) => {
      return RawSocket.open({
        port: server.port,
        path: `/v1/threads/${threadId}/events`,
        key: server.key,
        onFrame: (payload) => {
          if (!isCounting) return;
          received += 1;
          if (received % 8 !== 0) return;
          const stamp = payload.indexOf("@");
          if (stamp < 0) return;
          const sentAt = Number(payload.toString("latin1", stamp + 1, stamp + 17));
          if (sentAt >= warmAt) latencies.add(performance.now() - sentAt);
        },
      });
    });
    sockets.push(...(await Promise.all(opened)));
  }
  const sending = await Promise.all(
    Array.from({ length: publishers }, () => {
      return RawSocket.open({
        port: server.port,
        path: "/v1/live",
        key: server.key,
        onFrame: () => undefined,
      });
    }),
  );
  isCounting = true;
  warmAt = performance.now() + warmUpSeconds * 1_000;
  const sent = await tick(running, sending, warmUpSeconds + seconds);
  await sleep(500);
  for (const socket of [...sockets, ...sending]) socket.close();
  const share = sent === received ? "all" : `${received} of ${sent}`;
  return [
    {
      name: "live, 1,000 threads × 1 watcher × 50 deltas/s",
      value: received / (warmUpSeconds + seconds),
      unit: "deltas/s",
      p50Ms: latencies.quantile(0.5),
      p99Ms: latencies.quantile(0.99),
      goal: { kind: "atLeast", value: threads * ticksPerSecond * 0.98 },
      note: `${publishers} publishing sockets, ${share} received; publish → receive, p99 to be ≤ 50 ms`,
    },
  ];
}

/** Publishes on every tick for `seconds`; returns how many deltas were sent. */
async function tick(
  running: readonly { threadId: string; runId: string; rolloutId: string }[],
  sending: readonly RawSocket[],
  seconds: number,
): Promise<number> {
  const start = performance.now();
  const total = seconds * ticksPerSecond;
  let sent = 0;
  for (let number = 1; number <= total; number += 1) {
    const due = start + (number * 1_000) / ticksPerSecond;
    while (performance.now() < due) await sleep(1);
    for (const [index, socket] of sending.entries()) {
      const stamp = `@${performance.now().toFixed(6).padStart(16, "0")}`;
      const messages = running
        .filter((_, at) => at % publishers === index)
        .map((thread) => {
          const payload = { messageId: "m", delta: stamp };
          const frame = { type: "assistant_message_delta", sequenceNumber: number, payload };
          return { type: "publish", ...thread, events: [frame] };
        });
      sent += messages.length;
      socket.send(JSON.stringify(messages));
    }
  }
  return sent;
}
