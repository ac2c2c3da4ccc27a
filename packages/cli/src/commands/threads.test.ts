/** `spool threads` against a real server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import type { Thread } from "@spool/protocol/resources";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool } from "../testing/run-spool.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  server = await startTestServer();
  client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
});
after(() => server.close());

function spool(...words: string[]) {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  return runSpool(["threads", ...words], { env });
}

test("CFG10 list prints a table without tabs, or a thread a line", async () => {
  await client.threads.create({ id: "thr_list1", title: "First \x1b[31m\tone", agentId: "codex" });
  await client.threads.create({ id: "thr_list2", title: "Second", parentThreadId: "thr_list1" });
  const { code, out, err } = await spool("list");
  assert.deepEqual([code, err], [0, ""]);
  const lines = out.trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^THREAD +TITLE +AGENT +STATUS +EVENTS +UPDATED$/);
  assert.ok(lines.some((line) => /^thr_list1 +First \\x1b\[31m one +codex +idle +0 /.test(line)));
  assert.ok(!out.includes("\t") && !out.includes("\x1b"));
  const json = await spool("list", "--json");
  assert.deepEqual(
    jsonLines<Thread>(json.out).map(({ id }) => id),
    ["thr_list2", "thr_list1"],
  );
  const children = await spool("list", "--json", "--parent", "thr_list1", "--status", "idle");
  assert.deepEqual(
    jsonLines<Thread>(children.out).map(({ id }) => id),
    ["thr_list2"],
  );
  const codex = await spool("list", "--json", "--agent", "codex");
  assert.deepEqual(
    jsonLines<Thread>(codex.out).map(({ id }) => id),
    ["thr_list1"],
  );
});

test("CFG10 list gives so many as were asked for, over pages too", async () => {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.member };
  const mark = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.member } });
  await Promise.all(Array.from({ length: 105 }, () => mark.threads.create()));
  const listed = async (...words: string[]) =>
    jsonLines((await runSpool(["threads", "list", "--json", ...words], { env })).out).length;
  assert.deepEqual(
    await Promise.all([listed(), listed("--limit", "104"), listed("--limit", "500")]),
    [50, 104, 105],
  );
  const all = await runSpool(["threads", "list", "--all"], { env });
  assert.equal(all.code, 1);
  assert.match(all.err, /^spool: [^\n]+\n$/);
});

test("CFG10 show prints the thread", async () => {
  await client.threads.create({ id: "thr_show", title: "Shown" });
  assert.match((await spool("show", "thr_show")).out, /^title +Shown$/m);
  assert.equal(JSON.parse((await spool("show", "thr_show", "--json")).out).id, "thr_show");
  const missing = await spool("show", "thr_missing");
  assert.deepEqual([missing.code, missing.out], [1, ""]);
  assert.match(missing.err, /^spool: there is no such thread[^\n]*\n$/);
});

test("CFG10 rename, archive and its undoing do so", async () => {
  await client.threads.create({ id: "thr_edit" });
  assert.equal((await spool("rename", "thr_edit", "A new name")).code, 0);
  const archived = await spool("archive", "thr_edit", "--json");
  const thread = JSON.parse(archived.out);
  assert.deepEqual([thread.title, thread.archived], ["A new name", true]);
  assert.ok(!(await spool("list")).out.includes("thr_edit"));
  assert.ok((await spool("list", "--archived")).out.includes("thr_edit"));
  assert.equal((await spool("archive", "thr_edit", "--undo")).code, 0);
  assert.ok((await spool("list")).out.includes("thr_edit"));
});

test("CFG10 cancel ends the active run, delete needs --force while there is one", async () => {
  const run = { runId: "run_busy", events: [{ type: "run_started", payload: {} }] };
  await client.publish({ threadId: "thr_busy", ...run });
  const refused = await spool("delete", "thr_busy");
  assert.equal(refused.code, 1);
  assert.match(refused.err, /run_busy; spool threads cancel ends it/);
  const cancelled = await spool("cancel", "thr_busy");
  assert.equal(cancelled.out, "thr_busy run_busy cancelled\n");
  assert.equal((await spool("cancel", "thr_busy")).code, 1);
  await client.publish({ threadId: "thr_busy", ...run, runId: "run_next" });
  const deleted = await spool("delete", "thr_busy", "--force", "--yes", "--json");
  assert.deepEqual(JSON.parse(deleted.out), { id: "thr_busy", deleted: true });
  assert.equal((await spool("show", "thr_busy")).code, 1);
});

test("CFG15 ROL12 compact closes the rollout, with a summary of one's own or without, and says so", async () => {
  const threadId = "thr_compact1";
  const say = async (content: string) => {
    const run = { threadId, runId: `run_${content}` };
    const events = [
      { type: "run_started" as const, payload: {} },
      { type: "user_message" as const, payload: { content } },
      { type: "run_completed" as const, payload: { status: "completed" as const } },
    ];
    await client.publish({ ...run, events });
  };
  await say("one");
  const first = await spool("compact", threadId, "--instructions", "keep it short");
  assert.deepEqual([first.code, first.err], [0, ""]);
  assert.match(first.out, /^thr_compact1 compacted: rol_\S+ is closed, rol_\S+ goes on$/m);
  const nothing = await spool("compact", threadId);
  assert.match(nothing.out, /nothing to do/);
  await say("two");
  const given = await runSpool(
    ["threads", "compact", threadId, "--summary", "-", "--keep-last", "1", "--json"],
    { env: { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner }, input: "My words.\n" },
  );
  assert.equal(jsonLines<{ status: string }>(given.out)[0]?.status, "completed");
  const { events } = await client.threads.get(threadId, { limit: 1 });
  const end = events[0]?.payload as { replacement?: { payload: object }[] } | undefined;
  assert.deepEqual(end?.replacement?.[0]?.payload, { content: "My words.", isSummary: true });
  await say("three");
  const left = await spool("compact", threadId, "--no-wait");
  assert.match(left.out, /is being compacted/);
  const wrong = await spool("compact", threadId, "--keep-last", "101");
  assert.notEqual(wrong.code, 0);
  const missing = await spool("compact", "thr_nowhere");
  assert.notEqual(missing.code, 0);
  assert.match(missing.err, /there is no such thread/);
});
