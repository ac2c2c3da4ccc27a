/** `q` of the thread list over HTTP: found in time, walked, refused, and whose (FIND, ORG). */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { eventually } from "../testing/eventually.ts";
import { exported, imported, textOf } from "../testing/moved-threads.ts";
import { message, newIds, publish, runStarted, walk } from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

async function search(q: string, { key = server.keys.owner, more = "" } = {}) {
  const path = `/v1/threads?q=${encodeURIComponent(q)}${more}`;
  return (await server.request("GET", path, { key })).body;
}

// biome-ignore lint/suspicious/noExplicitAny: rows as they come
async function threadsFound(q: string, count: number, options = {}): Promise<any[]> {
  let threads: { id: string }[] = [];
  await eventually(`${q} is found ${count} times`, async () => {
    threads = (await search(q, options)).data.threads;
    return threads.length === count;
  });
  return threads;
}

async function thread(words: string, { key = server.keys.owner, title = "" } = {}) {
  const ids = newIds("find");
  if (title !== "") {
    await server.request("POST", "/v1/threads", { key, body: { id: ids.threadId, title } });
  }
  const events = [runStarted(), { type: "user_message", payload: { content: words } }];
  const answer = await publish(server, { ...ids, events, key });
  assert.equal(answer.status, 200);
  return ids;
}

test("FIND1 FIND5 FIND6 what was published is found, with the place it stands at", async () => {
  const { threadId, runId } = await thread("Could you look at the <em>aardvark</em>?");
  const [found] = await threadsFound("aardv", 1);
  assert.equal(found.id, threadId);
  const { snippet } = found;
  assert.deepEqual([snippet.type, snippet.sequence], ["user_message", 2]);
  assert.deepEqual(
    snippet.ranges.map(([a, b]: number[]) => snippet.text.slice(a, b)),
    ["aardvark"],
  );
  await publish(server, { threadId, runId, events: [message("An answer about badgers")] });
  const [both] = await threadsFound("badgers aardvark", 1);
  assert.equal(both.snippet.sequence, 3);
  const list = await server.request("GET", "/v1/threads", { key: server.keys.owner });
  assert.ok(list.body.data.threads.every((one: object) => !("snippet" in one)));
});

test("FIND1 PAGE4 PAGE5 a search is walked by cursors, which carry it", async () => {
  const ids: string[] = [];
  for (let at = 0; at < 7; at += 1) ids.unshift((await thread(`capybara ${at}`)).threadId);
  await threadsFound("capybara", 7);
  const rows = await walk(server, "/v1/threads?q=capybara&limit=3", { name: "threads" });
  assert.deepEqual(
    rows.map(({ id }) => id),
    ids,
  );
  const { meta } = await search("capybara", { more: "&limit=3" });
  const cursor = encodeURIComponent(meta.nextCursor);
  const path = `/v1/threads?limit=2&cursor=${cursor}`;
  const next = await server.request("GET", path, { key: server.keys.owner });
  assert.deepEqual(
    next.body.data.threads.map(({ id }: { id: string }) => id),
    ids.slice(3, 5),
  );
  const repeated = await search("capybara", { more: `&cursor=${cursor}` });
  assert.equal(repeated.data.threads.length, 4);
  assert.equal((await search("other", { more: `&cursor=${cursor}` })).error.code, "INVALID_CURSOR");
  const running = await search("capybara", { more: "&status=idle" });
  assert.deepEqual(running.data.threads, [], "together with the other filters");
});

test("FIND4 ORG9 nobody finds another's words, an admin only titles that people set", async () => {
  const own = await thread("dromedary of olivia");
  const marks = await thread("dromedary of mark", { key: server.keys.member, title: "Dromedary" });
  const [first] = await threadsFound("dromedary", 1);
  assert.equal(first.id, own.threadId);
  const [second] = await threadsFound("dromedary", 1, { key: server.keys.member });
  assert.equal(second.id, marks.threadId);
  const admin = { key: server.keys.admin, more: "&all=true" };
  const [all] = await threadsFound("dromedary", 1, admin);
  assert.deepEqual([all.id, all.snippet.type, all.snippet.sequence], [second.id, "title", null]);
  assert.deepEqual((await search("olivia", admin)).data.threads, []);
  assert.deepEqual((await search("dromedary", { key: server.keys.admin })).data.threads, []);
  assert.deepEqual((await search("dromedary", { key: server.keys.other })).data.threads, []);
  const refused = await search("dromedary", { more: "&all=true" });
  assert.equal(refused.error.code, "ADMIN_REQUIRED");
  const path = `/v1/threads/${marks.threadId}`;
  await server.request("PATCH", path, { key: server.keys.member, body: { title: null } });
  await threadsFound("dromedary", 0, admin);
});

test("FIND8 what holds no word, too many or too long text is refused", async () => {
  const many = Array.from({ length: 33 }, (_, at) => `w${at}`).join(" ");
  for (const q of ["", "   ", '"*"', "(—)", "x".repeat(257), many, "日".repeat(5) + many]) {
    const { error } = await search(q);
    assert.equal(error?.code, "INVALID_REQUEST", q);
    assert.equal(error.details.parameter, "q");
  }
  for (const q of ['a" OR "b', "x".repeat(256), "NEAR(a b)", "title:*", "a\0b", "%_'; drop"]) {
    assert.deepEqual((await search(q)).data?.threads, [], q);
  }
});

test("FIND6 FIND7 a deleted thread is found no more, the rest also after a restart", async () => {
  const [one, two] = [await thread("echidna one"), await thread("echidna two")];
  await threadsFound("echidna", 2);
  const path = `/v1/threads/${one.threadId}?force=true`;
  assert.equal((await server.request("DELETE", path, { key: server.keys.owner })).status, 204);
  const left = (await search("echidna")).data.threads;
  assert.deepEqual(
    left.map(({ id }: { id: string }) => id),
    [two.threadId],
  );
  await server.restart();
  await threadsFound("echidna", 1);
});

test("FIND4 FIND6 MOVE3 what comes in by an import is the importer's to find, staged or not", async () => {
  for (const [name, size] of [
    ["pangolin", 1],
    ["numbat", 60],
  ] as const) {
    const { threadId, runId } = await thread(`${name} asked`, { title: `A ${name} moves` });
    const long = `${"filler ".repeat(12_000)} ${name}`;
    for (let at = 0; at < size; at += 1) {
      await publish(server, { threadId, runId, events: [message(long)] });
    }
    const file = await exported(server, threadId);
    const { other } = server.keys;
    const answer = await imported(server, textOf(file), { key: other });
    assert.equal(answer.status, 201);
    const [found] = await threadsFound(`${name} asked moves`, 1, { key: other });
    assert.equal(found.orgId, "globex");
    await threadsFound(`${name} asked moves`, 1);
    const path = `/v1/threads/${threadId}`;
    assert.equal((await server.request("DELETE", path, { key: other })).status, 204);
    assert.deepEqual((await search(name, { key: other })).data.threads, []);
    await threadsFound(`${name} asked moves`, 1);
  }
});

test("FIND9 a search says that its index is being filled, until it is", async () => {
  await thread("ocelot there before the start");
  await threadsFound("ocelot", 1);
  const answer = (path: string) => {
    const isPublic = !path.startsWith("/v1/");
    return server.request("GET", path, isPublic ? {} : { key: server.keys.owner });
  };
  const isPartial = async () => (await answer("/v1/threads?q=ocelot")).headers["x-search-partial"];
  await eventually("it is filled", async () => (await isPartial()) === undefined);
  const index = new DatabaseSync(join(server.dataDir, "search.db"));
  index.exec("pragma busy_timeout = 10000; delete from search_threads");
  // What is to be written is refused until the table has its name again.
  index.exec("alter table search_texts rename to hidden");
  await server.restart();
  assert.equal(await isPartial(), "true");
  assert.match((await answer("/metrics")).bytes.toString(), /^spool_search_filling 1$/m);
  assert.equal((await answer("/v1/threads")).headers["x-search-partial"], undefined);
  assert.equal((await answer("/readyz")).status, 200);
  index.exec("alter table hidden rename to search_texts");
  index.close();
  await eventually("it is filled again", async () => (await isPartial()) === undefined);
  await threadsFound("ocelot", 1);
  assert.match((await answer("/metrics")).bytes.toString(), /^spool_search_filling 0$/m);
});
