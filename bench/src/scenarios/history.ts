/** Reading history: pages of a 50 MB thread, its rollout as JSONL, and its first snapshot. */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

const threadId = "thr_bench-history";
const events = 5_000;
const eventBytes = 10_000;

/** Reads of one thread of 5,000 events and 50 MB, from the page cache. */
export async function measureHistory(server: ServerProcess, seconds: number): Promise<Figure[]> {
  await writeThread(server);
  const path = `/v1/threads/${threadId}`;
  const snapshot = await readRepeatedly(server, path, seconds);
  const page = await readRepeatedly(server, `${path}/events?limit=500`, seconds);
  const rolloutId = await activeRollout(server);
  const jsonl = await readRepeatedly(server, `${path}/rollouts/${rolloutId}.jsonl`, seconds);
  const row = (name: string, result: typeof page, goal: number | null): Figure => ({
    name,
    value: result.bytes / result.seconds / 1e6,
    unit: "MB/s",
    p50Ms: result.latencies.quantile(0.5),
    p99Ms: result.latencies.quantile(0.99),
    goal: goal === null ? null : { kind: "atLeast", value: goal },
    note: "5,000 events, 50 MB, 1 connection",
  });
  return [
    row("history read, pages of 500 events", page, 500),
    row("history read, rollout as JSONL", jsonl, 500),
    row("REST snapshot, newest 200 events", snapshot, null),
  ];
}

async function readRepeatedly(server: ServerProcess, path: string, seconds: number) {
  const request = rawRequest("GET", path, { key: server.key });
  return drive({
    port: server.port,
    connections: 1,
    seconds,
    next: () => request,
    discardsBodies: true,
  });
}

async function activeRollout(server: ServerProcess): Promise<string> {
  const connection = await RawConnection.connect(server.port);
  const request = rawRequest("GET", `/v1/threads/${threadId}?limit=1`, { key: server.key });
  const { body } = await connection.send(request);
  connection.close();
  return JSON.parse(body.toString()).data.thread.activeRolloutId;
}

async function writeThread(server: ServerProcess): Promise<void> {
  const connection = await RawConnection.connect(server.port);
  const runId = "run_bench-history";
  const send = async (frames: readonly unknown[]) => {
    const body = JSON.stringify({ threadId, runId, events: frames });
    const answer = await connection.send(
      rawRequest("POST", "/v1/thread-events", { key: server.key, body }),
    );
    if (answer.status !== 200) throw new Error(answer.body.toString());
  };
  await send([{ type: "run_started", payload: {} }]);
  const content = "The quick brown fox. "
    .repeat(Math.ceil(eventBytes / 21))
    .slice(0, eventBytes - 300);
  for (let at = 1; at < events; at += 100) {
    const count = Math.min(100, events - at);
    await send(
      Array.from({ length: count }, (_, index) => {
        return { type: "assistant_message", payload: { content, messageId: `m-${at + index}` } };
      }),
    );
  }
  connection.close();
}
