/** Threads with an active run, as most measurements need them. */
import { RawConnection, rawRequest } from "./raw-http.ts";
import type { ServerProcess } from "./server-process.ts";

/** A thread whose run is active. */
export type RunningThread = {
  readonly threadId: string;
  readonly runId: string;
  readonly rolloutId: string;
};

/** Begins a run in each of `count` threads named after `name`. */
export async function beginRuns(
  server: ServerProcess,
  name: string,
  count: number,
): Promise<RunningThread[]> {
  const connection = await RawConnection.connect(server.port);
  const threads: RunningThread[] = [];
  for (let at = 0; at < count; at += 1) {
    const threadId = `thr_${name}-${at}`;
    const runId = `run_${name}-${at}`;
    const { rolloutId } = await publish(server, connection, {
      ...{ threadId, runId },
      events: [{ type: "run_started", payload: {} }],
    });
    threads.push({ threadId, runId, rolloutId: rolloutId as string });
  }
  connection.close();
  return threads;
}

/** Publishes a batch over HTTP; throws when it is refused. */
export async function publish(
  server: ServerProcess,
  connection: RawConnection,
  batch: object,
): Promise<Record<string, unknown>> {
  const body = JSON.stringify(batch);
  const request = rawRequest("POST", "/v1/thread-events", { key: server.key, body });
  const answer = await connection.send(request);
  if (answer.status !== 200) throw new Error(answer.body.toString());
  return JSON.parse(answer.body.toString()).data;
}
