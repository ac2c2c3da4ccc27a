/** `spool search` and `spool threads list --q` against a real server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import { startFaultServer } from "@spool/client/testing/fault-server";
import type { ListedThread } from "@spool/protocol/resources";
import { eventually } from "@spool/server/testing/eventually";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { jsonLines, runSpool } from "../testing/run-spool.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  server = await startTestServer();
  client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
  await client.threads.create({ id: "thr_one", title: "Deploy \x1b[31mthe Server" });
  await client.threads.create({ id: "thr_two", title: "Deployments" });
  await eventually("both are found", async () => {
    const { items, isPartial } = await client.threads.list({ q: "deploy" });
    return items.length === 2 && !isPartial;
  });
});
after(() => server.close());

function spool(...words: string[]) {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  return runSpool(words, { env });
}

test("CFG17 search prints threads with the text that holds the words, or a thread a line", async () => {
  const { code, out, err } = await spool("search", "deploy");
  assert.deepEqual([code, err], [0, ""]);
  const lines = out.trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^thr_two {2}Deployments {2}\d{4}-/);
  assert.equal(lines[1], "    Deployments");
  assert.match(lines[2] ?? "", /^thr_one {2}Deploy \\x1b\[31mthe Server {2}\d{4}-/);
  assert.ok(!out.includes("\x1b"), "what threads hold moves no cursor");
  const json = await spool("search", "--json", "server", "deploy");
  const [found, ...rest] = jsonLines<ListedThread>(json.out);
  assert.deepEqual(
    [found?.id, found?.snippet?.ranges],
    [
      "thr_one",
      [
        [0, 6],
        [16, 22],
      ],
    ],
  );
  assert.deepEqual(rest, []);
  assert.equal(
    jsonLines((await spool("search", "deploy", "--json", "--limit", "1")).out).length,
    1,
  );
});

test("CFG17 search says when it finds nothing, and refuses what holds no word", async () => {
  const none = await spool("search", "missing");
  assert.deepEqual([none.code, none.out, none.err], [0, "", "nothing found\n"]);
  const refused = await spool("search", "***");
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^spool: [^\n]+\n$/);
  assert.equal((await spool("search")).code, 2);
});

test("FIND9 CFG17 search says that the server's index is being filled", async () => {
  const headers = { "x-search-partial": "true" };
  const filling = await startFaultServer({ http: [{ data: { threads: [] }, headers }] });
  try {
    const env = { SPOOL_URL: filling.url, SPOOL_API_KEY: "rt_test_x" };
    const { code, out, err } = await runSpool(["search", "deploy"], { env });
    assert.deepEqual([code, out], [0, ""]);
    assert.match(err, /^nothing found\n.*filling its search index.*\n$/);
  } finally {
    await filling.close();
  }
});

test("CFG17 threads list --q narrows its table", async () => {
  const { out } = await spool("threads", "list", "--q", "deployments");
  assert.ok(out.includes("thr_two") && !out.includes("thr_one"));
});
