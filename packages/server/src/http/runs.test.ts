/** Runs over HTTP: registering them, their leases as clients see them, internal services (RUN, REST18). */
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
import { startTestServer, type TestRequest, type TestServer } from "../testing/test-server.ts";

const internalToken = "a-secret-of-the-platform";

let server: TestServer;
before(async () => {
  server = await startTestServer({ flags: { internalToken } });
});
after(() => server.close());

const register = (body: object, key = server.keys.owner) =>
  server.request("POST", "/v1/run", { key, body });
const read = async (path: string, key = server.keys.owner) =>
  (await server.request("GET", path, { key })).body.data;

test("RUN17 a run makes its thread, with its prompt as the first message, and is there once", async () => {
  const { runId } = newIds("reg");
  const threadId = `thr_${runId.slice(4)}`;
  const body = {
    ...{ runId, agent: "coder", executionMode: "managed", prompt: "Mend it" },
    ...{ metadata: { a: 1 }, leaseSeconds: 60 },
  };
  const made = await register(body);
  assert.equal(made.status, 201);
  const { rolloutId } = made.body.data;
  const expected = { threadId, runId, rolloutId, runSequence: 1, status: "registered" };
  assert.deepEqual(made.body.data, expected);
  const again = await register(body);
  assert.equal(again.status, 200);
  assert.deepEqual(again.body.data, expected);
  const { thread, events } = await read(`/v1/threads/${threadId}`);
  assert.deepEqual(
    [thread.title, thread.agentId, thread.executionMode, thread.status, thread.sequence],
    ["Mend it", "coder", "managed", "running", 2],
  );
  assert.deepEqual(
    events.map((event: { type: string; runSequence?: number; payload: object }) => {
      return [event.type, event.runSequence, event.payload];
    }),
    [
      [
        "run_started",
        1,
        { agentId: "coder", executionMode: "managed", leaseSeconds: 60, metadata: { a: 1 } },
      ],
      ["user_message", undefined, { content: "Mend it" }],
    ],
  );
  const ids = { threadId, runId };
  const started = await publish(server, { ...ids, events: [runStarted(), message("on it")] });
  assert.deepEqual(
    [started.body.data.appended, started.body.data.duplicates, started.body.data.runSequence],
    [1, 1, 2],
  );
  assert.equal((await publish(server, { ...ids, events: [runCompleted()] })).status, 200);
  const later = await register(body);
  assert.deepEqual([later.status, later.body.data.runSequence], [200, 3]);
});

test("RUN17 without ids there are new ones, parts are a prompt, and nothing is needed", async () => {
  const made = await register({});
  assert.equal(made.status, 201);
  const { threadId, runId } = made.body.data;
  assert.match(runId, /^run_/);
  assert.equal(threadId, `thr_${runId.slice(4)}`);
  const prompt = [
    { type: "text", text: "look" },
    { type: "image", url: "data:," },
  ];
  const named = await register({ threadId: newIds("reg").threadId, title: "T", prompt });
  const { thread, events } = await read(`/v1/threads/${named.body.data.threadId}`);
  assert.equal(thread.title, "T");
  assert.deepEqual(events[1].payload.content, prompt);
});

test("RUN17 RUN2 ORG4 DEL4 it is refused like a run_started", async () => {
  const { threadId, runId } = newIds("reg");
  await register({ threadId, runId });
  const busy = await register({ threadId, runId: `${runId}x` });
  assert.equal(busy.body.error.code, "THREAD_BUSY");
  assert.equal(busy.body.error.details.activeRunId, runId);
  const left = Date.parse(busy.body.error.details.leaseExpiresAt) - Date.now();
  assert.ok(left > 890_000 && left <= 900_000, `${left} ms are left`);
  const taken = await register({ threadId, runId: `${runId}y` }, server.keys.member);
  assert.equal(taken.body.error.code, "THREAD_ID_TAKEN");
  const tried = await register({ threadId, runId: `${runId}z` }, server.keys.admin);
  assert.equal(tried.body.error.code, "NOT_OWNER", "ORG8");
  const path = `/v1/threads/${threadId}?force=true`;
  assert.equal((await server.request("DELETE", path, { key: server.keys.owner })).status, 204);
  assert.equal((await register({ threadId, runId })).body.error.code, "THREAD_DELETED");
  for (const wrong of [{ leaseSeconds: 9 }, { prompt: 1 }, { runId: "thr_1" }, { more: 1 }]) {
    assert.equal((await register(wrong)).body.error.code, "INVALID_REQUEST");
  }
  const deep = `{"prompt":[{"type":"x","y":${"[".repeat(200)}${"]".repeat(200)}}]}`;
  const nested = await server.request("POST", "/v1/run", { key: server.keys.owner, body: deep });
  assert.equal(nested.body.error.code, "INVALID_REQUEST", "WIRE8");
  const odd = await register({ prompt: "a\u0000b" });
  const { events } = await read(`/v1/threads/${odd.body.data.threadId}`);
  assert.equal(events[1].payload.content, "a\u0000b", "WIRE7");
  const reader = await register({}, server.keys.reader);
  assert.equal(reader.body.error.code, "INSUFFICIENT_SCOPE");
});

test("RUN17 RUN2 of many that ask at once one run begins", async () => {
  const { threadId } = newIds("race");
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => register({ threadId, runId: `run_race${index}` })),
  );
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 201).length, 1);
  assert.equal(statuses.filter((status) => status === 409).length, 19);
});

test("RUN13 RUN14 RUN15 a silent run is ended, one that gives signs of life is not, and it comes back", async () => {
  const silent = newIds("silent");
  const alive = newIds("alive");
  for (const { threadId, runId } of [silent, alive]) {
    await register({ threadId, runId, leaseSeconds: 10 });
  }
  const expiry = async ({ threadId }: { threadId: string }) => {
    const { runs } = await read(`/v1/threads/${threadId}/runs`);
    return runs[0];
  };
  const before = Date.parse((await expiry(alive)).leaseExpiresAt);
  const beat = setInterval(() => void publish(server, { ...alive, events: [] }), 2_000);
  await eventually(
    "the silent one was ended",
    async () => (await expiry(silent)).status === "interrupted",
    { withinMs: 20_000 },
  );
  clearInterval(beat);
  const ended = await expiry(silent);
  assert.deepEqual([ended.reason, ended.leaseExpiresAt], ["lease_expired", null]);
  const living = await expiry(alive);
  assert.equal(living.status, "running");
  assert.ok(Date.parse(living.leaseExpiresAt) > before);
  const back = await publish(server, { ...silent, events: [message("back")] });
  assert.deepEqual([back.status, back.body.data.appended], [200, 1]);
  const { events } = await read(`/v1/threads/${silent.threadId}`);
  assert.deepEqual(
    events.map((event: { type: string }) => event.type),
    ["run_started", "run_completed", "run_started", "assistant_message"],
  );
});

test("REST18 AUTH19 an internal service publishes for whom it names", async () => {
  const { threadId, runId } = newIds("inner");
  const headers = { "x-internal-service": "runtime", "x-internal-token": internalToken };
  const send = (more: TestRequest) => server.request("POST", "/internal/thread-events", more);
  const batch = { threadId, runId, events: [runStarted(), message("a")] };
  const behalf = { orgId: "acme", userId: "olivia" };
  const sent = await send({ headers, body: { ...behalf, ...batch } });
  assert.deepEqual([sent.status, sent.body.data.appended], [200, 2]);
  assert.equal((await read(`/v1/threads/${threadId}`)).thread.ownerUserId, "olivia");
  const other = await send({ headers, body: { ...behalf, userId: "mark", ...batch } });
  assert.equal(other.body.error.code, "THREAD_ID_TAKEN");
  const codeOf = async (more: TestRequest) => (await send(more)).body.error.code;
  const body = { ...behalf, ...batch };
  assert.equal(await codeOf({ headers, body: batch }), "INVALID_REQUEST");
  assert.equal(await codeOf({ headers, body: { ...body, orgId: "a b" } }), "INVALID_REQUEST");
  assert.equal(await codeOf({ headers, body: { ...behalf, threadId, runId } }), "INVALID_FRAME");
  assert.equal(await codeOf({ body }), "UNAUTHENTICATED");
  assert.equal(await codeOf({ key: server.keys.owner, body }), "AMBIGUOUS_CREDENTIALS");
  const wrong = { ...headers, "x-internal-token": `${internalToken}x` };
  assert.equal(await codeOf({ headers: wrong, body }), "INVALID_CREDENTIALS");
  const nobody = { ...headers, "x-internal-service": "" };
  assert.equal(await codeOf({ headers: nobody, body }), "INVALID_CREDENTIALS");
  assert.equal(await codeOf({ headers, key: server.keys.owner, body }), "AMBIGUOUS_CREDENTIALS");
});

test("REST18 without a secret there is no such route", async (t) => {
  const plain = await startTestServer();
  t.after(() => plain.close());
  const headers = { "x-internal-service": "runtime", "x-internal-token": internalToken };
  const answer = await plain.request("POST", "/internal/thread-events", { headers, body: {} });
  assert.deepEqual([answer.status, answer.body.error.code], [404, "NOT_FOUND"]);
});
