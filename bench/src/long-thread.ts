/**
 * Writes a thread such as a coding agent leaves: prompts, answers, calls and their results, 4.7 MB
 * for 10,000 events. Used by the scenarios that read or compact a long thread.
 */
import { publish } from "./published.ts";
import { RawConnection } from "./raw-http.ts";
import type { ServerProcess } from "./server-process.ts";

const batchFrames = 100;
const text = "The queue is bounded, and what is over the bound is refused. ".repeat(4);

/** Publishes `events` events, the first a `run_started`; the run stays open. */
export async function writeLongThread(
  server: ServerProcess,
  ids: { readonly threadId: string; readonly runId: string },
  events: number,
): Promise<void> {
  const connection = await RawConnection.connect(server.port);
  await publish(server, connection, { ...ids, events: [{ type: "run_started", payload: {} }] });
  for (let at = 1; at < events; at += batchFrames) {
    const count = Math.min(batchFrames, events - at);
    const frames = Array.from({ length: count }, (_, index) => frameOf(at + index, index));
    await publish(server, connection, { ...ids, events: frames });
  }
  connection.close();
}

/** The `index`-th of its batch: a prompt, then answers, calls and their results in turn. */
function frameOf(number: number, index: number): object {
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
