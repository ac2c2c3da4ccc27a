/**
 * One thread, many watchers: as fast as it goes, at a steady 400 frames a second, and with one
 * watcher among them that has stopped reading.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import { beginRuns, type RunningThread } from "../published.ts";
import { maskedFrame, RawSocket } from "../raw-socket.ts";
import type { ServerProcess } from "../server-process.ts";

/** The figures that peers compare themselves with: live frames, and events that are flushed. */
export const fanOutName = "live fan-out, as fast as it goes";
export const durableFanOutName = "live fan-out of durable events, as fast as it goes";

const watchers = 500;
/** Transient frames in one publish message. */
const framesPerMessage = 20;
/** Messages under way at a time at full rate. */
const inFlightMax = 4;

/** Deliveries per second to 500 watchers, and how late frames are at a steady rate. */
export async function measureFanOut(server: ServerProcess, seconds: number): Promise<Figure[]> {
  const [free, stuck, steady, flushed] = await beginRuns(server, "fanout", 4);
  const full = await atFullRate(server, free as RunningThread, { seconds });
  const withStuck = await atFullRate(server, stuck as RunningThread, { seconds, isOneStuck: true });
  const durable = await atFullRate(server, flushed as RunningThread, { seconds, isDurable: true });
  const slow = await atSteadyRate(server, steady as RunningThread, seconds);
  const note = `${watchers} watchers of one thread`;
  const none = { p50Ms: null, p99Ms: null, goal: null };
  return [
    {
      ...none,
      name: fanOutName,
      value: full.deliveries,
      unit: "deliveries/s",
      goal: { kind: "atLeast", value: 1_000_000 },
      note,
    },
    {
      ...none,
      name: "the same with one watcher stuck",
      value: withStuck.deliveries,
      unit: "deliveries/s",
      note,
    },
    {
      ...none,
      name: durableFanOutName,
      value: durable.deliveries,
      unit: "deliveries/s",
      note: `${note}, each flushed first, ${inFlightMax} × ${framesPerMessage} in flight`,
    },
    {
      name: "live fan-out at 400 frames/s",
      value: slow.received,
      unit: "deliveries/s",
      p50Ms: slow.latencies.quantile(0.5),
      p99Ms: slow.latencies.quantile(0.99),
      goal: { kind: "atLeast", value: 400 * watchers * 0.99 },
      note: `${note}; publish → receive`,
    },
  ];
}

async function atFullRate(
  server: ServerProcess,
  thread: RunningThread,
  options: { seconds: number; isOneStuck?: boolean; isDurable?: boolean },
): Promise<{ deliveries: number }> {
  const { seconds, isOneStuck = false, isDurable = false } = options;
  const sockets = await watch(server, thread, () => undefined);
  if (isOneStuck) (sockets[0] as RawSocket).pause();
  let sequenceNumber = 0;
  let isOver = false;
  const next = () => {
    const events = Array.from({ length: framesPerMessage }, () => {
      sequenceNumber += 1;
      return isDurable ? toolCall(sequenceNumber) : deltaFrame(sequenceNumber, "x".repeat(20));
    });
    return maskedFrame(JSON.stringify({ type: "publish", id: sequenceNumber, ...thread, events }));
  };
  const publisher = await RawSocket.open({
    port: server.port,
    path: "/v1/live",
    key: server.key,
    onFrame: () => {
      if (!isOver) publisher.sendBytes(next());
    },
  });
  const counted = () => sockets.reduce((sum, { frames }) => sum + frames, 0);
  for (let at = 0; at < inFlightMax; at += 1) publisher.sendBytes(next());
  await sleep(seconds * 200);
  const before = counted();
  const start = performance.now();
  await sleep(seconds * 1_000);
  const deliveries = (counted() - before) / ((performance.now() - start) / 1_000);
  isOver = true;
  publisher.close();
  for (const socket of sockets) socket.close();
  await sleep(300);
  return { deliveries };
}

async function atSteadyRate(server: ServerProcess, thread: RunningThread, seconds: number) {
  const latencies = new Histogram();
  let received = 0;
  const sockets = await watch(server, thread, (payload) => {
    received += 1;
    // One in 16 is looked into; the others are counted only.
    if (received % 16 !== 0) return;
    const at = payload.indexOf("@");
    latencies.add(performance.now() - Number(payload.toString("latin1", at + 1, at + 17)));
  });
  const publisher = await RawSocket.open({
    port: server.port,
    path: "/v1/live",
    key: server.key,
    onFrame: () => undefined,
  });
  const start = performance.now();
  let sent = 0;
  while (performance.now() - start < seconds * 1_000) {
    const due = Math.floor(((performance.now() - start) / 1_000) * 400);
    for (; sent < due; sent += 1) {
      const stamp = `@${performance.now().toFixed(6).padStart(16, "0")}`;
      const events = [deltaFrame(sent + 1, stamp)];
      publisher.send(JSON.stringify({ type: "publish", ...thread, events }));
    }
    await sleep(1);
  }
  await sleep(300);
  const elapsed = seconds;
  publisher.close();
  for (const socket of sockets) socket.close();
  return { latencies, received: received / elapsed };
}

/** Opens the watchers; frames behind the snapshot are counted and handed on. */
async function watch(
  server: ServerProcess,
  { threadId }: RunningThread,
  onFrame: (payload: Buffer) => void,
): Promise<RawSocket[]> {
  const path = `/v1/threads/${threadId}/events`;
  const open = () => {
    let isBehindSnapshot = false;
    return RawSocket.open({
      port: server.port,
      path,
      key: server.key,
      onFrame: (payload) => {
        if (isBehindSnapshot) onFrame(payload);
        isBehindSnapshot = true;
      },
    });
  };
  const sockets = await Promise.all(Array.from({ length: watchers }, open));
  while (sockets.some(({ frames }) => frames === 0)) await sleep(10);
  return sockets;
}

function deltaFrame(sequenceNumber: number, delta: string) {
  const payload = { messageId: "m", delta };
  return { type: "assistant_message_delta", sequenceNumber, payload };
}

/** An event whose line is about as long as a delta's frame. */
function toolCall(number: number) {
  return { type: "tool_call", payload: { toolCallId: `c${number}`, name: "t", input: {} } };
}
