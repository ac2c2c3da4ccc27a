/** What an admin sees of somebody else's thread, and what watchers hear of titles and archiving. */
import { strict as assert } from "node:assert";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { openAccountsDb } from "../auth/accounts-db.ts";
import { AuditLog } from "../auth/audit-log.ts";
import {
  compaction,
  message,
  newIds,
  publish,
  runCompleted,
  runStarted,
  startedThread,
  type TestFrame,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { publishAll } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function openAs(key: string, threadId: string, query: Record<string, string> = {}) {
  return watch(server, { threadId, key, query });
}

async function patch(threadId: string, body: object, key = server.keys.owner): Promise<void> {
  const answer = await server.request("PATCH", `/v1/threads/${threadId}`, { key, body });
  assert.equal(answer.status, 200, answer.bytes.toString());
}

/** Words that stand in the content below and nowhere else; none may reach an admin. */
const secrets = [
  "zq-question",
  "zq-answer",
  "zq-thought",
  "zq-tool",
  "zq-input",
  "zq-output",
  "zq-plan",
  "zq-data",
  "zq-summary",
  "zq-kept",
  "zq-failure",
  "zq-usage",
  "zq-stop",
  "zq-source",
  "zq-delta",
  "zq-partial",
  "zq-message",
  "zq-call",
  "zq-extra",
  "zq-image",
  "zq-hidden",
];

/** One run with every kind of frame, each full of the secrets. */
function secretFrames(): TestFrame[] {
  const call = { toolCallId: "zq-call", name: "zq-tool" };
  return [
    {
      type: "run_started",
      payload: { agentId: "coder", model: "large", metadata: { a: "zq-extra" } },
    },
    { type: "user_message", payload: { content: "zq-question", messageId: "zq-message" } },
    { type: "tool_call", payload: { ...call, input: { path: "zq-input" } } },
    {
      type: "tool_result",
      payload: { toolCallId: "zq-call", output: "zq-output", isError: false },
    },
    { type: "custom", payload: { name: "zq-plan", data: { steps: ["zq-data"] } } },
    message("zq-answer", {
      messageId: "zq-message-2",
      stopReason: "zq-stop",
      sources: ["zq-source"],
    }),
    {
      type: "assistant_message",
      payload: {
        content: [
          { type: "thinking", text: "zq-thought" },
          { type: "text", text: "zq-answer" },
          { type: "image", data: "zq-image" },
        ],
      },
    },
    { type: "compaction_started", payload: { reason: "context_full", note: "zq-hidden" } },
    {
      type: "compaction_completed",
      payload: {
        summary: "zq-summary",
        replacement: [{ type: "user_message", payload: { content: "zq-kept" } }],
        tokensBefore: 900,
        tokensAfter: 90,
        model: { name: "zq-hidden" },
      },
    },
    { type: "compaction_started", payload: {} },
    {
      type: "compaction_completed",
      payload: { status: "failed", error: { message: "zq-failure" } },
    },
    {
      type: "run_completed",
      payload: {
        status: "failed",
        reason: "tool_error",
        error: { message: "zq-failure" },
        usage: { note: "zq-usage" },
        result: "zq-extra",
      },
    },
  ];
}

function transientFrames(): TestFrame[] {
  const one = (sequenceNumber: number, type: string, payload: object) => {
    return { type, payload, sequenceNumber };
  };
  const call = { toolCallId: "zq-partial" };
  return [
    one(1, "assistant_message_delta", { messageId: "zq-partial", delta: "zq-delta" }),
    one(2, "assistant_thinking_delta", { messageId: "zq-partial", delta: "zq-thought" }),
    one(3, "assistant_message_source", { messageId: "zq-partial", source: "zq-source" }),
    one(4, "tool_call_started", { ...call, name: "zq-tool", input: "zq-input" }),
    one(5, "tool_output_delta", { ...call, delta: "zq-output" }),
    one(6, "tool_call_completed", { ...call, status: "zq-stop" }),
  ];
}

const allFields = [
  "agentId",
  "model",
  "executionMode",
  "leaseSeconds",
  "parentThreadId",
  "parentToolCallId",
  "resumed",
  "status",
  "reason",
  "tokensBefore",
  "tokensAfter",
];

/** LIVE10: nothing received holds a secret, and payloads hold nothing beyond the rule's fields. */
function assertNoContent(watcher: TestWatcher): void {
  const received = watcher.frames.map(({ text }) => text).join("\n");
  for (const secret of secrets) assert.ok(!received.includes(secret), secret);
  assert.ok(!received.includes("zq-"), "nothing of the content in another spelling either");
  for (const { frame } of watcher.tail) {
    assert.match(frame.type, /^(run|compaction|thread)_|^resync_required$/);
    for (const field of Object.keys(frame.payload ?? {})) {
      assert.ok(allFields.includes(field), `${frame.type} ${field}`);
    }
  }
}

/** Olivia's, without an event. */
async function emptyThread() {
  const ids = newIds();
  const body = { id: ids.threadId };
  const created = await server.request("POST", "/v1/threads", { key: server.keys.owner, body });
  assert.equal(created.status, 201);
  return ids;
}

/** Publishes all that is secret; ends at event 12. */
async function publishSecrets(ids: { threadId: string; runId: string }): Promise<void> {
  const [started, ...rest] = secretFrames() as [TestFrame, ...TestFrame[]];
  const answer = await publish(server, { ...ids, events: [started] });
  const { rolloutId } = answer.body.data;
  await publishAll(server, { ...ids, ...{ rolloutId } }, transientFrames());
  assert.equal(await publishAll(server, ids, rest), 12);
}

test("LIVE10 ORG7 ORG9 an admin on another's thread receives no word of its content", async () => {
  const { admin, owner } = server.keys;
  const ids = await emptyThread();
  const live = await openAs(admin, ids.threadId);
  await publishSecrets(ids);
  await live.untilSequence(12);
  const { access, events, inFlight, hasMore, nextCursor, resumed } = live.snapshot;
  assert.deepEqual(
    { access, events, inFlight, hasMore, nextCursor, resumed },
    {
      access: "metadata",
      events: [],
      inFlight: null,
      hasMore: false,
      nextCursor: null,
      resumed: false,
    },
  );
  assertNoContent(live);
  const seen = live.tail.map(({ frame }) => [frame.type, frame.sequence ?? null, frame.payload]);
  assert.deepEqual(seen, [
    ["run_started", 1, { agentId: "coder", model: "large" }],
    ["thread_renamed", null, undefined],
    ["compaction_started", 8, { reason: "context_full" }],
    ["compaction_completed", 9, { tokensBefore: 900, tokensAfter: 90 }],
    ["compaction_started", 10, {}],
    ["compaction_completed", 11, { status: "failed" }],
    ["run_completed", 12, { status: "failed", reason: "tool_error" }],
  ]);
  assert.equal(live.tail[1]?.frame.title, null);

  const late = await openAs(admin, ids.threadId);
  assert.deepEqual([late.snapshot.events, late.snapshot.sequence], [[], 12]);
  assert.deepEqual(
    [late.snapshot.thread.title, late.snapshot.thread.titleSource],
    [null, "message"],
  );
  assertNoContent(late);
  const mine = await openAs(owner, ids.threadId, { include: "all_rollouts" });
  assert.ok(secrets.slice(0, 3).every((secret) => JSON.stringify(mine.frames).includes(secret)));
  await Promise.all([live.leave(), late.leave(), mine.leave()]);
});

test("LIVE10 no query opens content to an admin, and a resume goes on without it", async () => {
  const { admin } = server.keys;
  const ids = await emptyThread();
  await publishSecrets(ids);
  const queries = [
    { include: "all_rollouts" },
    { after: "0" },
    { after: "5", include: "all_rollouts" },
    { after: "12", transient: "true" },
    { after: "12.00000000" },
    { after: "40" },
    { after: "40.12345678", include: "all_rollouts" },
  ];
  for (const [index, query] of queries.entries()) {
    const watcher = await openAs(admin, ids.threadId, query);
    assert.deepEqual(watcher.snapshot.events, []);
    const run = { ...ids, runId: `run_query${index}` };
    await publishAll(server, run, [runStarted(), message("zq-answer"), runCompleted()]);
    await watcher.untilSequence(12 + 3 * (index + 1));
    assertNoContent(watcher);
    await watcher.leave();
  }
});

test("LIVE10 an admin who comes back by position is shown the later runs once", async () => {
  const { admin } = server.keys;
  const ids = await startedThread(server, { count: 2 });
  const watcher = await openAs(admin, ids.threadId);
  await publishAll(server, ids, compaction("zq-summary"));
  await watcher.untilSequence(5);
  await watcher.drop();
  await publishAll(server, ids, [message("zq-answer"), runCompleted()]);
  await watcher.reconnect({ after: String(watcher.sequence) });
  await watcher.untilSequence(7);
  assert.deepEqual([watcher.snapshot.resumed, watcher.snapshot.sequence], [true, 5]);
  assert.deepEqual(
    watcher.events.map(({ sequence }) => sequence),
    [4, 5, 7],
  );
  assertNoContent(watcher);
  await watcher.leave();
});

test("LIVE10 THR3 THR9 what people do to the thread an admin sees", async () => {
  const { admin } = server.keys;
  const { threadId } = await startedThread(server, { title: "First" });
  const watcher = await openAs(admin, threadId);
  assert.equal(watcher.snapshot.thread.title, "First");
  await patch(threadId, { title: "By its owner" });
  await patch(threadId, { archived: true });
  await patch(threadId, { title: "By an admin" }, admin);
  await patch(threadId, { archived: false }, admin);
  await watcher.until("four notices", ({ tail }) => tail.length === 4);
  assert.deepEqual(
    watcher.tail.map(({ frame }) => frame),
    [
      { type: "thread_renamed", threadId, title: "By its owner" },
      { type: "thread_archived", threadId, archived: true },
      { type: "thread_renamed", threadId, title: "By an admin" },
      { type: "thread_archived", threadId, archived: false },
    ],
  );
  await watcher.leave();
});

test("ORG9 THR4 a title set to null comes back with a message for its owner, not for an admin", async () => {
  const { admin, owner } = server.keys;
  const ids = await startedThread(server, { title: "Set" });
  const [mine, theirs] = [await openAs(owner, ids.threadId), await openAs(admin, ids.threadId)];
  await patch(ids.threadId, { title: null });
  await publishAll(server, ids, [{ type: "user_message", payload: { content: "zq-question" } }]);
  await patch(ids.threadId, { title: "Set again" });
  const titlesOf = ({ tail }: TestWatcher) =>
    tail.filter(({ frame }) => frame.type === "thread_renamed").map(({ frame }) => frame.title);
  for (const watcher of [mine, theirs]) {
    await watcher.until("the titles", () => titlesOf(watcher).at(-1) === "Set again");
  }
  assert.deepEqual(titlesOf(mine), [null, "zq-question", "Set again"]);
  assert.ok(!JSON.stringify(theirs.frames).includes("zq-"));
  assert.equal(titlesOf(theirs)[0], null);
  await Promise.all([mine.leave(), theirs.leave()]);
});

test("THR3 THR4 THR9 a rename, a title from a message and archiving are announced in their place", async () => {
  const ids = await startedThread(server);
  const { threadId } = ids;
  const watcher = await openAs(server.keys.owner, threadId);
  await publishAll(server, ids, [message("one")]);
  await patch(threadId, { title: "A name", archived: true });
  await publishAll(server, ids, [message("two")]);
  await patch(threadId, { title: null, archived: false });
  await publishAll(server, ids, [
    { type: "user_message", payload: { content: "What is new?" } },
    message("three"),
  ]);
  await watcher.untilSequence(5);
  const seen = watcher.tail.map(
    ({ frame }) => frame.sequence ?? frame.title ?? frame.archived ?? null,
  );
  assert.deepEqual(seen, [2, "A name", true, 3, null, false, 4, "What is new?", 5]);
  await watcher.leave();
});

test("ORG10 an admin who watches somebody else's thread is in the audit log, an owner is not", async () => {
  const { admin, owner } = server.keys;
  const { threadId } = await startedThread(server);
  await (await openAs(owner, threadId)).leave();
  await (await openAs(admin, threadId)).leave();
  const db = openAccountsDb({ dataDir: server.dataDir, now: Date.now, randomBytes });
  const entries = new AuditLog(db.sql).list("acme", 100).filter((one) => one.threadId === threadId);
  db.sql.close();
  assert.deepEqual(
    entries.map(({ actorUserId, action }) => [actorUserId, action]),
    [["ada", "thread.watch"]],
  );
});

test("ORG7 an admin on a thread of their own sees all of it", async () => {
  const { admin } = server.keys;
  const ids = newIds();
  await publish(server, { key: admin, ...ids, events: [runStarted(), message("mine")] });
  const watcher = await openAs(admin, ids.threadId);
  assert.equal(watcher.snapshot.access, "owner");
  assert.equal(watcher.events.length, 2);
  await watcher.leave();
});
