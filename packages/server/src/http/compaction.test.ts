/** Requested compactions over HTTP: what is answered, stored and watched, and what may go wrong. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import {
  message,
  newIds,
  publish,
  runCompleted,
  runStarted,
} from "../testing/published-threads.ts";
import {
  anthropicDialect,
  errorReply,
  ModelServer,
  openAiDialect,
} from "../testing/scripted-model-server.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { watch } from "../testing/test-watcher.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

const call = (method: string, path: string, body?: object, headers = {}, key = server.keys.owner) =>
  server.request(method, path, { key, headers, ...(body === undefined ? {} : { body }) });
const compact = (threadId: string, body: object = {}, headers = {}) =>
  call("POST", `/v1/threads/${threadId}/compact`, body, headers);
const user = (content: string) => ({ type: "user_message", payload: { content } });

type Stored = { type: string; rolloutId: string; payload: Record<string, unknown> };

async function allEvents(threadId: string): Promise<Stored[]> {
  const path = `/v1/threads/${threadId}/events?include=all_rollouts&limit=500`;
  return (await call("GET", path)).body.data.events;
}

/** A thread with a finished run of three turns. */
async function thread(): Promise<{ threadId: string; runId: string }> {
  const ids = newIds("compact");
  const turns = [1, 2, 3].flatMap((turn) => [
    user(`Please mend bug ${turn}; never touch file ${turn}.txt.`),
    {
      type: "tool_call",
      payload: { toolCallId: `c${turn}`, name: "Bash", input: { command: `make ${turn}` } },
    },
    {
      type: "tool_result",
      payload: { toolCallId: `c${turn}`, output: turn === 2 ? "boom" : "ok", isError: turn === 2 },
    },
    message(`I decided to change line ${turn}.`),
  ]);
  const answer = await publish(server, {
    ...ids,
    events: [runStarted(), ...turns, runCompleted()],
  });
  assert.equal(answer.status, 200);
  return ids;
}

test("ROL12 ROL16 a compaction closes the rollout with a summary of what was said and done", async () => {
  const { threadId } = await thread();
  const answer = await compact(threadId, { instructions: "the bugs" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { rolloutId, previousRolloutId } = answer.body.data;
  assert.deepEqual(answer.body.data, {
    threadId,
    rolloutId,
    previousRolloutId,
    status: "completed",
  });
  const [started, completed] = (await allEvents(threadId)).slice(-2);
  assert.ok(started && completed);
  assert.deepEqual([started?.type, started?.rolloutId], ["compaction_started", previousRolloutId]);
  assert.deepEqual([completed?.type, completed?.rolloutId], ["compaction_completed", rolloutId]);
  const { summary, status, compactionId } = completed.payload as Record<string, string>;
  assert.deepEqual([status, compactionId], ["completed", started?.payload.compactionId]);
  assert.ok(JSON.stringify(completed?.payload).length <= 12_000);
  for (const word of ["mend bug 1", "never touch file 2.txt", "make 3", "boom", "line 3"]) {
    assert.ok(summary?.includes(word), `${word} is in the summary`);
  }
  const { thread: after } = (await call("GET", `/v1/threads/${threadId}`)).body.data;
  assert.deepEqual([after.status, after.activeRolloutId], ["idle", rolloutId]);
  const again = await compact(threadId);
  assert.deepEqual(again.body.data, {
    ...{ threadId, rolloutId, previousRolloutId: null, status: "skipped" },
  });
  const next = newIds("compact");
  await publish(server, {
    threadId,
    runId: next.runId,
    events: [runStarted(), user("And now?"), runCompleted()],
  });
  const second = await compact(threadId);
  assert.equal(second.body.data.previousRolloutId, rolloutId);
  const last = (await allEvents(threadId)).at(-1)?.payload.summary as string;
  assert.ok(last.includes("mend bug 1") && last.includes("And now?"), "the first one is in it");
});

test("ROL17 what is kept stands behind the summary, whole turns with their places", async () => {
  const { threadId } = await thread();
  const answer = await compact(threadId, { summary: "What was done.", keepLast: 2 });
  assert.equal(answer.body.data.status, "completed");
  const last = (await allEvents(threadId)).at(-1);
  assert.ok(last);
  const { replacement } = last.payload as {
    replacement: { type: string; payload: Record<string, unknown>; fromSequence?: number }[];
  };
  assert.deepEqual(replacement[0], {
    type: "user_message",
    payload: { content: "What was done.", isSummary: true },
  });
  assert.deepEqual(
    replacement.slice(1).map(({ type, fromSequence }) => [type, fromSequence]),
    ["user_message", "tool_call", "tool_result", "assistant_message"]
      .flatMap((type, index) => [
        [type, 6 + index],
        [type, 10 + index],
      ])
      .sort((a, b) => Number(a[1]) - Number(b[1])),
  );
});

test("ROL12 a summary that is given is taken as it is, and nothing of old rollouts changes", async () => {
  const { threadId } = await thread();
  const before = (await call("GET", `/v1/threads/${threadId}/rollouts`)).body.data.rollouts[0];
  const path = `/v1/threads/${threadId}/rollouts/${before.rolloutId}.jsonl`;
  const bytes = (await call("GET", path)).bytes;
  await compact(threadId, { summary: "Done." });
  assert.equal((await allEvents(threadId)).at(-1)?.payload.summary, "Done.");
  const grown = (await call("GET", path)).bytes;
  assert.ok(grown.subarray(0, bytes.length).equals(bytes));
  assert.equal(grown.subarray(bytes.length).toString().trimEnd().split("\n").length, 1);
  await compact(threadId, { summary: "Again." });
  assert.ok((await call("GET", path)).bytes.equals(grown));
});

test("ROL12 ROL13 respond-async answers at once, and watchers see it begin and end", async () => {
  const { threadId } = await thread();
  const watcher = await watch(server, { threadId, key: server.keys.owner });
  const answer = await compact(threadId, {}, { prefer: "handling=lenient, Respond-Async" });
  assert.equal(answer.status, 202);
  assert.equal(answer.body.data.status, "running");
  const types = () => watcher.events.map(({ text }) => JSON.parse(text).type);
  await eventually("the watcher saw the end", () => types().includes("compaction_completed"));
  assert.deepEqual(types().slice(-2), ["compaction_started", "compaction_completed"]);
  watcher.socket.terminate();
});

test("ROL13 of two at once one is busy, and a run keeps it waiting", async () => {
  const { threadId } = await thread();
  const answers = await Promise.all([compact(threadId), compact(threadId), compact(threadId)]);
  const codes = answers.map(({ body }) => body.error?.code ?? body.data.status);
  assert.equal(codes.filter((code) => code === "completed").length, 1);
  for (const code of codes) assert.match(code, /^(completed|THREAD_BUSY|skipped)$/);
  const { runId } = newIds("compact");
  await publish(server, { threadId, runId, events: [runStarted(), user("x")] });
  const busy = await compact(threadId);
  assert.deepEqual([busy.status, busy.body.error.code], [409, "THREAD_BUSY"]);
  assert.equal(busy.body.error.details.activeRunId, runId);
});

test("ROL12 an empty thread is skipped; wrong wishes and foreign threads are refused", async () => {
  const { threadId } = newIds("compact");
  await call("POST", "/v1/threads", { id: threadId });
  assert.equal((await compact(threadId)).body.data.status, "skipped");
  for (const body of [
    { keepLast: 101 },
    { keepLast: -1 },
    { summary: "" },
    { summary: "x".repeat(262_145) },
    { instructions: "x".repeat(16_385) },
    { more: 1 },
  ]) {
    assert.equal((await compact(threadId, body)).body.error.code, "INVALID_REQUEST");
  }
  const path = `/v1/threads/${threadId}/compact`;
  const by = async (key: string) => (await call("POST", path, {}, {}, key)).body.error.code;
  assert.equal(await by(server.keys.member), "THREAD_NOT_FOUND");
  assert.equal(await by(server.keys.admin), "NOT_OWNER");
  assert.equal(await by(server.keys.reader), "INSUFFICIENT_SCOPE");
});

test("ROL7 ROL14 one that the server's stop interrupts leaves the thread usable", async () => {
  const { threadId } = await thread();
  await compact(threadId, {}, { prefer: "respond-async" });
  await server.restart();
  const { thread: after } = (await call("GET", `/v1/threads/${threadId}`)).body.data;
  assert.equal(after.status, "idle");
  const ends = (await allEvents(threadId)).filter(({ type }) => type.startsWith("compaction_"));
  assert.deepEqual(
    ends.map(({ type }) => type),
    ["compaction_started", "compaction_completed"],
  );
  const { runId } = newIds("compact");
  const next = await publish(server, { threadId, runId, events: [runStarted(), runCompleted()] });
  assert.equal(next.status, 200);
});

for (const dialect of [openAiDialect, anthropicDialect]) {
  test(`ROL16 ROL14 a model makes the summary, its failure ends the attempt: ${dialect.path}`, async (t) => {
    const model = new ModelServer(() => dialect.stream(["MODEL ", "WORDS"]));
    await model.open();
    t.after(() => model.close());
    const flags = {
      summariserUrl: model.addressOf(dialect.path),
      summariserModel: "some-model",
      summariserApiKey: "sk-nobody-may-see",
    };
    const own = await startTestServer({ flags });
    t.after(() => own.close());
    const ids = newIds("modelled");
    const key = own.keys.owner;
    await publish(own, { ...ids, events: [runStarted(), user("mend it"), runCompleted()] });
    const path = `/v1/threads/${ids.threadId}`;
    const done = await own.request("POST", `${path}/compact`, { key, body: {} });
    assert.equal(done.status, 200, JSON.stringify(done.body));
    assert.ok(model.requests[0]?.prompt.includes("mend it"));
    const last = async () => (await own.request("GET", `${path}?limit=1`, { key })).body.data;
    assert.equal((await last()).events[0].payload.summary, "MODEL WORDS");
    const { runId } = newIds("modelled");
    const events = [runStarted(), user("again"), runCompleted()];
    await publish(own, { threadId: ids.threadId, runId, events });
    model.script = () => errorReply(401, { message: "sk-nobody-may-see" });
    const failed = await own.request("POST", `${path}/compact`, { key, body: {} });
    assert.deepEqual([failed.status, failed.body.error.code], [502, "SUMMARISER_FAILED"]);
    assert.equal(JSON.stringify(failed.body).includes("sk-nobody"), false);
    const after = await last();
    assert.deepEqual([after.thread.status, after.events[0].payload.status], ["idle", "failed"]);
    assert.match(after.events[0].payload.error, /SPOOL_SUMMARISER_API_KEY|key/);
    const metrics = (await own.request("GET", "/metrics")).bytes.toString();
    assert.match(
      metrics,
      /spool_summariser_summaries_total 1\n[\s\S]*spool_summariser_failures_total 1/,
    );
  });
}
