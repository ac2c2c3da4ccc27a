/**
 * What tests of the live stream do and ask over REST: publishing that must succeed, the history as
 * the store holds it, and how many sockets the server has open.
 */
import { strict as assert } from "node:assert";
import { message, publish, startedThread, type TestFrame } from "./published-threads.ts";
import type { TestServer } from "./test-server.ts";

const batchFrames = 1_000;

/** Publishes as olivia in as many batches as needed; gives the last sequence. */
export async function publishAll(
  server: TestServer,
  ids: { readonly threadId: string; readonly runId: string | null },
  events: readonly TestFrame[],
): Promise<number> {
  let sequence = 0;
  for (let from = 0; from < events.length; from += batchFrames) {
    const answer = await publish(server, {
      ...ids,
      events: events.slice(from, from + batchFrames),
    });
    assert.equal(answer.status, 200, answer.bytes.toString());
    sequence = answer.body.data.sequence;
  }
  return sequence;
}

/** A thread of olivia's whose run goes on, with that many events; its messages are small. */
export async function longThread(
  server: TestServer,
  events: number,
): Promise<{ threadId: string; runId: string }> {
  const ids = await startedThread(server);
  const messages = Array.from({ length: events - 1 }, (_, index) => message(`m${index + 2}`));
  assert.equal(await publishAll(server, ids, messages), events);
  return ids;
}

/** Every line of the thread, byte for byte, from its rollouts' files (REST10). */
export async function storedLines(server: TestServer, threadId: string): Promise<string[]> {
  const key = server.keys.owner;
  const path = `/v1/threads/${threadId}/rollouts`;
  const { body } = await server.request("GET", `${path}?limit=100`, { key });
  assert.equal(body.meta.hasMore, false, "more rollouts than a page holds");
  const lines: string[] = [];
  for (const { rolloutId } of body.data.rollouts.toReversed()) {
    const file = await server.request("GET", `${path}/${rolloutId}.jsonl`, { key });
    assert.equal(file.status, 200);
    lines.push(...file.bytes.toString("utf8").split("\n").slice(0, -1));
  }
  return lines;
}

/** The whole history page by page, each event printed again. */
export async function historyOf(server: TestServer, threadId: string): Promise<string[]> {
  const path = `/v1/threads/${threadId}/events`;
  const texts: string[] = [];
  let query = "include=all_rollouts&limit=500";
  for (;;) {
    const { body } = await server.request("GET", `${path}?${query}`, { key: server.keys.owner });
    for (const event of body.data.events) texts.push(JSON.stringify(event));
    if (!body.meta.hasMore) return texts;
    query = `limit=500&cursor=${body.meta.nextCursor}`;
  }
}

/** The gauge `spool_open_sockets`. */
export async function openSockets(server: TestServer): Promise<number> {
  const { bytes } = await server.request("GET", "/metrics");
  const match = /^spool_open_sockets (\d+)$/m.exec(bytes.toString());
  assert.ok(match, "the gauge is there");
  return Number(match[1]);
}
