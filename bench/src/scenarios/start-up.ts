/** How long a server takes to answer on a data directory with a million events. */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { rawRequest } from "../raw-http.ts";
import { type ServerProcess, startServer } from "../server-process.ts";

const threads = 1_000;
const eventsPerRequest = 100;

/** Fills a directory with `events` events, then starts on it after a clean stop and after kill -9. */
export async function measureStartUp(
  dataDir: string,
  { events, starts }: { events: number; starts: number },
): Promise<Figure[]> {
  await fill(dataDir, events);
  const clean: ServerProcess[] = [];
  for (let at = 0; at < starts; at += 1) {
    const server = await startServer(dataDir);
    clean.push({ ...server, residentMB: constant(server.residentMB()) });
    await server.stop();
  }
  const filled = await startServer(dataDir);
  await append(filled, 100_000, "killed");
  await filled.stop("SIGKILL");
  const killed = await startServer(dataDir);
  await killed.stop();
  const byTime = clean.toSorted((a, b) => a.startMs - b.startMs);
  const median = byTime[Math.floor(byTime.length / 2)] as ServerProcess;
  const last = byTime.at(-1) as ServerProcess;
  const note = `${events.toLocaleString("en-US")} events on disk`;
  const times = { p50Ms: median.startMs, p99Ms: last.startMs };
  return [
    row("start, from process to first answer", median.startMs, "ms", { goal: 600, note, ...times }),
    row("memory after start", median.residentMB(), "MB", { goal: 150, note }),
    row("start after kill -9 under load", killed.startMs, "ms", { goal: null, note }),
  ];
}

function row(
  name: string,
  value: number,
  unit: string,
  more: { goal: number | null; note: string; p50Ms?: number; p99Ms?: number },
): Figure {
  const goal = more.goal === null ? null : ({ kind: "atMost", value: more.goal } as const);
  return {
    name,
    value,
    unit,
    goal,
    note: more.note,
    p50Ms: more.p50Ms ?? null,
    p99Ms: more.p99Ms ?? null,
  };
}

const constant = (value: number) => () => value;

async function fill(dataDir: string, events: number): Promise<void> {
  const server = await startServer(dataDir);
  await append(server, events, "start");
  await server.stop();
}

async function append(server: ServerProcess, events: number, name: string): Promise<void> {
  const frame = {
    type: "assistant_message",
    payload: { content: "x".repeat(150), messageId: "m-1" },
  };
  const frames = Array.from({ length: eventsPerRequest - 1 }, () => frame);
  const ended = { type: "run_completed", payload: { status: "completed" } };
  let sent = 0;
  await drive({
    port: server.port,
    connections: 16,
    seconds: 600,
    // More comes in than a disk under other load may take.
    waits: true,
    next: () => {
      if (sent * eventsPerRequest >= events) return null;
      const started = { type: "run_started", payload: {} };
      const threadId = `thr_${name}-${sent % threads}`;
      const runId = `run_${name}-${sent}`;
      sent += 1;
      const body = JSON.stringify({
        threadId,
        runId,
        events: [started, ...frames.slice(1), ended],
      });
      return rawRequest("POST", "/v1/thread-events", { key: server.key, body });
    },
  });
}
