/** Threads over HTTP: creating, listing, changing, deleting, and their fields (THR, REST, DEL). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import {
  compaction,
  message,
  newIds,
  publish,
  runCompleted,
  runStarted,
  startedThread,
  walk,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function call(method: string, path: string, body?: object, key = server.keys.owner) {
  return server.request(method, path, { key, ...(body === undefined ? {} : { body }) });
}

async function threadOf(threadId: string) {
  return (await call("GET", `/v1/threads/${threadId}`)).body.data.thread;
}

/** Keys of people nobody else's test writes as. */
let people = 0;
function newPerson(): string {
  people += 1;
  return server.makeKey({ userId: `person${people}` });
}

test("REST3 THR1 an empty thread is made with everything given, and has the table's fields", async () => {
  const body = {
    id: "thr_all-Fields_1",
    title: "All",
    agentId: "coder",
    executionMode: "local",
    metadata: { a: [1, { b: null }] },
    parentThreadId: "thr_nowhere",
    parentToolCallId: "call_1",
  };
  const answer = await call("POST", "/v1/threads", body);
  assert.equal(answer.status, 201);
  const { createdAt, updatedAt, activeRolloutId, ...rest } = answer.body.data.thread;
  assert.match(createdAt, time);
  assert.equal(updatedAt, createdAt);
  assert.match(activeRolloutId, /^rol_/);
  assert.deepEqual(rest, {
    ...body,
    orgId: "acme",
    ownerUserId: "olivia",
    titleSource: "user",
    archived: false,
    archivedAt: null,
    status: "idle",
    activeRunId: null,
    sequence: 0,
    eventCount: 0,
  });
  assert.deepEqual(await threadOf(body.id), answer.body.data.thread);
});

test("REST3 with an id that is already the caller's the thread comes as it is", async () => {
  const { threadId } = newIds();
  assert.equal((await call("POST", "/v1/threads", { id: threadId, title: "first" })).status, 201);
  const again = await call("POST", "/v1/threads", { id: threadId, title: "second" });
  assert.equal(again.status, 200);
  assert.equal(again.body.data.thread.title, "first");
});

test("WIRE13 ids the server makes are ids and sort by age", async () => {
  const made = [];
  for (let count = 0; count < 5; count += 1) {
    made.push((await call("POST", "/v1/threads", {})).body.data.thread.id);
  }
  assert.deepEqual(made.toSorted(), made);
  assert.match(made[0], /^thr_[A-Za-z0-9_-]{1,64}$/);
});

test("THR2 status is running in a run, compacting while a compaction is open in it", async () => {
  const { threadId, runId } = await startedThread(server);
  assert.equal((await threadOf(threadId)).status, "running");
  const [started, completed] = compaction("so far") as [never, never];
  await publish(server, { threadId, runId, events: [started] });
  assert.equal((await threadOf(threadId)).status, "compacting");
  await publish(server, { threadId, runId, events: [completed, runCompleted()] });
  assert.equal((await threadOf(threadId)).status, "idle");
});

test("THR3 THR4 a set title counts, null brings the next user message's back", async () => {
  const { threadId, runId } = await startedThread(server);
  const say = (content: string) =>
    publish(server, { threadId, runId, events: [{ type: "user_message", payload: { content } }] });
  await say("first words");
  assert.equal((await threadOf(threadId)).title, "first words");
  const renamed = await call("PATCH", `/v1/threads/${threadId}`, { title: "mine" });
  assert.equal(renamed.body.data.thread.titleSource, "user");
  await say("ignored");
  const cleared = await call("PATCH", `/v1/threads/${threadId}`, { title: null });
  assert.deepEqual(
    [cleared.body.data.thread.title, cleared.body.data.thread.titleSource],
    [null, null],
  );
  await say("second words");
  const thread = await threadOf(threadId);
  assert.deepEqual([thread.title, thread.titleSource], ["second words", "message"]);
});

test("THR5 THR9 renaming and archiving leave updatedAt; archived threads go on", async () => {
  const { threadId, runId } = await startedThread(server);
  const { updatedAt } = await threadOf(threadId);
  await call("PATCH", `/v1/threads/${threadId}`, { title: "x" });
  const { body } = await call("PATCH", `/v1/threads/${threadId}`, { archived: true });
  assert.equal(body.data.thread.updatedAt, updatedAt);
  assert.equal(body.data.thread.archived, true);
  assert.match(body.data.thread.archivedAt, time);
  assert.equal((await publish(server, { threadId, runId, events: [message("x")] })).status, 200);
  const back = await call("PATCH", `/v1/threads/${threadId}`, { archived: false });
  assert.deepEqual(
    [back.body.data.thread.archived, back.body.data.thread.archivedAt],
    [false, null],
  );
});

test("THR8 a run_started's parents are stored unchecked", async () => {
  const { threadId, runId } = newIds();
  const parents = { parentThreadId: "thr_nobody", parentToolCallId: "call 9" };
  await publish(server, { threadId, runId, events: [runStarted(parents)] });
  const thread = await threadOf(threadId);
  assert.equal(thread.parentThreadId, "thr_nobody");
  assert.equal(thread.parentToolCallId, "call 9");
});

test("REST8 PATCH takes at least one of title, archived and metadata, which is replaced whole", async () => {
  const { threadId } = await startedThread(server);
  const path = `/v1/threads/${threadId}`;
  assert.equal((await call("PATCH", path, {})).status, 400);
  assert.equal((await call("PATCH", path, { agentId: "x" })).status, 400);
  await call("PATCH", path, { metadata: { a: 1, b: 2 } });
  const { body } = await call("PATCH", path, { metadata: { c: 3 } });
  assert.deepEqual(body.data.thread.metadata, { c: 3 });
});

test("REST1 the list is newest activity first, without archived ones unless asked for", async () => {
  const key = newPerson();
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    const { threadId, runId } = newIds();
    await publish(server, { key, threadId, runId, events: [runStarted()] });
    ids.unshift(threadId);
  }
  const list = async (query = "") => {
    const { body } = await call("GET", `/v1/threads${query}`, undefined, key);
    return body.data.threads.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await list(), ids);
  await call("PATCH", `/v1/threads/${ids[0]}`, { archived: true }, key);
  assert.deepEqual(await list(), ids.slice(1));
  assert.deepEqual(await list("?archived=true"), ids);
  const [, second, last] = ids as [string, string, string];
  const runId = last.replace("thr_", "run_");
  await publish(server, { key, threadId: last, runId, events: [message("again")] });
  assert.deepEqual(await list(), [last, second]);
});

test("REST2 the list narrows by agent, status and parent, alone and together", async () => {
  const key = newPerson();
  const make = async (payload: object, events: ReturnType<typeof runStarted>[] = []) => {
    const { threadId, runId } = newIds();
    await publish(server, { key, threadId, runId, events: [runStarted(payload), ...events] });
    return threadId;
  };
  const running = await make({ agentId: "a", parentThreadId: "thr_p" });
  const idle = await make({ agentId: "a" }, [runCompleted()]);
  const other = await make({ agentId: "b", parentThreadId: "thr_p" }, [runCompleted()]);
  const list = async (query: string) => {
    const { body } = await call("GET", `/v1/threads?${query}`, undefined, key);
    return body.data.threads.map(({ id }: { id: string }) => id).toSorted();
  };
  assert.deepEqual(await list("agent=a"), [running, idle].toSorted());
  assert.deepEqual(await list("status=idle"), [idle, other].toSorted());
  assert.deepEqual(await list("status=running"), [running]);
  assert.deepEqual(await list("parent=thr_p"), [running, other].toSorted());
  assert.deepEqual(await list("agent=a&status=idle"), [idle]);
  assert.deepEqual(await list("agent=b&parent=thr_p&status=running"), []);
  for (const bad of ["status=odd", "parent=x", "agent=", "archived=1"]) {
    assert.equal((await call("GET", `/v1/threads?${bad}`, undefined, key)).status, 400, bad);
  }
});

test("PAGE1 PAGE3 a limit above the cap is the cap; pages give every thread once", async () => {
  const key = newPerson();
  for (let count = 0; count < 101; count += 1) await call("POST", "/v1/threads", {}, key);
  const page = await call("GET", "/v1/threads?limit=1000", undefined, key);
  assert.equal(page.body.data.threads.length, 100);
  assert.equal((await call("GET", "/v1/threads", undefined, key)).body.data.threads.length, 50);
  for (const bad of ["0", "-1", "1.5", "x", "", "1e2", "%201"]) {
    const answer = await call("GET", `/v1/threads?limit=${bad}`, undefined, key);
    assert.equal(answer.status, 400, bad);
    assert.equal(answer.body.error.code, "INVALID_REQUEST");
  }
  const all = await walk(server, "/v1/threads?limit=7", { name: "threads", key });
  assert.equal(new Set(all.map(({ id }) => id)).size, 101);
  const times = all.map(({ updatedAt }) => updatedAt);
  assert.deepEqual(times.toSorted().toReversed(), times);
});

test("PAGE8 a thread touched during a walk does not hide another", async () => {
  const key = newPerson();
  const ids = [];
  for (let count = 0; count < 6; count += 1) {
    const { threadId, runId } = newIds();
    await publish(server, { key, threadId, runId, events: [runStarted()] });
    ids.unshift(threadId);
  }
  const first = await call("GET", "/v1/threads?limit=3", undefined, key);
  const [, , , touched] = ids as string[];
  const runId = touched?.replace("thr_", "run_") as string;
  await publish(server, { key, threadId: touched as string, runId, events: [message("now")] });
  const next = `/v1/threads?cursor=${first.body.meta.nextCursor}`;
  const second = await call("GET", next, undefined, key);
  const seen = [...first.body.data.threads, ...second.body.data.threads].map(({ id }) => id);
  assert.deepEqual(
    seen,
    ids.filter((id) => id !== touched),
  );
});

test("PAGE4 PAGE5 a list's cursor keeps its filters and is its user's alone", async () => {
  const key = newPerson();
  for (let count = 0; count < 3; count += 1) {
    await call("POST", "/v1/threads", { agentId: "a" }, key);
  }
  const first = await call("GET", "/v1/threads?agent=a&limit=1", undefined, key);
  const cursor = first.body.meta.nextCursor;
  const go = (query: string, by = key) => call("GET", `/v1/threads?${query}`, undefined, by);
  assert.equal((await go(`cursor=${cursor}`)).body.data.threads.length, 2);
  assert.equal((await go(`cursor=${cursor}&agent=a&limit=2`)).status, 200);
  assert.equal((await go(`cursor=${cursor}&archived=false`)).status, 200);
  const refused = [
    await go(`cursor=${cursor}&agent=b`),
    await go(`cursor=${cursor}&archived=true`),
    await go(`cursor=${cursor}`, server.keys.owner),
    await go(`cursor=${cursor}`, server.keys.other),
    await go(`cursor=${cursor}A`),
    await go(`cursor=${cursor.slice(0, -2)}`),
    await go("cursor="),
    await go("cursor=x"),
  ];
  for (const { status, body } of refused) {
    assert.equal(status, 400);
    assert.equal(body.error.code, "INVALID_CURSOR");
  }
});

test("DEL1 DEL2 DEL3 deleting answers 204, in a run only with force; then the thread is gone", async () => {
  const { threadId } = await startedThread(server);
  const path = `/v1/threads/${threadId}`;
  const busy = await call("DELETE", path);
  assert.equal(busy.status, 409);
  assert.equal(busy.body.error.code, "THREAD_BUSY");
  assert.equal(busy.headers["retry-after"], "1");
  assert.equal((await call("DELETE", `${path}?force=yes`)).status, 400);
  const deleted = await call("DELETE", `${path}?force=true`);
  assert.equal(deleted.status, 204);
  assert.equal(deleted.bytes.length, 0);
  for (const rest of ["", "/events", "/rollouts", "/runs"]) {
    assert.equal((await call("GET", `${path}${rest}`)).status, 404);
  }
  const { body } = await call("GET", "/v1/threads?limit=100");
  assert.equal(JSON.stringify(body).includes(`"${threadId}"`), false);
  assert.equal((await call("POST", "/v1/threads", { id: threadId })).status, 410);
});

test("DEL1 a body with DELETE is passed over", async () => {
  const { thread } = (await call("POST", "/v1/threads", {})).body.data;
  const answer = await server.request("DELETE", `/v1/threads/${thread.id}`, {
    key: server.keys.owner,
    body: "anything",
    headers: { "Content-Type": "text/plain" },
  });
  assert.equal(answer.status, 204);
});

test("LOG5 a client reads its own writes at once, on every route", async () => {
  const { owner } = server.keys;
  for (let count = 0; count < 20; count += 1) {
    const { threadId, runId } = await startedThread(server, { count: 1 });
    const [thread, events, runs, rollouts, list] = await Promise.all([
      threadOf(threadId),
      call("GET", `/v1/threads/${threadId}/events`),
      call("GET", `/v1/threads/${threadId}/runs`),
      call("GET", `/v1/threads/${threadId}/rollouts`),
      call("GET", "/v1/threads?limit=1", undefined, owner),
    ]);
    assert.equal(thread.sequence, 2);
    assert.equal(events.body.data.events.length, 2);
    assert.equal(runs.body.data.runs[0].runId, runId);
    assert.equal(rollouts.body.data.rollouts[0].lastSequence, 2);
    assert.equal(list.body.data.threads[0].id, threadId);
  }
});
