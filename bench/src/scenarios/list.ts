/** A page of the thread list among many threads. */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

/** Makes `threads` threads, then reads the first page and pages in the middle of the walk. */
export async function measureList(
  server: ServerProcess,
  { threads, seconds }: { threads: number; seconds: number },
): Promise<Figure[]> {
  await makeThreads(server, threads);
  const first = "/v1/threads?limit=100";
  let path = first;
  const result = await drive({
    port: server.port,
    connections: 1,
    seconds,
    next: () => rawRequest("GET", path, { key: server.key }),
    onAnswer: ({ body }) => {
      const { nextCursor } = JSON.parse(body.toString()).meta;
      path = nextCursor === null ? first : `${first}&cursor=${nextCursor}`;
    },
  });
  return [
    {
      name: "list page of 100 threads",
      value: result.latencies.quantile(0.5),
      unit: "ms",
      p50Ms: result.latencies.quantile(0.5),
      p99Ms: result.latencies.quantile(0.99),
      goal: { kind: "atMost", value: 3 },
      note: `among ${threads.toLocaleString("en-US")} threads, walking`,
    },
  ];
}

async function makeThreads(server: ServerProcess, threads: number): Promise<void> {
  let made = 0;
  await drive({
    port: server.port,
    connections: 64,
    seconds: 600,
    next: () => {
      if (made >= threads) return null;
      made += 1;
      const body = JSON.stringify({ title: `Thread number ${made}`, metadata: { n: made } });
      return rawRequest("POST", "/v1/threads", { key: server.key, body });
    },
  });
}
