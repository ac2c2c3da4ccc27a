/** Durable appends over HTTP: one 400-byte event or 100 of them per request, over 256 threads. */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

/** The figures that peers compare themselves with. */
export const appendName = "append over HTTP, one event per request";

const threads = 256;

/** The bytes of an event's payload text that make its line about 400 bytes long. */
const text = "x".repeat(150);

/** Appends with 1 and 64 connections, single and in batches. */
export async function measureAppends(server: ServerProcess, seconds: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { connections, events, goal } of [
    { connections: 64, events: 1, goal: 20_000 },
    { connections: 1, events: 1, goal: null },
    { connections: 64, events: 100, goal: 120_000 },
    { connections: 1, events: 100, goal: null },
  ]) {
    const ids = await beginRuns(server, `${connections}x${events}`);
    const requests = ids.map(({ threadId, runId }) =>
      appendRequest(server, { threadId, runId, events }),
    );
    let turn = 0;
    const result = await drive({
      port: server.port,
      connections,
      seconds,
      next: () => {
        turn += 1;
        return requests[turn % threads] as Buffer;
      },
    });
    const unit = "events/s";
    figures.push({
      name: events === 1 ? appendName : `append over HTTP, ${events} events per request`,
      value: (result.requests * events) / result.seconds,
      unit,
      p50Ms: result.latencies.quantile(0.5),
      p99Ms: result.latencies.quantile(0.99),
      goal: goal === null ? null : { kind: "atLeast", value: goal },
      note: `${connections} connection${connections === 1 ? "" : "s"}, ${threads} threads`,
    });
  }
  return figures;
}

/** Opens a run in each of the threads; an append needs one. */
async function beginRuns(server: ServerProcess, name: string) {
  const connection = await RawConnection.connect(server.port);
  const ids = Array.from({ length: threads }, (_, at) => {
    return { threadId: `thr_bench-${name}-${at}`, runId: `run_bench-${name}-${at}` };
  });
  for (const { threadId, runId } of ids) {
    const body = JSON.stringify({ threadId, runId, type: "run_started", payload: {} });
    const answer = await connection.send(
      rawRequest("POST", "/v1/thread-events", { key: server.key, body }),
    );
    if (answer.status !== 200) throw new Error(answer.body.toString());
  }
  connection.close();
  return ids;
}

function appendRequest(
  server: ServerProcess,
  { threadId, runId, events }: { threadId: string; runId: string; events: number },
): Buffer {
  const frame = { type: "assistant_message", payload: { content: text, messageId: "m-1" } };
  const body = JSON.stringify(
    events === 1
      ? { threadId, runId, ...frame }
      : { threadId, runId, events: Array.from({ length: events }, () => frame) },
  );
  return rawRequest("POST", "/v1/thread-events", { key: server.key, body });
}
