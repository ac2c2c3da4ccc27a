/** Contexts for a model: a thread of 10,000 events in every format, and cut to fit. */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { writeLongThread } from "../long-thread.ts";
import { rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

const threadId = "thr_bench-context";
const runId = "run_bench-context";
const events = 10_000;
/** The goal for the whole context of the thread, p50. */
const goalMs = 50;

/** Times whole contexts of one thread, one request after the other. */
export async function measureContext(server: ServerProcess, seconds: number): Promise<Figure[]> {
  await writeLongThread(server, { threadId, runId }, events);
  const figures: Figure[] = [];
  for (const format of ["spool", "openai", "anthropic", "ai-sdk"]) {
    const path = `/v1/threads/${threadId}/context?format=${format}`;
    figures.push(await measureOne(server, { path, name: `context as ${format}`, seconds }));
  }
  const path = `/v1/threads/${threadId}/context?format=anthropic&max_tokens=100000`;
  figures.push(await measureOne(server, { path, name: "context cut to 100,000 tokens", seconds }));
  return figures;
}

async function measureOne(
  server: ServerProcess,
  { path, name, seconds }: { path: string; name: string; seconds: number },
): Promise<Figure> {
  const request = rawRequest("GET", path, { key: server.key });
  const { latencies } = await drive({
    ...{ port: server.port, connections: 1, seconds },
    next: () => request,
    discardsBodies: true,
  });
  const p50Ms = latencies.quantile(0.5);
  return {
    ...{ name, value: p50Ms, unit: "ms", p50Ms, p99Ms: latencies.quantile(0.99) },
    goal: { kind: "atMost", value: goalMs },
    note: "10,000 events, 4.7 MB, 1 connection",
  };
}
