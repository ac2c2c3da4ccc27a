/** Publishing a run over a socket, against a real server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { TransientFrame } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";
import { eventually } from "../../server/src/testing/eventually.ts";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";
import { LiveClient } from "./live-client.ts";
import { type Publisher, type PublisherOptions, startPublisher } from "./publisher.ts";
import { SpoolClient } from "./spool-client.ts";
import type { SpoolError } from "./spool-error.ts";
import { watchThread } from "./subscription.ts";
import { allOf } from "./testing/all-of.ts";
import { freePort } from "./testing/free-port.ts";
import type { Received } from "./watch-progress.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  server = await startTestServer({ flags: { port: String(await freePort()) } });
  client = clientOf(server.keys.owner);
});
after(() => server.close());

const clientOf = (apiKey: string) => new SpoolClient({ url: server.url, credential: { apiKey } });
const start = (threadId: string, options: Partial<PublisherOptions> = {}) =>
  startPublisher(client, { threadId, runId: "run_a", ...options });
const note = (data: unknown) => ({ type: "custom", payload: { name: "note", data } });
const runStarted = { type: "run_started", payload: {} };
const runCompleted = { type: "run_completed", payload: { status: "completed" } };
const delta = (text: string, messageId = "m") => ({
  type: "assistant_message_delta",
  payload: { messageId, delta: text },
});
const message = (content: string, messageId = "m") => ({
  type: "assistant_message",
  payload: { messageId, content },
});
const stored = (threadId: string): Promise<Event[]> =>
  allOf(client.history.allEvents(threadId, { allRollouts: true }));
const numbers = (events: readonly Event[]) => events.map(({ runSequence }) => runSequence);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Publishes a run from its start to its end and closes. */
async function publishRun(publisher: Publisher, frames: readonly { type: string }[]) {
  const all = [runStarted, ...(frames as (typeof runStarted)[]), runCompleted];
  const answers = Promise.all(all.map((frame) => publisher.publish(frame)));
  await publisher.close();
  return answers;
}

/** Watches in the background and keeps what came. */
async function watching(threadId: string) {
  const received: Received[] = [];
  const stop = new AbortController();
  const done = (async () => {
    for await (const one of watchThread(client, threadId, { signal: stop.signal })) {
      received.push(one);
    }
  })();
  await eventually("the snapshot came", () => received.length > 0);
  const deltas = () => received.filter(({ kind }) => kind === "transient");
  const end = () => {
    stop.abort();
    return done;
  };
  return { received, deltas, end };
}

test("PUB3 LOG1 durable frames get the run's numbers and resolve when they are stored", async () => {
  const publisher = start("thr_numbers");
  const answer = await publisher.publish(runStarted);
  assert.deepEqual([answer?.runSequence, answer?.appended], [1, 1]);
  await publisher.close();
  const other = start("thr_many");
  await publishRun(other, upTo(2_500).map(note));
  const events = await stored("thr_many");
  assert.deepEqual(numbers(events), upTo(2_502));
  assert.deepEqual(events[7]?.payload.data, 7);
});

test("PUB18 deltas carry their place, are gathered and merged, and come in order", async () => {
  const publisher = start("thr_deltas");
  await publisher.publish(runStarted);
  const watch = await watching("thr_deltas");
  const text = "Hello, world: 😀 and on.";
  for (const letter of text) void publisher.publish(delta(letter));
  void publisher.publish({
    type: "tool_output_delta",
    payload: { toolCallId: "t", delta: "out", stream: "stdout" },
  });
  void publisher.publish(delta(" More."));
  await publisher.publish(message(`${text} More.`));
  void publisher.publish(delta("late"));
  await publisher.publish(runCompleted);
  await publisher.close();
  await eventually("the end came", () => watch.received.at(-1)?.frame.type === "run_completed");
  await watch.end();
  const shown = watch.received
    .filter(({ frame }) => frame.type === "assistant_message_delta")
    .map(({ frame }) => (frame as TransientFrame).payload as { delta: string; offset: number });
  let whole = "";
  for (const one of shown) {
    assert.equal(one.offset, whole.length);
    whole += one.delta;
  }
  assert.equal(whole, `${text} More.`);
  assert.ok(shown.length <= 3, `${shown.length} deltas`);
  const types = watch.received.map(({ frame }) => frame.type);
  assert.ok(types.indexOf("assistant_message") > types.lastIndexOf("assistant_message_delta"));
});

test("ROL1 transient frames follow the run into the rollout its compaction opens", async () => {
  const publisher = start("thr_compacts");
  await publisher.publish(runStarted);
  const watch = await watching("thr_compacts");
  void publisher.publish(delta("one", "m1"));
  void publisher.publish({ type: "compaction_completed", payload: { summary: "short" } });
  void publisher.publish(delta("two", "m2"));
  await publisher.publish(note(1));
  await publisher.publish(runCompleted);
  await publisher.close();
  await eventually("the end came", () => watch.received.at(-1)?.frame.type === "run_completed");
  await watch.end();
  const rollouts = watch.deltas().map(({ frame }) => (frame as Event).rolloutId);
  assert.equal(new Set(rollouts).size, 2);
});

test("RUN2 RUN6 RUN7 a busy thread refuses, a cancel is heard, and its run is fenced", async () => {
  const cancelled: string[] = [];
  const publisher = start("thr_fenced", { onCancelRequested: (runId) => cancelled.push(runId) });
  await publisher.publish(runStarted);
  const second = start("thr_fenced", { runId: "run_b" });
  await assert.rejects(second.publish(runStarted), { code: "THREAD_BUSY", status: 409 });
  await assert.rejects(second.close(), { code: "THREAD_BUSY" });
  await client.threads.cancel("thr_fenced");
  await eventually("the cancel was heard", () => cancelled.length === 1);
  assert.deepEqual(cancelled, ["run_a"]);
  const [first, behind] = [publisher.publish(note(1)), publisher.publish(note(2))];
  await assert.rejects(first, { code: "RUN_FENCED" });
  await assert.rejects(behind, { code: "RUN_FENCED" });
  await assert.rejects(publisher.publish(note(3)), { code: "RUN_FENCED" });
  await assert.rejects(publisher.close(), { code: "RUN_FENCED" });
});

test("PUB19 a frame that is wrong fails alone, and the ones behind take its place", async () => {
  const publisher = start("thr_wrong");
  await publisher.publish(runStarted);
  const results = await Promise.allSettled([
    publisher.publish(note(1)),
    publisher.publish({ type: "tool_call", payload: { name: "" } }),
    publisher.publish(note(2)),
    publisher.publish({ type: "assistant_message_delta", payload: { delta: 7 } }),
    publisher.publish({ type: "nonsense", payload: {} }),
    ...upTo(1_500).map((index) => publisher.publish(note(index + 2))),
    publisher.publish(runCompleted),
  ]);
  const refused = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  assert.deepEqual(
    refused.map(({ code }: SpoolError) => code),
    ["INVALID_FRAME", "INVALID_FRAME"],
  );
  await assert.rejects(publisher.close(), { code: "INVALID_FRAME" });
  const events = await stored("thr_wrong");
  assert.deepEqual(numbers(events), upTo(1_504));
  assert.deepEqual(
    events.flatMap(({ payload }) => (payload.data === undefined ? [] : [payload.data])),
    upTo(1_502),
  );
});

test("REST9 a publisher that forgot everything goes on where the run is", async () => {
  const first = start("thr_again");
  assert.equal(await first.resumeFrom(client.history), null);
  await first.publish(runStarted);
  await first.publish(note(1));
  void first.publish(delta("seen"));
  await first.close();
  const second = start("thr_again");
  const watch = await watching("thr_again");
  const run = await second.resumeFrom(client.history);
  assert.deepEqual([run?.status, run?.runSequence], ["running", 2]);
  void second.publish(delta("shown", "m2"));
  await second.publish(note(2));
  await assert.rejects(second.resumeFrom(client.history), /before the first frame/);
  await second.publish(runCompleted);
  await second.close();
  assert.deepEqual(numbers(await stored("thr_again")), upTo(4));
  await eventually("the delta came", () => watch.deltas().length === 1);
  await watch.end();
});

test("AUTH14 a key that may not run is refused; one that may not read publishes", async () => {
  const options = { threadId: "thr_scopes", runId: "run_a" };
  const reader = startPublisher(clientOf(server.keys.reader), options);
  await assert.rejects(reader.publish(runStarted), { code: "INSUFFICIENT_SCOPE", status: 403 });
  await assert.rejects(reader.close(), { code: "INSUFFICIENT_SCOPE" });
  const wrong = startPublisher(clientOf("rt_live_wrong"), options);
  await assert.rejects(wrong.publish(runStarted), { code: "INVALID_CREDENTIALS" });
  const runner = startPublisher(clientOf(server.keys.runner), options);
  await publishRun(runner, [delta("x"), note(1)]);
  assert.deepEqual(numbers(await stored("thr_scopes")), upTo(3));
});

test("WIRE6 the queue is bounded: transient frames are lost, durable ones told to wait", async () => {
  const publisher = start("thr_bound", { queueBytesMax: 64 * 1024 });
  const filling = "x".repeat(32 * 1024);
  const durable = [
    publisher.publish(runStarted),
    ...[1, 2, 3].map(() => publisher.publish(note(filling))),
  ];
  for (let index = 0; index < 50; index += 1) void publisher.publish(delta(filling, `m${index}`));
  assert.ok(publisher.queueBytes < 5 * 32 * 1024);
  let hasRoom = false;
  const waiting = publisher.room().then(() => {
    hasRoom = true;
  });
  assert.equal(hasRoom, false);
  await Promise.all([...durable, waiting]);
  const huge = publisher.publish(note("x".repeat(8 * 1024 * 1024)));
  await assert.rejects(huge, { code: "BODY_TOO_LARGE", status: 413 });
  await publisher.publish(runCompleted);
  await assert.rejects(publisher.close(), { code: "BODY_TOO_LARGE" });
  assert.deepEqual(numbers(await stored("thr_bound")), upTo(5));
});

test("PUB20 RUN8 what is published while the server restarts is stored once", async () => {
  const publisher = start("thr_restarts", { random: () => 0 });
  await publisher.publish(runStarted);
  const restarting = server.restart();
  const answers = upTo(50).map((index) => publisher.publish(note(index)));
  await restarting;
  await Promise.all(answers);
  await publisher.publish(runCompleted);
  await publisher.close();
  assert.deepEqual(numbers(await stored("thr_restarts")), upTo(52));
});

test("closing can be given up while the server is away", async () => {
  const nowhere = new SpoolClient({
    url: "http://127.0.0.1:9",
    credential: { apiKey: "rt_live_x" },
  });
  const publisher = startPublisher(nowhere, { threadId: "thr_a", runId: "run_a" });
  const lost = publisher.publish(runStarted);
  const stop = new AbortController();
  const closing = publisher.close({ signal: stop.signal });
  stop.abort();
  await assert.rejects(closing, { code: "NO_ANSWER" });
  await assert.rejects(lost, { code: "NO_ANSWER" });
});

test("RUN9 a run that says nothing sends empty batches until it is over", async (t) => {
  const send = t.mock.method(WebSocket.prototype, "send");
  const heartbeats = () =>
    send.mock.calls.filter(({ arguments: [text] }) => String(text).endsWith('"events":[]}')).length;
  const publisher = start("thr_quiet", { heartbeatMs: 10 });
  await publisher.publish(runStarted);
  await eventually("heartbeats went out", () => heartbeats() >= 3);
  await publisher.publish(runCompleted);
  await publisher.close();
  assert.deepEqual(numbers(await stored("thr_quiet")), upTo(2));
});

test("LIVE14 publishers share the connection of a LiveClient", async () => {
  const live = new LiveClient(client);
  const publishers = ["thr_p1", "thr_p2", "thr_p3"].map((threadId) =>
    live.publisher({ threadId, runId: "run_a" }),
  );
  await Promise.all(publishers.map((publisher) => publishRun(publisher, upTo(40).map(note))));
  assert.equal(live.state.state, "idle");
  for (const threadId of ["thr_p1", "thr_p2", "thr_p3"]) {
    assert.deepEqual(numbers(await stored(threadId)), upTo(42));
  }
});

test("RUN17 RUN14 a publisher goes on from a registration and keeps its lease while it says nothing", async () => {
  const body = { runId: "run_a", threadId: "thr_registered", leaseSeconds: 10, prompt: "go" };
  const registered = await client.startRun(body);
  assert.deepEqual([registered.runId, registered.runSequence], ["run_a", 1]);
  assert.deepEqual(await client.startRun(body), registered);
  const publisher = start("thr_registered");
  const run = await publisher.resumeFrom(client.history);
  assert.equal(run?.status, "running");
  const [before] = (await client.history.runs("thr_registered", {})).items;
  await eventually(
    "a heartbeat moved the lease's end",
    async () => {
      const [now] = (await client.history.runs("thr_registered", {})).items;
      return (now?.leaseExpiresAt ?? "") > (before?.leaseExpiresAt ?? "");
    },
    { withinMs: 15_000 },
  );
  await publisher.publish(message("done"));
  await publisher.publish(runCompleted);
  await publisher.close();
  const events = await stored("thr_registered");
  assert.deepEqual(numbers(events), [1, undefined, 2, 3]);
});
