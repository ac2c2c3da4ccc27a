/** Every call of the client against a real server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";
import type { PublishBatch } from "./spool-client.ts";
import { SpoolClient } from "./spool-client.ts";
import { allOf } from "./testing/all-of.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  server = await startTestServer();
  client = as(server.keys.owner);
});
after(() => server.close());

function as(apiKey: string): SpoolClient {
  return new SpoolClient({ url: server.url, credential: { apiKey } });
}

/** A run with `notes` custom frames, without its end. */
function openRun(threadId: string, notes: number): PublishBatch {
  const note = (data: number) => ({ type: "custom", payload: { name: "note", data } });
  const events = [
    { type: "run_started", payload: {} },
    ...Array.from({ length: notes }, (_, index) => note(index)),
  ];
  return {
    threadId,
    runId: "run_a",
    events: events.map((event, index) => ({ ...event, runSequence: index + 1 })),
  };
}

test("REST3 a thread is made, found by its id, changed and deleted", async () => {
  const { threads } = client;
  const made = await threads.create({ id: "thr_life", title: "Life", metadata: { a: 1 } });
  assert.deepEqual(await threads.create({ id: "thr_life", title: "other" }), made);
  const changed = await threads.update("thr_life", { title: null, archived: true });
  assert.deepEqual([changed.title, changed.archived, changed.metadata], [null, true, { a: 1 }]);
  const list = await threads.list();
  assert.ok(list.items.every(({ id }) => id !== "thr_life"));
  await threads.delete("thr_life");
  await assert.rejects(threads.get("thr_life"), { code: "THREAD_NOT_FOUND", status: 404 });
});

test("PAGE3 walking the list gives every thread once", async () => {
  const mark = as(server.keys.member);
  for (let index = 0; index < 7; index += 1) await mark.threads.create({ id: `thr_page${index}` });
  const threads = await allOf(mark.threads.all({ limit: 3 }));
  assert.deepEqual(
    threads.map(({ id }) => id).sort(),
    [...Array(7).keys()].map((n) => `thr_page${n}`),
  );
});

test("PUB4 a batch published again is duplicates only", async () => {
  const batch = openRun("thr_twice", 3);
  const first = await client.publish(batch);
  assert.deepEqual([first.appended, first.duplicates, first.sequence], [4, 0, 4]);
  const again = await client.publishDurable(batch);
  assert.deepEqual([again.appended, again.duplicates, again.sequence], [0, 4, 4]);
});

test("REST6 REST9 the history is read by page, by type, from a place on, with its runs", async () => {
  await client.publish(openRun("thr_history", 9));
  const { history } = client;
  const all = await allOf(history.allEvents("thr_history", { limit: 4 }));
  assert.deepEqual(
    all.map(({ sequence }) => sequence),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  const after = await allOf(history.allEvents("thr_history", { after: 7, limit: 2 }));
  assert.deepEqual(
    after.map(({ sequence }) => sequence),
    [8, 9, 10],
  );
  const newest = await history.events("thr_history", { order: "desc", type: "custom", limit: 2 });
  assert.deepEqual(
    newest.items.map(({ sequence }) => sequence),
    [10, 9],
  );
  assert.equal(newest.hasMore, true);
  const runs = await history.runs("thr_history");
  assert.deepEqual(
    runs.items.map(({ runId, runSequence }) => [runId, runSequence]),
    [["run_a", 10]],
  );
});

test("REST7 a snapshot holds the newest events and pages backwards", async () => {
  await client.publish(openRun("thr_snapshot", 9));
  const snapshot = await client.threads.get("thr_snapshot", { limit: 4 });
  assert.deepEqual(
    snapshot.events.map(({ sequence }) => sequence),
    [7, 8, 9, 10],
  );
  assert.match(snapshot.position, /^10\.[0-9a-f]{8}$/);
  const { nextCursor: cursor } = snapshot;
  const older = await client.history.events("thr_snapshot", { cursor });
  assert.deepEqual(
    older.items.map(({ sequence }) => sequence),
    [6, 5, 4, 3, 2, 1],
  );
});

test("REST10 REST11 a rollout's lines come byte for byte, also from a place on", async () => {
  await client.publish(openRun("thr_bytes", 2));
  const { items } = await client.history.rollouts("thr_bytes");
  const { rolloutId = "", bytes } = items[0] ?? {};
  const whole = await new Response(
    await client.history.rolloutBytes("thr_bytes", rolloutId),
  ).text();
  assert.equal(Buffer.byteLength(whole), bytes);
  assert.equal(whole.split("\n").length, 4);
  const rest = await client.history.rolloutBytes("thr_bytes", rolloutId, { from: 20 });
  assert.equal(await new Response(rest).text(), whole.slice(20));
});

test("RUN7 a run is cancelled; busy threads say who is busy", async () => {
  await client.publish(openRun("thr_busy", 0));
  await assert.rejects(client.threads.delete("thr_busy"), (error: { details?: object }) => {
    assert.equal((error.details as { activeRunId?: string }).activeRunId, "run_a");
    return true;
  });
  const { runId, thread } = await client.threads.cancel("thr_busy");
  assert.deepEqual([runId, thread.status], ["run_a", "idle"]);
  await assert.rejects(client.threads.cancel("thr_busy"), { code: "RUN_NOT_ACTIVE", status: 409 });
  await client.publish({ ...openRun("thr_busy", 0), runId: "run_b" });
  await client.threads.delete("thr_busy", { force: true });
});

test("AUTH9 AUTH15 AUTH16 keys and tokens are made, listed, used and revoked", async () => {
  const { account } = client;
  const me = await account.me();
  assert.deepEqual([me.orgId, me.userId, me.credential.type], ["acme", "olivia", "api_key"]);
  const made = await account.createKey({ name: "mine", scopes: ["agent:read"] });
  assert.equal((await as(made.key).account.me()).credential.id, made.id);
  const minted = await as(made.key).account.createSessionToken({ ttlSeconds: 60 });
  const tokens = new SpoolClient({ url: server.url, credential: { token: minted.token } });
  assert.equal((await tokens.account.me()).credential.type, "session_token");
  assert.ok((await allOf(account.allKeys())).some(({ id }) => id === made.id));
  await account.revokeKey(made.id);
  await assert.rejects(tokens.account.me(), { code: "INVALID_CREDENTIALS", status: 401 });
});

/** The fetch of the server's own page: it keeps its cookie and says where it is. */
function pageFetch(): typeof fetch {
  let cookie = "";
  return async (url, init) => {
    const headers = { ...(init?.headers as object), Origin: server.url, Cookie: cookie };
    const response = await fetch(url, { ...init, headers });
    const set = response.headers.get("set-cookie");
    if (set !== null) cookie = set.includes("; Max-Age=0;") ? "" : (set.split(";")[0] as string);
    return response;
  };
}

test("AUTH20 AUTH21 AUTH23 AUTH25 a page signs in, mints tokens, ends sign-ins and signs out", async () => {
  const { account } = new SpoolClient({ url: server.url, fetch: pageFetch() });
  const key = server.keys.member;
  await assert.rejects(account.signIn({ key: "rt_live_x" }), { code: "INVALID_CREDENTIALS" });
  await account.signIn({ key });
  const { credential, signIns = [] } = await account.me();
  assert.deepEqual([credential.type, signIns[0]?.current], ["sign_in", true]);
  const token = async () => (await account.createSessionToken()).token;
  const page = new SpoolClient({ url: server.url, credential: { token } });
  await page.threads.list();
  const other = new SpoolClient({ url: server.url, fetch: pageFetch() }).account;
  await other.signIn({ key });
  await account.endSignIn((await other.me()).credential.id as string);
  await assert.rejects(other.me(), { code: "INVALID_CREDENTIALS", status: 401 });
  await account.signOut();
  await assert.rejects(page.threads.list(), { code: "UNAUTHENTICATED", status: 401 });
});

test("REST15 REST16 REST17 AUTH10 operators' routes need no credential", async () => {
  const { operations } = new SpoolClient({ url: server.url });
  await operations.health();
  await operations.ready();
  assert.match(await operations.metrics(), /^# HELP /m);
  const description = (await operations.openApi()) as { openapi: string };
  assert.match(description.openapi, /^3\.1/);
  const { keys } = (await operations.keySet()) as { keys: { kty: string }[] };
  assert.equal(keys[0]?.kty, "OKP");
});

test("CTX1 a context comes typed by its format", async () => {
  const said = { type: "user_message", payload: { content: "hello" } };
  await client.threads.create({ id: "thr_context" });
  await client.publish({ threadId: "thr_context", runId: null, events: [said] });
  const { summary, messages } = await client.threads.context("thr_context");
  assert.deepEqual([summary, messages[0]?.parts], [null, [{ type: "text", text: "hello" }]]);
  const query = { format: "openai", maxTokens: 100 } as const;
  const openAi = await client.threads.context("thr_context", query);
  const [first] = openAi.messages;
  assert.deepEqual([openAi.format, first], ["openai", { role: "user", content: "hello" }]);
});
