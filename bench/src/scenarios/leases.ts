/**
 * 10,000 runs whose leases end within a second, while others append: how long an append waits
 * meanwhile, and how late the last run is ended (RUN13).
 */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

const runs = 10_000;
const leaseSeconds = 10;
const starters = 64;
const appenders = 8;
const agentId = "lapsing";
/** Appends go on so long before the first lease ends and after the last one. */
const aroundMs = 2_000;

/** Starts the runs, lets them lapse, and appends to other threads around that time. */
export async function measureLeases(server: ServerProcess): Promise<Figure[]> {
  await beginOthers(server);
  const begunAt = Date.now();
  await beginRuns(server);
  const lastEnds = Date.now() + leaseSeconds * 1_000;
  await until(begunAt + leaseSeconds * 1_000 - aroundMs);
  const { latencies, requests, seconds } = await drive({
    port: server.port,
    connections: appenders,
    seconds: (lastEnds + aroundMs - Date.now()) / 1_000,
    next: (connection) => post(server, { ...idsOf("other", connection), type: "custom" }),
  });
  const endedAt = await lastEndOf(server);
  return [
    {
      name: "longest wait of an append while 10,000 leases end",
      value: latencies.quantile(1),
      unit: "ms",
      p50Ms: latencies.quantile(0.5),
      p99Ms: latencies.quantile(0.99),
      goal: { kind: "atMost", value: 50 },
      note: `${appenders} connections, ${Math.round(requests / seconds)} appends/s`,
    },
    {
      name: "the last of 10,000 runs is ended after its lease",
      value: Math.max(endedAt - lastEnds, 0),
      unit: "ms",
      p50Ms: null,
      p99Ms: null,
      goal: { kind: "atMost", value: 2_000 },
      note: `leases that end within ${((lastEnds - begunAt) / 1_000 - leaseSeconds).toFixed(1)} s`,
    },
  ];
}

async function beginOthers(server: ServerProcess): Promise<void> {
  await send(
    server,
    1,
    Array.from({ length: appenders }, (_, at) => begin(server, "other", at)),
  );
}

async function beginRuns(server: ServerProcess): Promise<void> {
  const requests = Array.from({ length: runs }, (_, at) => begin(server, "lapsing", at));
  await send(server, starters, requests);
}

function begin(server: ServerProcess, name: string, at: number): Buffer {
  const payload = name === "lapsing" ? { agentId, leaseSeconds } : {};
  return post(server, { ...idsOf(name, at), type: "run_started", payload });
}

function idsOf(name: string, at: number) {
  return { threadId: `thr_bench-${name}-${at}`, runId: `run_bench-${name}-${at}` };
}

function post(server: ServerProcess, frame: object): Buffer {
  const body = JSON.stringify({ payload: { name: "tick", data: "x".repeat(150) }, ...frame });
  return rawRequest("POST", "/v1/thread-events", { key: server.key, body });
}

/** Sends each request once, several at a time. */
async function send(server: ServerProcess, atOnce: number, requests: Buffer[]): Promise<void> {
  const one = async () => {
    const connection = await RawConnection.connect(server.port);
    for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
      const answer = await connection.send(next);
      if (answer.status !== 200) throw new Error(answer.body.toString());
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** When the last of the runs was ended; all of them are. */
async function lastEndOf(server: ServerProcess): Promise<number> {
  const list = async (query: string) => {
    const connection = await RawConnection.connect(server.port);
    const path = `/v1/threads?agent=${agentId}&limit=1${query}`;
    const answer = await connection.send(rawRequest("GET", path, { key: server.key }));
    connection.close();
    return JSON.parse(answer.body.toString()).data.threads as { updatedAt: string }[];
  };
  if ((await list("&status=running")).length > 0) throw new Error("a run was not ended");
  const [last] = await list("");
  return Date.parse(last?.updatedAt as string);
}

function until(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time - Date.now()));
}
