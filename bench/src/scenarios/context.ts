/** Contexts for a model: a thread of 10,000 events in every format, and cut to fit. */
import type { Figure } from "../figure.ts";
import { drive } from "../load.ts";
import { publish } from "../published.ts";
import { RawConnection, rawRequest } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

const threadId = "thr_bench-context";
const runId = "run_bench-context";
const events = 10_000;
/** The goal for the whole context of the thread, p50. */
const goalMs = 50;

/** Times whole contexts of one thread, one request after the other. */
export async function measureContext(server: ServerProcess, seconds: number): Promise<Figure[]> {
  await writeThread(server);
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

/** Turns of a prompt, and of an answer, a call and a result over and over. */
async function writeThread(server: ServerProcess): Promise<void> {
  const connection = await RawConnection.connect(server.port);
  const text = "The queue is bounded, and what is over the bound is refused. ".repeat(4);
  await publish(server, connection, {
    ...{ threadId, runId },
    events: [{ type: "run_started", payload: {} }],
  });
  for (let at = 1; at < events; at += 100) {
    const frames = Array.from({ length: Math.min(100, events - at) }, (_, index) => {
      return frameOf(at + index, index, text);
    });
    await publish(server, connection, { threadId, runId, events: frames });
  }
  connection.close();
}

/** The `index`-th of its hundred: a prompt, then answers, calls and their results in turn. */
function frameOf(number: number, index: number, text: string): object {
  if (index === 0) return { type: "user_message", payload: { content: text } };
  switch (index % 3) {
    case 1:
      return { type: "assistant_message", payload: { content: text, messageId: `m-${number}` } };
    case 2: {
      const input = { command: "npm test", cwd: "packages/server" };
      return { type: "tool_call", payload: { toolCallId: `call_${number}`, name: "Bash", input } };
    }
    default:
      return {
        type: "tool_result",
        payload: { toolCallId: `call_${number - 1}`, output: text },
      };
  }
}
