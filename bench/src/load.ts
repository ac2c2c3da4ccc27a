/** Drives connections as fast as they go, or for a time, and collects latencies. */
import { Histogram } from "./histogram.ts";
import { type RawAnswer, RawConnection } from "./raw-http.ts";

/** What was counted after the warm-up: bodies' bytes, latencies in milliseconds. */
export type LoadResult = {
  readonly seconds: number;
  readonly requests: number;
  readonly bytes: number;
  readonly latencies: Histogram;
};

/**
 * Sends requests over `connections` connections, one at a time on each, until `seconds` have
 * passed or `next` gives null. The first tenth is warm-up and not counted. Any status other than
 * 2xx ends it with an error: a refusal is no throughput. With `waits` a 503 is sent again after a
 * second, as a client does that is asked to wait.
 */
export async function drive(options: {
  port: number;
  connections: number;
  seconds: number;
  next: (connection: number) => Buffer | null;
  onAnswer?: (answer: RawAnswer, connection: number) => void;
  /** True: bodies are only counted. */
  discardsBodies?: boolean;
  waits?: boolean;
}): Promise<LoadResult> {
  const { port, connections, seconds, next, onAnswer } = options;
  const opened = await Promise.all(
    Array.from({ length: connections }, () => RawConnection.connect(port)),
  );
  for (const connection of opened) connection.keepsBody = options.discardsBodies !== true;
  const start = performance.now();
  const warm = start + seconds * 100;
  const end = start + seconds * 1_000;
  const latencies = new Histogram();
  let bytes = 0;
  let countedFrom = start;
  const run = async (connection: RawConnection, index: number) => {
    for (let at = performance.now(); at < end; at = performance.now()) {
      const request = next(index);
      if (request === null) return;
      let answer = await connection.send(request);
      while (options.waits === true && answer.status === 503) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        answer = await connection.send(request);
      }
      if (answer.status < 200 || answer.status > 299) {
        throw new Error(`answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`);
      }
      onAnswer?.(answer, index);
      const now = performance.now();
      if (at < warm) {
        countedFrom = now;
        continue;
      }
      latencies.add(now - at);
      bytes += answer.bytes;
    }
  };
  try {
    await Promise.all(opened.map(run));
  } finally {
    for (const connection of opened) connection.close();
  }
  const elapsed = (performance.now() - countedFrom) / 1_000;
  return { seconds: elapsed, requests: latencies.count, bytes, latencies };
}
