/** Exports and imports over HTTP, as plain requests make them. For tests. */
import { strict as assert } from "node:assert";
import type { ExportHeader } from "@spool/protocol/thread-export";
import { compaction, message, runCompleted, runStarted } from "./published-threads.ts";
import type { TestRequest, TestResponse, TestServer } from "./test-server.ts";
import { publishAll } from "./watched-threads.ts";

/** An export: line 1, and the event lines behind it. */
export type TestExport = { readonly header: ExportHeader; readonly lines: readonly string[] };

/** The thread as it stands, as olivia or with `key`. */
export async function exported(
  server: TestServer,
  threadId: string,
  key = server.keys.owner,
): Promise<TestExport> {
  const path = `/v1/threads/${threadId}/rollouts`;
  const { body, status } = await server.request("GET", `${path}?limit=100`, { key });
  assert.equal(status, 200);
  const { thread } = body.data;
  const rollouts = body.data.rollouts.reverse();
  const lines: string[] = [];
  for (const { rolloutId } of rollouts) {
    const file = await server.request("GET", `${path}/${rolloutId}.jsonl`, { key });
    lines.push(...file.bytes.toString("utf8").split("\n").slice(0, -1));
  }
  return { header: { spool: 1, thread, rollouts }, lines };
}

/** The bytes of an export. */
export function textOf({ header, lines }: TestExport): string {
  return [header, ...lines]
    .map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`)
    .join("");
}

/** Sends a body to be imported, as olivia or with `key`. */
export function imported(
  server: TestServer,
  body: string | Buffer,
  more: TestRequest = {},
): Promise<TestResponse> {
  const { key = server.keys.owner, headers } = more;
  return server.request("POST", "/v1/threads/import", {
    key,
    body,
    headers: { "Content-Type": "application/x-ndjson", ...headers },
  });
}

/** An export that goes no further than `count` events; line 1 says so. */
export function cutAt({ header, lines }: TestExport, count: number): TestExport {
  const kept = lines.slice(0, count);
  const events = kept.map((line) => JSON.parse(line));
  const last = events.at(-1);
  const rollouts = header.rollouts
    .filter(({ firstSequence }) => firstSequence === null || firstSequence <= count)
    .map((rollout) => {
      const own = kept.filter((_, at) => events[at].rolloutId === rollout.rolloutId);
      const bytes = own.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
      const firstSequence = own.length === 0 ? null : rollout.firstSequence;
      const lastSequence = firstSequence === null ? null : firstSequence + own.length - 1;
      return { ...rollout, bytes, firstSequence, lastSequence, eventCount: own.length };
    });
  const activeRolloutId = rollouts.at(-1)?.rolloutId as string;
  const thread = {
    ...header.thread,
    ...{ sequence: count, eventCount: count, activeRolloutId },
    updatedAt: last?.createdAt ?? header.thread.createdAt,
  };
  return { header: { ...header, thread, rollouts }, lines: kept };
}

/** A thread of olivia's with three rollouts and two runs, nothing of which is open. */
export async function variedThread(
  server: TestServer,
  ids: { readonly threadId: string; readonly runId: string },
): Promise<void> {
  await publishAll(server, ids, [
    runStarted({ agentId: "coder", executionMode: "local", metadata: { a: 1 } }),
    { type: "user_message", payload: { content: "Hello \u2028 \ud83d\ude00", messageId: "m1" } },
    message("one", { __proto__: null, constructor: 1 }),
    ...compaction("first"),
    { type: "tool_call", payload: { toolCallId: "t1", name: "ls", input: [1e21, 0.1] } },
    ...compaction("second"),
    runCompleted(),
  ]);
  const runless = { type: "user_message", payload: { content: "aside", messageId: "m2" } };
  await publishAll(server, { threadId: ids.threadId, runId: null }, [runless]);
  const again = { ...ids, runId: `${ids.runId}b` };
  await publishAll(server, again, [runStarted(), message("two"), runCompleted()]);
}
