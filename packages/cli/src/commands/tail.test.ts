/** `spool tail` into a pipe: history and live frames as they are, across a restart of the server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import { freePort } from "@spool/client/testing/free-port";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool, startSpool } from "../testing/run-spool.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  // A port of its own, so that the server is found again after a restart.
  server = await startTestServer({ flags: { port: String(await freePort()) } });
  client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
});
after(() => server.close());

const environment = () => ({ SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner });
const tail = (...words: string[]) => runSpool(["tail", ...words], { env: environment() });

/** Publishes a run with a compaction in its middle; gives the lines of both rollouts. */
async function publishCompacted(threadId: string): Promise<string[]> {
  const message = (content: string) => ({ type: "user_message", payload: { content, n: 1.5 } });
  await client.publish({
    threadId,
    runId: "run_a",
    events: [
      { type: "run_started", payload: {} },
      message("one"),
      { type: "compaction_started", payload: {} },
      { type: "compaction_completed", payload: { summary: "so far" } },
      message("two"),
    ],
  });
  const { items } = await client.history.rollouts(threadId);
  const texts = items.toReversed().map(async ({ rolloutId }) => {
    return new Response(await client.history.rolloutBytes(threadId, rolloutId)).text();
  });
  return Promise.all(texts);
}

test("CFG11 without following, the history is printed byte for byte", async () => {
  const [old, active] = (await publishCompacted("thr_history")) as [string, string];
  assert.equal((await tail("thr_history", "--no-follow")).out, active);
  assert.equal((await tail("thr_history", "--no-follow", "--all-rollouts")).out, old + active);
  const last = active.trimEnd().split("\n").at(-1);
  assert.equal((await tail("thr_history", "--no-follow", "--after", "4")).out, `${last}\n`);
  assert.equal((await tail("thr_history", "--no-follow", "--after", "5", "--json")).out, "");
});

test("CFG11 live frames follow the history, across a restart of the server, without loss", async () => {
  const threadId = "thr_follow";
  const base = { threadId, runId: "run_a" };
  const started = [{ type: "run_started", payload: {} }];
  const { rolloutId } = await client.publish({ ...base, events: started });
  const note = (data: number) => ({ type: "custom", payload: { name: "note", data } });
  const running = startSpool(["tail", threadId], { env: environment() });
  await running.printed('"sequence":1,');
  await client.publish({ ...base, events: [note(2), note(3)] });
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: "hi" } };
  await client.publish({ ...base, rolloutId, events: [{ ...delta, sequenceNumber: 1 }] });
  await running.printed('"delta":"hi"');
  await server.restart();
  await client.publish({ ...base, events: [note(4)] });
  await running.printed('"sequence":4,');
  await client.publish({ ...base, events: [note(5)] });
  await running.printed('"sequence":5,');
  running.process.kill("SIGINT");
  const { code, out } = await running.finished;
  assert.equal(code, 130);
  const sequences = jsonLines<{ sequence?: number }>(out).flatMap(({ sequence }) => sequence ?? []);
  assert.deepEqual(sequences, [1, 2, 3, 4, 5]);
});

test("CFG11 a long history comes from its beginning, and a closed pipe ends it quietly", async () => {
  const threadId = "thr_long";
  const events = (from: number) =>
    Array.from({ length: 1_000 }, (_, index) => ({
      type: "custom",
      payload: { name: "note", data: `${from + index} ${"x".repeat(1_000)}` },
    }));
  const base = { threadId, runId: "run_a" };
  await client.publish({ ...base, events: [{ type: "run_started", payload: {} }] });
  for (let from = 2; from < 12_000; from += 1_000) {
    await client.publish({ ...base, events: events(from) });
  }
  const whole = await tail(threadId, "--no-follow");
  const sequences = jsonLines<{ sequence: number }>(whole.out).map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences,
    Array.from({ length: 12_001 }, (_, index) => index + 1),
  );
  const running = startSpool(["tail", threadId], { env: environment() });
  await running.printed('"sequence":1,');
  running.process.stdout?.destroy();
  const { code, err } = await running.finished;
  assert.deepEqual([code, err], [0, ""]);
});

test("CFG11 deletion ends the tail, a missing thread is refused in one line", async () => {
  await client.threads.create({ id: "thr_gone" });
  const running = startSpool(["tail", "thr_gone"], { env: environment() });
  await running.printed("").then(() => new Promise((resolve) => setTimeout(resolve, 1_500)));
  await client.threads.delete("thr_gone");
  const { code, out } = await running.finished;
  assert.deepEqual(
    [code, jsonLines<{ type: string }>(out).map(({ type }) => type)],
    [0, ["thread_deleted"]],
  );
  const missing = await tail("thr_missing");
  assert.equal(missing.code, 1);
  assert.match(missing.err, /^spool: there is no such thread[^\n]*\n$/);
});

test("LIVE10 an admin sees only what happened to somebody else's thread", async () => {
  await publishCompacted("thr_private");
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.admin };
  const { code, out } = await runSpool(["tail", "thr_private", "--no-follow"], { env });
  assert.deepEqual([code, out], [0, ""]);
});
