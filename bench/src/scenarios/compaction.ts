/**
 * Threads of 10,000 events compacted one after the other, with the summariser that needs no model,
 * while others append: how long one takes over HTTP, and how long the appends wait meanwhile.
 */
import type { Figure } from "../figure.ts";
import { drive, type LoadResult } from "../load.ts";
import { writeLongThread } from "../long-thread.ts";
import { beginRuns, publish } from "../published.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

const compactions = 10;
const events = 10_000;
const appenders = 8;
/** Longer than all compactions take; the load ends with the last of them. */
const loadSecondsMax = 60;
/** The load's own warm-up, which is not counted. */
const warmUpMs = loadSecondsMax * 100;
/** What an append may take on a busy server, p99. */
const appendGoalMs = 20;

/** Writes the threads, measures appends alone for `seconds`, then beside the compactions. */
export async function measureCompaction(server: ServerProcess, seconds: number): Promise<Figure[]> {
  const threads = Array.from({ length: compactions }, (_, at) => idsOf("compacted", at));
  for (const ids of threads) await writeThread(server, ids);
  await beginRuns(server, "bench-other", appenders);
  const alone = await append(server, { seconds, isOver: () => false });
  let isOver = false;
  const beside = append(server, { seconds: loadSecondsMax, isOver: () => isOver });
  const times: number[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, warmUpMs));
    for (const { threadId } of threads) times.push(await compact(server, threadId));
  } finally {
    isOver = true;
  }
  return [timeFigure(times), ...appendFigures(await beside, alone)];
}

function timeFigure(times: number[]): Figure {
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  return {
    name: "compaction of a thread of 10,000 events",
    ...{ value: median, unit: "ms", p50Ms: median, p99Ms: sorted.at(-1) as number },
    goal: { kind: "atMost", value: 200 },
    note: `4.7 MB, built-in summariser, ${compactions} threads in turn, beside ${appenders} appending`,
  };
}

function appendFigures({ latencies, requests, seconds }: LoadResult, alone: LoadResult): Figure[] {
  const p99Ms = latencies.quantile(0.99);
  const without = alone.latencies;
  return [
    {
      name: "append of others while threads are compacted",
      ...{ value: p99Ms, unit: "ms", p50Ms: latencies.quantile(0.5), p99Ms },
      goal: { kind: "atMost", value: appendGoalMs },
      note:
        `${appenders} connections, ${Math.round(requests / seconds)} appends/s, longest ` +
        `${latencies.quantile(1).toFixed(1)} ms; without compaction p50 ` +
        `${without.quantile(0.5).toFixed(2)} and p99 ${without.quantile(0.99).toFixed(2)} ms`,
    },
  ];
}

async function writeThread(server: ServerProcess, ids: ReturnType<typeof idsOf>): Promise<void> {
  await writeLongThread(server, ids, events - 1);
  const connection = await RawConnection.connect(server.port);
  const end = { type: "run_completed", payload: { status: "completed" } };
  await publish(server, connection, { ...ids, events: [end] });
  connection.close();
}

function append(
  server: ServerProcess,
  { seconds, isOver }: { readonly seconds: number; readonly isOver: () => boolean },
): Promise<LoadResult> {
  return drive({
    ...{ port: server.port, connections: appenders, seconds },
    next: (connection) => (isOver() ? null : oneAppend(server, connection)),
    discardsBodies: true,
  });
}

function oneAppend({ key }: ServerProcess, connection: number): Buffer {
  const payload = { name: "tick", data: "x".repeat(150) };
  const body = JSON.stringify({ ...idsOf("other", connection), type: "custom", payload });
  return rawRequest("POST", "/v1/thread-events", { key, body });
}

/** Milliseconds until the answer, which must say that it is done. */
async function compact({ port, key }: ServerProcess, threadId: string): Promise<number> {
  const connection = await RawConnection.connect(port);
  const request = rawRequest("POST", `/v1/threads/${threadId}/compact`, { key, body: "{}" });
  const start = performance.now();
  const { status, body } = await connection.send(request);
  const took = performance.now() - start;
  connection.close();
  if (status === 200 && JSON.parse(body.toString()).data.status === "completed") return took;
  throw new Error(`${threadId} was not compacted: ${status} ${body.toString().slice(0, 300)}`);
}

function idsOf(name: string, at: number) {
  return { threadId: `thr_bench-${name}-${at}`, runId: `run_bench-${name}-${at}` };
}
