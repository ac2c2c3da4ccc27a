/** Orgs, owners and admins over HTTP: who sees what, and what is on record (ORG). */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import {
  message,
  newIds,
  publish,
  runStarted,
  startedThread,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

const secretWord = "platypus";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

/** A thread of olivia's whose title, messages, run metadata and rollouts all hold the secret. */
async function secretThread(): Promise<{ threadId: string; runId: string }> {
  const ids = newIds("secret");
  const answer = await publish(server, {
    ...ids,
    events: [
      runStarted({ metadata: { about: secretWord } }),
      { type: "user_message", payload: { content: `the ${secretWord} plan` } },
      message(secretWord),
    ],
  });
  assert.equal(answer.status, 200);
  return ids;
}

function as(key: string, method: string, path: string, body?: object) {
  return server.request(method, path, { key, ...(body === undefined ? {} : { body }) });
}

function auditOf(threadId: string | null): string[] {
  const db = new DatabaseSync(join(server.dataDir, "accounts.db"), { readOnly: true });
  const rows = db
    .prepare("SELECT action, actor_user_id FROM audit_log WHERE thread_id IS ? ORDER BY id")
    .all(threadId);
  db.close();
  assert.ok(rows.every((row) => row.actor_user_id === "ada"));
  return rows.map((row) => row.action as string);
}

test("ORG1 two orgs hold the same id and do not learn of each other", async () => {
  const { owner, other, admin } = server.keys;
  const { threadId } = await secretThread();
  assert.equal((await as(other, "GET", `/v1/threads/${threadId}`)).status, 404);
  const created = await as(other, "POST", "/v1/threads", { id: threadId, title: "ours" });
  assert.equal(created.status, 201);
  assert.equal((await as(other, "GET", `/v1/threads/${threadId}`)).body.data.thread.title, "ours");
  const mine = await as(owner, "GET", `/v1/threads/${threadId}`);
  assert.equal(mine.body.data.thread.orgId, "acme");
  const all = await as(admin, "GET", "/v1/threads?all=true&limit=100");
  assert.ok(all.body.data.threads.every(({ orgId }: { orgId: string }) => orgId === "acme"));
});

test("ORG2 ORG3 a member's list holds their own; another's thread looks like a missing one", async () => {
  const { member } = server.keys;
  const { threadId } = await secretThread();
  assert.deepEqual((await as(member, "GET", "/v1/threads")).body.data.threads, []);
  const missing = "thr_missing1";
  for (const [method, rest, body] of [
    ["GET", ""],
    ["GET", "/events"],
    ["GET", "/events?after=1"],
    ["GET", "/rollouts"],
    ["GET", "/rollouts/rol_x.jsonl"],
    ["GET", "/runs"],
    ["PATCH", "", { title: "x" }],
    ["DELETE", ""],
    ["POST", "/cancel"],
    ["POST", "/events", { runId: null, type: "user_message", payload: { content: "x" } }],
  ] as const) {
    const theirs = await as(member, method, `/v1/threads/${threadId}${rest}`, body);
    const none = await as(member, method, `/v1/threads/${missing}${rest}`, body);
    assert.equal(theirs.status, 404, `${method} ${rest}`);
    const shape = ({ error }: { error: { code: string; message: string } }, id: string) => {
      return [error.code, error.message.replaceAll(id, "ID")];
    };
    assert.deepEqual(shape(theirs.body, threadId), shape(none.body, missing));
  }
});

test("ORG4 an id another user of the org holds is 409 THREAD_ID_TAKEN", async () => {
  const { member } = server.keys;
  const { threadId } = await secretThread();
  const created = await as(member, "POST", "/v1/threads", { id: threadId });
  assert.equal(created.status, 409);
  assert.equal(created.body.error.code, "THREAD_ID_TAKEN");
  const started = await publish(server, {
    key: member,
    threadId,
    runId: "run_mark",
    events: [runStarted()],
  });
  assert.equal(started.body.error.code, "THREAD_ID_TAKEN");
});

test("ORG5 an admin lists their own, and with all=true the org's; a member may not", async () => {
  const { admin, member } = server.keys;
  const { threadId } = await secretThread();
  const own = await as(admin, "POST", "/v1/threads", { title: "ada's" });
  const ids = async (path: string) => {
    const { body } = await as(admin, "GET", path);
    return body.data.threads.map(({ id }: { id: string }) => id);
  };
  assert.deepEqual(await ids("/v1/threads"), [own.body.data.thread.id]);
  const all = await ids("/v1/threads?all=true&limit=100");
  assert.ok(all.includes(threadId) && all.includes(own.body.data.thread.id));
  const refused = await as(member, "GET", "/v1/threads?all=true");
  assert.equal(refused.status, 403);
  assert.equal(refused.body.error.code, "ADMIN_REQUIRED");
  assert.equal((await as(member, "GET", "/v1/threads?all=false")).status, 200);
});

test("ORG6 an admin renames, archives, cancels and deletes somebody else's thread", async () => {
  const { admin, owner } = server.keys;
  const { threadId, runId } = await secretThread();
  const path = `/v1/threads/${threadId}`;
  const changed = await as(admin, "PATCH", path, { title: "reviewed", archived: true });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.data.thread.title, "reviewed");
  assert.equal((await as(owner, "GET", path)).body.data.thread.archived, true);
  const cancelled = await as(admin, "POST", `${path}/cancel`);
  assert.equal(cancelled.body.data.runId, runId);
  assert.equal((await as(admin, "PATCH", path, { metadata: {} })).body.error.code, "NOT_OWNER");
  assert.equal((await as(admin, "DELETE", path)).status, 204);
  assert.equal((await as(owner, "GET", path)).status, 404);
  assert.deepEqual(auditOf(threadId), [
    ...["thread.rename", "thread.archive", "thread.cancel", "thread.set_metadata", "thread.delete"],
  ]);
});

test("ORG7 content of somebody else's thread is 403; the snapshot has metadata and no events", async () => {
  const { admin } = server.keys;
  const { threadId } = await secretThread();
  const path = `/v1/threads/${threadId}`;
  const snapshot = await as(admin, "GET", path);
  assert.equal(snapshot.status, 200);
  const { thread, ...rest } = snapshot.body.data;
  assert.deepEqual(
    { ...rest, position: "" },
    { events: [], inFlight: null, access: "metadata", sequence: 3, position: "" },
  );
  assert.equal(snapshot.body.meta.nextCursor, null);
  for (const content of [
    "/events",
    "/events?after=0",
    `/rollouts/${thread.activeRolloutId}.jsonl`,
  ]) {
    const answer = await as(admin, "GET", `${path}${content}`);
    assert.equal(answer.status, 403);
    assert.equal(answer.body.error.code, "CONTENT_FORBIDDEN");
  }
});

test("ORG8 an admin publishing to somebody else's thread is 403 NOT_OWNER, on record", async () => {
  const { admin } = server.keys;
  const { threadId, runId } = await secretThread();
  const answer = await publish(server, { key: admin, threadId, runId, events: [message("x")] });
  assert.equal(answer.status, 403);
  assert.equal(answer.body.error.code, "NOT_OWNER");
  assert.deepEqual(auditOf(threadId), ["thread.publish"]);
});

test("ORG9 nothing an admin gets holds what was said in the thread", async () => {
  const { admin, owner } = server.keys;
  const { threadId } = await secretThread();
  const path = `/v1/threads/${threadId}`;
  const { thread } = (await as(owner, "GET", path)).body.data;
  assert.equal(thread.title, `the ${secretWord} plan`);
  const { activeRolloutId } = thread;
  const answers = [
    await as(admin, "GET", path),
    await as(admin, "GET", "/v1/threads?all=true&limit=100"),
    await as(admin, "GET", `${path}/rollouts`),
    await as(admin, "GET", `${path}/runs`),
    await as(admin, "GET", `${path}/events?type=user_message`),
    await as(admin, "GET", `${path}/rollouts/${activeRolloutId}.jsonl`),
    await as(admin, "POST", "/v1/threads", { id: threadId }),
    await as(admin, "DELETE", path),
    await as(admin, "PATCH", path, { archived: false }),
    await as(admin, "POST", `${path}/cancel`),
  ];
  for (const { bytes } of answers)
    assert.equal(bytes.includes(secretWord), false, bytes.toString());
  const shown = answers[0]?.body.data.thread;
  assert.equal(shown.title, null);
  assert.equal(shown.titleSource, "message");
  const renamed = await as(admin, "PATCH", path, { title: "by ada" });
  assert.equal(renamed.body.data.thread.title, "by ada");
});

test("ORG10 each access of an admin to somebody else's thread is written down, others are not", async () => {
  const { admin, owner } = server.keys;
  const { threadId } = await secretThread();
  const path = `/v1/threads/${threadId}`;
  const listed = auditOf(null).length;
  await as(admin, "GET", path);
  await as(admin, "GET", `${path}/rollouts`);
  await as(admin, "GET", `${path}/runs`);
  await as(admin, "GET", `${path}/events`);
  await as(admin, "GET", "/v1/threads?all=true");
  await as(owner, "GET", path);
  assert.deepEqual(auditOf(threadId), [
    ...["thread.read", "thread.rollouts", "thread.runs", "thread.events"],
  ]);
  assert.deepEqual(auditOf(null).slice(listed), ["threads.list"]);
  const own = await startedThread(server);
  await as(owner, "GET", `/v1/threads/${own.threadId}`);
  assert.deepEqual(auditOf(own.threadId), []);
});
