/** Durable appends over `/v1/live`: one event per message, 64 sockets with 8 messages under way. */
import type { Figure } from "../figure.ts";
import { Histogram } from "../histogram.ts";
import { beginRuns, type RunningThread } from "../published.ts";
import { maskedFrame, RawSocket } from "../raw-socket.ts";
import type { ServerProcess } from "../server-process.ts";

/** The figure that peers compare themselves with. */
export const liveAppendName = "append over /v1/live, one event per message";

const sockets = 64;
const inFlight = 8;
const threads = 256;
const text = "x".repeat(150);

/** Events per second, each flushed before its answer. */
export async function measureLiveAppends(
  server: ServerProcess,
  seconds: number,
): Promise<Figure[]> {
  const running = await beginRuns(server, "live-append", threads);
  const latencies = new Histogram();
  const end = performance.now() + seconds * 1_000;
  const warm = end - seconds * 900;
  let answered = 0;
  const frames = running.map((thread) => frameOf(thread));
  const lanes = Array.from({ length: sockets }, (_, index) => {
    return lane(server, frames, {
      index,
      end,
      warm,
      onAnswer: (ms) => {
        answered += 1;
        if (answered % 4 === 0) latencies.add(ms);
      },
    });
  });
  await Promise.all(lanes);
  return [
    {
      name: liveAppendName,
      value: answered / (seconds * 0.9),
      unit: "events/s",
      p50Ms: latencies.quantile(0.5),
      p99Ms: latencies.quantile(0.99),
      goal: { kind: "atLeast", value: 65_000 },
      note: `${sockets} sockets × ${inFlight} in flight, ${threads} threads`,
    },
  ];
}

async function lane(
  server: ServerProcess,
  frames: readonly Buffer[],
  run: { index: number; end: number; warm: number; onAnswer: (ms: number) => void },
): Promise<void> {
  const sentAt: number[] = [];
  let turn = run.index * 4;
  let isOver: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  const send = () => {
    sentAt.push(performance.now());
    socket.sendBytes(frames[turn % frames.length] as Buffer);
    turn += 1;
  };
  const socket = await RawSocket.open({
    port: server.port,
    path: "/v1/live",
    key: server.key,
    onFrame: (payload) => {
      if (payload.indexOf('"error"') === 1 + 7) throw new Error(payload.toString());
      const now = performance.now();
      const sent = sentAt.shift() as number;
      if (sent > run.warm) run.onAnswer(now - sent);
      if (now < run.end) send();
      else if (sentAt.length === 0) isOver();
    },
  });
  for (let at = 0; at < inFlight; at += 1) send();
  await over;
  socket.close();
}

function frameOf({ threadId, runId }: RunningThread): Buffer {
  const event = { type: "assistant_message", payload: { content: text, messageId: "m-1" } };
  return maskedFrame(JSON.stringify({ type: "publish", id: 1, threadId, runId, events: [event] }));
}
