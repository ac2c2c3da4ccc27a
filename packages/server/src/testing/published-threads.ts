/** Threads with events in them, published over HTTP as any agent does. For tests. */
import { strict as assert } from "node:assert";
import type { TestResponse, TestServer } from "./test-server.ts";

/** One frame of a batch. */
export type TestFrame = { readonly type: string; readonly payload: object } & Record<
  string,
  unknown
>;

let made = 0;

/** Ids no other test uses: `thr_<word>1` and the like. */
export function newIds(word = "t"): { threadId: string; runId: string } {
  made += 1;
  return { threadId: `thr_${word}${made}`, runId: `run_${word}${made}` };
}

/** A frame of `text` from the assistant. */
export function message(text: string, more: object = {}): TestFrame {
  return { type: "assistant_message", payload: { content: text, ...more } };
}

/** The frame that starts a run. */
export function runStarted(payload: object = {}): TestFrame {
  return { type: "run_started", payload };
}

/** The frame that ends a run. */
export function runCompleted(payload: object = {}): TestFrame {
  return { type: "run_completed", payload: { status: "completed", ...payload } };
}

/** Publishes a batch as olivia, or with `key`. */
export function publish(
  server: TestServer,
  batch: { threadId: string; runId: string | null; events: readonly TestFrame[]; key?: string },
): Promise<TestResponse> {
  const { key = server.keys.owner, ...body } = batch;
  return server.request("POST", "/v1/thread-events", { key, body });
}

/** A thread of olivia's whose run goes on, with `count` messages behind its `run_started`. */
export async function startedThread(
  server: TestServer,
  { count = 0, title }: { count?: number; title?: string } = {},
): Promise<{ threadId: string; runId: string }> {
  const ids = newIds();
  if (title !== undefined) {
    const created = await server.request("POST", "/v1/threads", {
      key: server.keys.owner,
      body: { id: ids.threadId, title },
    });
    assert.equal(created.status, 201);
  }
  const messages = Array.from({ length: count }, (_, index) => message(`message ${index + 2}`));
  const answer = await publish(server, { ...ids, events: [runStarted(), ...messages] });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return ids;
}

/** The frames with which an agent compacts by itself; they close a rollout. */
export function compaction(summary: string): TestFrame[] {
  return [
    { type: "compaction_started", payload: {} },
    { type: "compaction_completed", payload: { summary } },
  ];
}

/** Walks a paged address to its end and gives the rows of all pages. */
export async function walk(
  server: TestServer,
  path: string,
  rows: { name: string; key?: string },
  // biome-ignore lint/suspicious/noExplicitAny: rows of every shape
): Promise<any[]> {
  const { name, key = server.keys.owner } = rows;
  const all = [];
  let next = path;
  for (;;) {
    const answer = await server.request("GET", next, { key });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    all.push(...answer.body.data[name]);
    const { hasMore, nextCursor } = answer.body.meta;
    assert.equal(hasMore, nextCursor !== null);
    if (nextCursor === null) return all;
    next = `${path.split("?")[0]}?limit=2&cursor=${nextCursor}`;
  }
}
